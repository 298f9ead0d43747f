"""The relay by itself: who is joined, at which rate, and what ends a connection."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import cast

import pytest

from common.wire.relay import JOINED, encode_request
from tests.support.network.sockets import is_closed
from tests.support.waiting import wait_until
from tracker.frontend import relay as module
from tracker.frontend.relay import CHUNK, Relay
from tracker.quotas import Quotas
from tracker.services.sharing import relaying
from tracker.services.sharing.relaying import RelayDesk
from tracker.store.unit_of_work import UnitOfWorkFactory

MIB = 1 << 20
Make = Callable[..., "Bench"]


class Bench:
    """A relay, and its clients' ends."""

    def __init__(self, stack: ExitStack, quotas: Quotas, rate: int | None, most: int = 100) -> None:
        self.now = 0.0
        database = cast(UnitOfWorkFactory, None)
        self.desk = RelayDesk(database, lambda: self.now, quotas, is_open=True)
        self.relay = Relay(self.desk, most, rate)
        self._stack = stack
        stack.callback(self.relay.stop, 5.0)
        self.relay.start()

    def connect(self, party: str = "p") -> socket.socket:
        """Return a client's end of a connection that the relay has taken over."""
        ours, theirs = socket.socketpair()
        self._stack.enter_context(ours)
        ours.settimeout(5)
        self.relay.take(theirs, party)
        return ours

    def present(self, ticket: str, party: str = "p") -> socket.socket:
        sock = self.connect(party)
        sock.sendall(encode_request(ticket))
        return sock

    def tickets(self, group: int = 1, users: tuple[int, int] = (1, 2)) -> tuple[str, str]:
        found = self.desk.issue(group, users)
        assert found is not None
        return found

    def join(
        self, group: int = 1, users: tuple[int, int] = (1, 2)
    ) -> tuple[socket.socket, socket.socket]:
        """Return the ends of a pair that is joined."""
        one, other = (self.present(ticket) for ticket in self.tickets(group, users))
        for sock in (one, other):
            assert receive(sock, len(JOINED)) == JOINED
        return one, other


def receive(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := sock.recv(size - len(data))):
        data += more
    return data


@pytest.fixture
def make() -> Iterator[Make]:
    with ExitStack() as stack:

        def build(rate: int | None = None, most: int = 100, **quotas: int) -> Bench:
            return Bench(stack, Quotas(**quotas), rate, most)

        yield build


# --- joining --------------------------------------------------------------------------------
def test_two_tickets_join_two_clients(make: Make) -> None:
    bench = make()
    one, other = bench.join()
    content = bytes(range(256)) * 8192
    for sender, receiver in ((one, other), (other, one)):
        sender.setblocking(False)
        sent, received = 0, b""
        while len(received) < len(content):
            if sent < len(content):
                with suppress(BlockingIOError):
                    sent += sender.send(content[sent:])
            received += receiver.recv(1 << 16) if sent else b""
        assert received == content
        sender.setblocking(True)
        sender.settimeout(5)
    assert bench.relay.carried == 2 * len(content)
    assert bench.relay.count() == 2


def test_a_ticket_that_arrives_in_parts(make: Make) -> None:
    bench = make()
    mine, theirs = bench.tickets()
    request, one = encode_request(mine), bench.connect()
    for byte in request:
        one.sendall(bytes([byte]))
    bench.present(theirs)
    assert receive(one, len(JOINED)) == JOINED


@pytest.mark.parametrize("said", [b"\x05relaX" + bytes(16), b"\x16\x03\x01" + bytes(30), bytes(22)])
def test_strangers_are_turned_away(make: Make, said: bytes) -> None:
    stranger = make().connect()
    stranger.sendall(said)
    assert is_closed(stranger)


def test_a_ticket_is_good_once(make: Make) -> None:
    bench = make()
    mine, theirs = bench.tickets()
    one = bench.present(mine)
    wait_until(lambda: bench.relay._first, what="the first side")
    assert is_closed(bench.present(mine))
    other = bench.present(theirs)
    assert receive(one, len(JOINED)) == JOINED
    assert is_closed(bench.present(theirs))
    one.sendall(b"x")
    assert receive(other, len(JOINED) + 1) == JOINED + b"x"


def test_a_ticket_expires(make: Make) -> None:
    bench = make()
    mine, _ = bench.tickets()
    bench.now += relaying.TICKET_SECONDS
    assert is_closed(bench.present(mine))


def test_a_closed_desk_issues_nothing() -> None:
    database = cast(UnitOfWorkFactory, None)
    desk = RelayDesk(database, lambda: 0.0, Quotas(), is_open=False)
    assert desk.issue(1, (1, 2)) is None


def test_tickets_that_nobody_presents_are_dropped(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "_MOST_TICKETS", 4)
    bench = make()
    first, *_ = [bench.tickets() for _ in range(3)]
    assert len(bench.desk._tickets) == 4
    assert is_closed(bench.present(first[0]))


# --- ends -----------------------------------------------------------------------------------
def test_when_one_leaves_the_other_is_told(make: Make) -> None:
    one, other = make().join()
    one.sendall(b"bye")
    one.close()
    assert receive(other, 3) == b"bye"
    assert is_closed(other)


