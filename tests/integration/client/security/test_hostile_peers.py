"""A download among lying, stalling and flooding peers completes correctly."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from client.core.swarm.swarm_config import SwarmConfig
from client.storage.files.stamp import take_stamp
from common.wire.messages import Interested, Request, Unchoke
from tests.integration.client import hostile
from tests.integration.client.conftest import Log
from tests.integration.client.hostile import BLOCK, Deaf, Infiltrator, Liar, Spoiler
from tests.integration.client.team import GROUP, Person, Team
from tests.support.content import make_file
from tests.support.peers import Piece, RawPeer
from tests.support.waiting import wait_until

MIB = 1 << 20
HASTY = SwarmConfig(snubbed_after=1.0, hopeless_after=2.0, silent_after=3.0, rechoke_every=1.0)
"""The product's rules, in seconds that a test can wait."""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def bans(log: Log) -> list[str]:
    """Return the peers that the client banned."""
    return [entry["peer"] for entry in log if entry["event"] == "peer banned"]


def held_back(team: Team, person: Person, content: Path) -> str:
    """Share a file, but block downloads; return its name."""
    name = team.share(person, content)
    person.session.transfers.pause(GROUP, name)
    return name


def test_a_download_among_every_kind_of_bad_peer(
    team: Team, stack: ExitStack, tmp_path: Path, log: Log
) -> None:
    content = make_file(tmp_path / "content", 6 * MIB)
    ann, bob = team.member("ann"), team.member("bob", HASTY)
    name = held_back(team, ann, content)
    described = Infiltrator(team, stack, "spy").metainfo_of(name)
    deaf = Deaf()
    stack.callback(deaf.over.set)
    behaviours: dict[str, Callable[[RawPeer], None]] = {
        "liar": Liar(described, content.read_bytes()),
        "silent": hostile.silent,
        "babbler": hostile.babbler,
        "hanger-up": hostile.hanger_up,
        "miscounter": hostile.miscounter,
        "boaster": hostile.boaster,
        "giver": hostile.giver,
        "flooder": hostile.flooder,
        "deaf": deaf,
        "too-long": hostile.too_long,
    }
    servers = {
        user: Infiltrator(team, stack, user).offer(described, behave)
        for user, behave in behaviours.items()
    }
    copy = bob.start(name)
    wait_until(lambda: all(server.peers for server in servers.values()), what="all to be dialled")
    wait_until(lambda: str(servers["liar"].address) in bans(log), what="the liar to be banned")
    ann.session.transfers.resume(GROUP, name)
    bob.finish(name, timeout=40.0)
    assert copy.read_bytes() == content.read_bytes()
    honest = {"silent", "hanger-up", "flooder", "deaf"}  # these sent nothing wrong
    assert not {str(servers[user].address) for user in honest} & set(bans(log))


def test_a_banned_liar_gets_no_further_connection(
    team: Team, stack: ExitStack, tmp_path: Path, log: Log
) -> None:
    content = make_file(tmp_path / "content", 2 * MIB)
    ann, bob = team.member("ann"), team.member("bob", HASTY)
    name = held_back(team, ann, content)
    mallory = Infiltrator(team, stack, "mallory")
    described = mallory.metainfo_of(name)
    server = mallory.offer(described, Liar(described, bytes(len(content.read_bytes()))))
    bob.start(name)
    wait_until(lambda: bans(log) == [str(server.address)], what="the liar to be banned")
    wait_until(
        lambda: not bob.session.transfers.peers(GROUP, name).peers, what="the liar to be gone"
    )
    reason = bob.session.diagnostics.why(GROUP, name).reason
    assert f"mallory at {server.address} sent wrong data" in reason
    talks = len(server.peers)
    with pytest.raises(ConnectionError):  # it may dial us, and is refused
        RawPeer.dial(bob.address, described.info_hash, mallory.peer_id)
    ann.session.transfers.resume(GROUP, name)
    bob.finish(name)
    assert len(server.peers) == talks == 1


