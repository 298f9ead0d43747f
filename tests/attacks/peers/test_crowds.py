"""Greedy, talkative or slow peers harm only themselves: others are served as before.

Each attack runs while an honest member downloads; before it, another one downloads undisturbed. The
second may take twice as long, and as much again as a busy machine needs to look at anything.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from client.core.admission.candidates import PeerCandidate
from client.core.swarm.swarm_config import SwarmConfig
from common.types import Endpoint, PeerId
from common.wire.codec import KEEP_ALIVE, encode
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Extended,
    Have,
    HaveAll,
    Interested,
    Message,
    NotInterested,
    Request,
)
from tests.attacks.peers.attackers import Attacker, torrent_of
from tests.integration.client.conftest import both_modes, sealed
from tests.integration.client.hostile import BLOCK, Infiltrator
from tests.integration.client.team import GROUP, Person, Team
from tests.support.content import make_file
from tests.support.peers import RawPeer, new_peer_id
from tests.support.waiting import wait_until

MIB = 1 << 20
SLACK = 3.0
"""Seconds of slack for a busy machine, including connections retried after two."""

ELSEWHERE = "127.0.0.66"


def timed(person: Person, name: str, content: Path) -> float:
    """Return the seconds that a download takes; it must arrive intact."""
    began = time.monotonic()
    assert person.fetch(name).read_bytes() == content.read_bytes()
    return time.monotonic() - began


@contextmanager
def going_on(act: Callable[[], object], threads: int = 1) -> Iterator[None]:
    """Run attackers in a loop inside the block, ignoring their errors."""
    over = threading.Event()

    def attack() -> None:
        while not over.wait(0.01):
            with suppress(OSError):
                act()

    attackers = [threading.Thread(target=attack, name="attacker") for _ in range(threads)]
    for attacker in attackers:
        attacker.start()
    try:
        yield
    finally:
        over.set()
        for attacker in attackers:
            attacker.join(20.0)


class Scene:
    """Set up ann (sharer), cat (control download) and bob (attacked download)."""

    def __init__(self, team: Team, folder: Path) -> None:
        self.content = make_file(folder / "content", 4 * MIB)
        self.ann, self.bob, self.cat = (team.member(n) for n in ("ann", "bob", "cat"))
        self.name = team.share(self.ann, self.content)
        self.undisturbed = timed(self.cat, self.name, self.content)
        self.cat.session.transfers.pause(GROUP, self.name)  # ann alone serves bob

    def check(self) -> None:
        """Check that bob's download is about as fast as cat's."""
        assert timed(self.bob, self.name, self.content) <= 2 * self.undisturbed + SLACK

    def attacker(self, team: Team, folder: Path, host: str = ELSEWHERE) -> Attacker:
        """Create mallory, a member if that requires a certificate."""
        mallory = Attacker(torrent_of(self.ann, self.name).metainfo, host)
        if mallory.described.authority is not None:
            mallory.certify(team.member("mallory"), folder / "mallory's")
        return mallory


def hold(stack: ExitStack, mallory: Attacker, victim: Person, count: int) -> list[RawPeer]:
    """Take as many connections as possible."""
    held = []
    for _ in range(count):
        with suppress(OSError):
            held.append(stack.enter_context(mallory.dial(victim)))
    return held


@both_modes
def test_one_party_holds_few_connections(team: Team, stack: ExitStack, tmp_path: Path) -> None:
    scene = Scene(team, tmp_path)
    mallory = scene.attacker(team, tmp_path)
    hold(stack, mallory, scene.ann, 60)
    each = SwarmConfig().max_connections_each
    most = each if mallory.described.authority is not None else 2 * each  # unidentified peers
    assert torrent_of(scene.ann, scene.name).connection_count <= most

    def threads() -> int:
        return sum(t.name.startswith(f"peer {ELSEWHERE}") for t in threading.enumerate())

    wait_until(lambda: threads() <= 2 * most, what="the end of the displaced connections")
    scene.check()


def test_a_crowd_makes_room_for_another_party(team: Team, stack: ExitStack, tmp_path: Path) -> None:
    ann = team.member("ann", SwarmConfig(connections=6, max_connections_each=3))
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    described = torrent_of(ann, name).metainfo
    hold(stack, Attacker(described, ELSEWHERE), ann, 10)
    wait_until(lambda: torrent_of(ann, name).connection_count == 6, what="the crowd")
    other = stack.enter_context(Attacker(described, "127.0.0.67").dial(ann))
    other.send(Interested())

    def hosts() -> list[str]:
        rows = ann.session.transfers.peers(GROUP, name).peers
        return sorted(row.address.partition(":")[0] for row in rows)

    wait_until(lambda: hosts() == [ELSEWHERE] * 5 + ["127.0.0.67"], what="one to be displaced")


@both_modes
def test_endless_handshakes_delay_nobody(team: Team, stack: ExitStack, tmp_path: Path) -> None:
    scene = Scene(team, tmp_path)
    silent: list[socket.socket] = []

    def connect_again() -> None:
        silent.append(
            stack.enter_context(socket.create_connection(scene.ann.address, 2.0, (ELSEWHERE, 0)))
        )
        if len(silent) > 300:
            time.sleep(0.1)

    with going_on(connect_again):
        wait_until(lambda: len(silent) > 100, what="the crowd")
        shaking = [t for t in threading.enumerate() if t.name == "handshake"]
        assert len(shaking) <= 64
        scene.check()


@contextmanager
def tarpits(count: int) -> Iterator[Sequence[Endpoint]]:
    """Start servers that accept connections and never send anything."""
    with ExitStack() as opened:
        servers = [
            opened.enter_context(socket.create_server((f"127.0.2.{1 + n % 250}", 0)))
            for n in range(count)
        ]
        yield [Endpoint(*server.getsockname()) for server in servers]


@both_modes
def test_tarpits_of_one_member_delay_no_group(team: Team, tmp_path: Path) -> None:
    scene = Scene(team, tmp_path)
    bait = make_file(tmp_path / "bait", MIB, 5)
    team.share(scene.ann, bait)
    scene.ann.session.transfers.pause(GROUP, "bait")
    scene.bob.start("bait")
    wait_until(lambda: scene.bob.session._transfers.get(GROUP, "bait").torrent, what="bob")
    with tarpits(100) as places:
        listed = [PeerCandidate(place, new_peer_id(), "mallory") for place in places]
        torrent_of(scene.bob, "bait").learn(listed)
        scene.check()  # another transfer
        torrent_of(scene.bob, "bait").learn(listed)
        scene.ann.session.transfers.resume(GROUP, "bait")
        scene.bob.finish("bait", 20.0)  # and the same one


def flood_of(*messages: Message) -> bytes:
    """Repeat the messages to about 60 KB per send."""
    one = b"".join(map(encode, messages))
    return one * max(1, 60_000 // len(one))


FLOODS = {
    "have-all": flood_of(HaveAll()),
    "bitfields": flood_of(BitfieldMessage(b"\x80\x00")),
    "haves": flood_of(Have(0)),
    "interest": flood_of(Interested(), NotInterested()),
    "requests and cancels": flood_of(Request(0, 0, BLOCK), Cancel(0, 0, BLOCK)),
    "introductions": flood_of(Extended(0, b"d1:v1000:" + bytes(1000) + b"e")),
    "metadata requests": flood_of(Extended(1, b"d8:msg_typei0e5:piecei0ee")),
    "large unknown messages": flood_of(Extended(77, bytes(60_000))),
    "keep-alives": KEEP_ALIVE * 15_000,
    "blocks that nobody asked for": (9 + BLOCK).to_bytes(4, "big") + b"\x07" + bytes(8 + BLOCK),
}


class Flooder:
    """A member that sends one kind of message as long as it is read."""

    def __init__(self, scene: Scene, spy: Infiltrator, stack: ExitStack, kind: str) -> None:
        described = spy.metainfo_of(scene.name)
        spy.session.announce(described.info_hash.hex(), described.length)
        self._peer = stack.enter_context(Attacker(described).dial(scene.ann, spy.peer_id))
        self._peer.send(HaveAll() if kind == "have-all" else BitfieldMessage(b"\x00\x00"))
        self._flood = FLOODS[kind]
        self.sent = 0

    def __call__(self) -> None:
        """Send more; blocks while nothing is read."""
        self._peer.send_bytes(self._flood)
        self.sent += 1

    def close(self) -> None:
        """Disconnect, even within a message."""
        self._peer.close()


def test_floods_slow_only_their_sender(team: Team, stack: ExitStack, tmp_path: Path) -> None:
    scene = Scene(team, tmp_path)
    floods = [
        Flooder(scene, Infiltrator(team, stack, f"spy{number}"), stack, kind)
        for number, kind in enumerate(FLOODS)
    ]
    with ExitStack() as going:
        for flood in floods:
            going.enter_context(going_on(flood))
        wait_until(lambda: all(flood.sent for flood in floods), what="the floods")
        scene.check()
        for flood in floods:
            flood.close()


@sealed
def test_tiny_records_slow_only_their_sender(team: Team, stack: ExitStack, tmp_path: Path) -> None:
    scene = Scene(team, tmp_path)
    mallory = scene.attacker(team, tmp_path)
    peer = stack.enter_context(mallory.dial(scene.ann))

    def flood() -> None:
        for _ in range(500):
            peer.send_bytes(b"\0")

    with going_on(flood):
        scene.check()
        peer.close()


def test_silent_and_trickling_peers_are_disconnected(
    team: Team, stack: ExitStack, tmp_path: Path
) -> None:
    ann = team.member("ann", SwarmConfig(silent_after=1.5))
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    spies = [Infiltrator(team, stack, user) for user in ("spy", "sp2")]
    described = spies[0].metainfo_of(name)
    for spy in spies:
        spy.session.announce(described.info_hash.hex(), described.length)
    silent, trickling = (
        stack.enter_context(Attacker(described).dial(ann, spy.peer_id)) for spy in spies
    )

    def trickle() -> None:
        trickling.send_bytes(b"\0")
        time.sleep(0.4)

    with going_on(trickle):
        assert silent.is_closed()
        assert trickling.is_closed()


def test_fake_peers_of_one_member_do_not_hide_a_seeder(team: Team, tmp_path: Path) -> None:
    scene = Scene(team, tmp_path)
    made_up = [
        PeerCandidate(Endpoint(f"127.0.3.{1 + n % 250}", 1 + n), PeerId(b"%020d" % n), "mallory")
        for n in range(800)
    ]
    with going_on(lambda: torrent_of(scene.ann, scene.name).learn(made_up)):
        scene.check()