def test_who_sends_before_the_other_is_there_is_closed(make: Make) -> None:
    bench = make()
    mine, _ = bench.tickets()
    early = bench.present(mine)
    wait_until(lambda: bench.relay._first, what="the first side")
    early.sendall(b"x")
    assert is_closed(early)


def test_a_pair_is_cut(make: Make) -> None:
    bench = make()
    one, other = bench.join()
    stays, _ = bench.join(group=2)
    bench.relay.cut({pair for pair in bench.relay.pairs() if pair.group_id == 1})
    assert is_closed(one)
    assert is_closed(other)
    assert bench.relay.count() == 2
    stays.sendall(b"x")


def test_silence_and_those_who_read_nothing_end(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUEST_SECONDS", "WAIT_SECONDS", "STALL_SECONDS", "IDLE_SECONDS"):
        monkeypatch.setattr(module, name, 0.3)
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.05)
    bench = make()
    silent, alone = bench.connect(), bench.present(bench.tickets()[0])
    idle, _ = bench.join(group=2)
    flooding, _ = bench.join(group=3)
    flooding.setblocking(False)
    with pytest.raises(OSError):  # at last it is closed
        until = time.monotonic() + 5
        while time.monotonic() < until:
            try:
                flooding.send(bytes(CHUNK))
            except BlockingIOError:
                time.sleep(0.01)
    for sock in (silent, alone, idle):
        assert is_closed(sock)
    assert bench.relay.count() == 0


def test_what_is_held_for_a_client_is_bounded(make: Make) -> None:
    bench = make()
    one, _ = bench.join()
    one.setblocking(False)
    sent = 0
    with pytest.raises(BlockingIOError):
        while sent < 100 * MIB:
            sent += one.send(bytes(CHUNK))
            time.sleep(0.001)
    held = max(len(leg.pending) for leg in bench.relay._legs)
    assert held <= CHUNK


# --- limits ---------------------------------------------------------------------------------
def test_the_rate_holds_for_all_together(make: Make) -> None:
    bench = make(rate=MIB)
    pairs = [bench.join(group) for group in (1, 2)]
    for one, _ in pairs:
        one.setblocking(False)
    began = time.monotonic()
    while time.monotonic() - began < 1.0:
        for one, other in pairs:
            with suppress(BlockingIOError):
                one.send(bytes(CHUNK))
            other.settimeout(0.01)
            with suppress(TimeoutError):
                other.recv(MIB)
    seconds = time.monotonic() - began
    assert 0.5 * MIB < bench.relay.carried < (seconds + 0.3) * MIB


def test_groups_share_the_rate(make: Make) -> None:
    """One with many connections gets no more than one with a single connection."""
    bench = make(rate=MIB)
    crowd = [bench.join(group=1, users=(n, 100 + n)) for n in range(8)]
    lonely = bench.join(group=2)
    received = dict.fromkeys(range(9), 0)
    for sock in [sock for pair in (*crowd, lonely) for sock in pair]:
        sock.setblocking(False)
    began = time.monotonic()
    while time.monotonic() - began < 1.5:
        for number, (one, other) in enumerate([*crowd, lonely]):
            with suppress(BlockingIOError):
                one.send(bytes(CHUNK))
            with suppress(BlockingIOError):
                received[number] += len(other.recv(MIB))
        time.sleep(0.002)
    of_crowd = sum(received[number] for number in range(8))
    assert received[8] > 0.5 * of_crowd


@pytest.mark.parametrize("name", ["relay_bytes", "group_relay_bytes"])
def test_a_member_and_a_group_have_their_share(make: Make, name: str) -> None:
    bench = make(**{name: 100_000})
    one, other = bench.join()
    with pytest.raises(OSError):
        for _ in range(100):
            one.sendall(bytes(CHUNK))
            if not other.recv(MIB):
                raise ConnectionResetError
    assert bench.relay.carried < 200_000
    assert bench.desk.issue(1, (1, 2)) is None
    others = bench.desk.issue(2, (3, 4))
    assert others is not None
    bench.now += 24 * 3600
    assert bench.desk.issue(1, (1, 2)) is not None


def test_a_member_has_only_so_many_connections(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_EACH", 2)
    bench = make()
    for other in (2, 3):
        bench.join(users=(1, other))
    mine, theirs = bench.tickets(users=(1, 4))
    assert is_closed(bench.present(mine))
    bench.join(users=(5, 6))
    assert theirs


def test_the_relay_is_full(make: Make) -> None:
    bench = make(most=2)
    bench.join()
    mine, _ = bench.tickets(group=2, users=(3, 4))
    assert is_closed(bench.present(mine))


def test_strangers_leave_places_for_others(make: Make) -> None:
    bench = make()
    crowd = [bench.connect("crowd") for _ in range(2 * module._MOST_OF_PARTY)]
    assert is_closed(crowd[-1])
    mine, theirs = bench.tickets()
    one = bench.present(mine, "somebody else")
    bench.present(theirs, "another one")
    assert receive(one, len(JOINED)) == JOINED
