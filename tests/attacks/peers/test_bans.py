"""Liars are banned under any peer id; peers whose id they copy are not."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from client.config import DEFAULT_TIMING, Timing
from client.core.swarm.swarm_config import SwarmConfig
from common.wire.messages import HaveAll, Interested, Unchoke
from tests.attacks.peers.attackers import Attacker, peer_id_of, torrent_of
from tests.integration.client.conftest import Log, sealed
from tests.integration.client.hostile import Infiltrator
from tests.integration.client.security.test_hostile_peers import bans, held_back
from tests.integration.client.team import GROUP, Person, Team
from tests.integration.client.transfers.test_swarm import gets_nothing
from tests.support.content import make_file
from tests.support.peers import RawPeer, new_peer_id, serve
from tests.support.waiting import wait_until

MIB = 1 << 20
HASTY = SwarmConfig(snubbed_after=1.0, hopeless_after=2.0, silent_after=3.0, rechoke_every=1.0)
ELSEWHERE = "127.0.0.66"
SHORT = Timing(identify_for=1.0)


def victims(
    team: Team, folder: Path, timing: Timing = DEFAULT_TIMING
) -> tuple[Person, Person, str, bytes]:
    """Set up ann, who shares a file that nobody downloads yet, and bob, who wants it."""
    content = make_file(folder / "content", 2 * MIB)
    ann, bob = team.member("ann", timing=timing), team.member("bob", HASTY, timing=timing)
    name = held_back(team, ann, content)
    bob.start(name)
    wait_until(lambda: bob.session._transfers.get(GROUP, name).torrent, what="bob to begin")
    return ann, bob, name, content.read_bytes()


def wait_for_bans(log: Log, count: int) -> None:
    wait_until(lambda: len(bans(log)) == count, what="the ban")


def has(bob: Person, content: bytes) -> bool:
    """Return whether bob's content is right."""
    return (bob.home / "downloads" / "content").read_bytes() == content


@sealed
def test_a_lying_member_with_the_seeders_peer_id_does_not_ban_the_seeder(
    team: Team, tmp_path: Path, log: Log
) -> None:
    ann, bob, name, content = victims(team, tmp_path)
    mallory = Attacker(torrent_of(bob, name).metainfo)
    mallory.certify(team.member("mallory"), tmp_path / "stolen")
    mallory.lie(bob, peer_id_of(ann))
    wait_until(lambda: bans(log), what="the ban")
    for peer_id in (None, None, peer_id_of(ann), peer_id_of(bob)):
        with pytest.raises(OSError):
            mallory.dial(bob, peer_id)
    ann.session.transfers.resume(GROUP, name)
    bob.finish(name)
    assert has(bob, content)
    assert len(bans(log)) == 1


@sealed
def test_a_liar_is_banned_by_login_and_at_the_second_login_as_a_member(
    team: Team, tmp_path: Path, log: Log
) -> None:
    _, bob, name, _ = victims(team, tmp_path)
    member = team.member("mallory")
    for turn in range(3):
        mallory = Attacker(torrent_of(bob, name).metainfo)
        mallory.certify(member, tmp_path / f"login {turn}")
        if turn < 2:
            mallory.lie(bob)
            wait_for_bans(log, turn + 1)
        else:
            with pytest.raises(OSError):
                mallory.dial(bob)
        member.restart()


def test_a_liar_with_the_seeders_peer_id_at_its_address_does_not_stop_the_download(
    team: Team, stack: ExitStack, tmp_path: Path, log: Log
) -> None:
    """In an open group, even as an outsider behind the same address."""
    _, bob, name, content = victims(team, tmp_path)
    opened = threading.Event()
    honest = Infiltrator(team, stack, "honest")
    described = honest.metainfo_of(name)

    def give(peer: RawPeer) -> None:
        peer.send(HaveAll())
        opened.wait(20.0)
        peer.send(Unchoke())
        serve(peer, described, content)

    stack.callback(opened.set)
    honest.offer(described, give)
    outsider = Attacker(described)
    outsider.lie(bob, honest.peer_id)
    wait_until(lambda: bans(log), what="the ban")
    for peer_id in (None, None, honest.peer_id):  # refused at once, under any peer id
        with pytest.raises(OSError):
            outsider.dial(bob, peer_id)
    opened.set()
    bob.finish(name)
    assert has(bob, content)


def test_without_a_tracker_only_known_peers_are_served(
    team: Team, stack: ExitStack, tmp_path: Path
) -> None:
    ann = team.member("ann", timing=SHORT)
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    bob = Infiltrator(team, stack, "bob")
    described = bob.metainfo_of(name)
    bob.session.announce(described.info_hash.hex(), described.length)
    with Attacker(described).dial(ann, bob.peer_id) as peer:
        peer.send(Interested())
        peer.until(Unchoke)
    team.tracker.stop()
    for outsider, peer_id in (
        (Attacker(described), new_peer_id()),
        (Attacker(described, ELSEWHERE), bob.peer_id),
    ):
        with outsider.dial(ann, peer_id) as peer:
            gets_nothing(peer)
    with Attacker(described).dial(ann, bob.peer_id) as peer:
        peer.send(Interested())
        peer.until(Unchoke)


def test_a_removed_member_is_disconnected_and_not_served_again(
    team: Team, stack: ExitStack, tmp_path: Path
) -> None:
    ann, cat = team.member("ann", timing=SHORT), team.member("cat")
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    bob = Infiltrator(team, stack, "bob")
    described = bob.metainfo_of(name)
    bob.session.announce(described.info_hash.hex(), described.length)
    with Attacker(described).dial(ann, bob.peer_id) as peer:
        peer.send(Interested())
        peer.until(Unchoke)
        ann.session.groups.promote(GROUP, "cat")
        cat.session.groups.remove_member(GROUP, "bob")
        assert peer.is_closed()
    with Attacker(described).dial(ann, bob.peer_id) as peer:
        gets_nothing(peer)