def test_bad_pieces_of_two_peers_do_not_ban_the_honest_one(
    team: Team, stack: ExitStack, tmp_path: Path, log: Log
) -> None:
    content = make_file(tmp_path / "content", 4 * MIB)
    ann, bob = team.member("ann"), team.member("bob", HASTY)
    name = team.share(ann, content)
    mallory = Infiltrator(team, stack, "mallory")
    described = mallory.metainfo_of(name)
    mallory.offer(described, Liar(described, content.read_bytes()))
    copy = bob.fetch(name)
    assert copy.read_bytes() == content.read_bytes()
    assert str(ann.address) not in bans(log)


def test_a_piece_followed_by_a_broken_message_is_not_lost(
    team: Team, stack: ExitStack, tmp_path: Path
) -> None:
    """Otherwise the piece would count as being verified for ever."""
    content = make_file(tmp_path / "content", 3 * BLOCK)
    ann, bob = team.member("ann"), team.member("bob")
    name = held_back(team, ann, content)
    mallory = Infiltrator(team, stack, "mallory")
    described = mallory.metainfo_of(name)
    server = mallory.offer(described, Spoiler(described, content.read_bytes()))
    copy = bob.start(name)
    wait_until(lambda: server.peers, what="the spoiler to be dialled")
    ann.session.transfers.resume(GROUP, name)
    bob.finish(name)
    assert copy.read_bytes() == content.read_bytes()


def test_a_seeder_serves_others_while_one_never_reads(
    team: Team, stack: ExitStack, tmp_path: Path
) -> None:
    content = make_file(tmp_path / "content", 4 * MIB)
    ann, bob = team.member("ann", HASTY), team.member("bob")
    name = team.share(ann, content)
    deaf = unchoked(team, stack, ann, name)
    deaf.send_bytes(hostile.flood(2000))
    assert bob.fetch(name).read_bytes() == content.read_bytes()


def test_a_peer_with_too_many_requests_is_disconnected(
    team: Team, stack: ExitStack, tmp_path: Path
) -> None:
    ann = team.member("ann")
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    flooder = unchoked(team, stack, ann, name)
    with suppress(OSError):
        flooder.send_bytes(hostile.flood(50_000))
    wait_until(
        lambda: not ann.session.transfers.peers(GROUP, name).peers,
        what="the flooder to be disconnected",
    )


def unchoked(team: Team, stack: ExitStack, seeder: Person, name: str) -> RawPeer:
    """A connection to a seeder as a member that it serves."""
    member = Infiltrator(team, stack, "spy")
    described = member.metainfo_of(name)
    member.session.announce(described.info_hash.hex(), described.length)
    peer = stack.enter_context(RawPeer.dial(seeder.address, described.info_hash, member.peer_id))
    peer.send(Interested())
    peer.until(Unchoke)
    return peer


def test_a_piece_requested_again_is_hashed_again(
    team: Team, stack: ExitStack, tmp_path: Path
) -> None:
    """Damage without a changed time, after the piece was verified."""
    content = make_file(tmp_path / "content", 2 * MIB)
    stream = stack.enter_context(content.open("r+b"))
    mapped = stack.enter_context(mmap.mmap(stream.fileno(), 0))
    mapped[0] ^= 1  # sets the file's times; until it is written back, further changes don't
    ann = team.member("ann")
    name = team.share(ann, content)
    peer = unchoked(team, stack, ann, name)
    peer.send(Request(0, 0, BLOCK))
    assert peer.until(Piece).data == content.read_bytes()[:BLOCK]
    before = take_stamp(content)
    mapped[:10] = bytes(10)
    assert take_stamp(content) == before
    peer.send(Request(0, 0, BLOCK))
    assert peer.is_closed(), "a wrong byte was sent"
    wait_until(lambda: ann.notices_of("share_failed"), what="ann's notice")
    assert "1 of 128 pieces are wrong" in ann.notices_of("share_failed")[0].text
