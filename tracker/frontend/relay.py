"""The relay: joins two members' clients that can't connect otherwise, and passes their bytes on.

It dials nobody: both come to it, with tickets. What it passes on is the TLS of a sealed group, from
one member to the other. One thread serves all its connections, none of which it waits for.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Collection
from contextlib import suppress

from common.wire.relay import JOINED, REQUEST_LENGTH, decode_request
from tracker.domain.turns import Turns
from tracker.frontend.failures import report
from tracker.services.sharing.relaying import Pair, Place, RelayDesk

CHUNK = 16 * 1024
"""Bytes that a turn passes on at most; all that is held of a connection that isn't read."""

MOST_EACH = 16
"""Most connections of one member."""

REQUEST_SECONDS = 5.0
WAIT_SECONDS = 15.0
"""For a ticket to be presented, and then for the other side to do so."""

STALL_SECONDS = 30.0
IDLE_SECONDS = 200.0
"""After which a pair ends: while one side reads nothing, and while nobody sends (clients send a
keep-alive every two minutes).
"""

_MOST_STRANGERS = 64
_MOST_OF_PARTY = 8
_LOOK_SECONDS = 1.0
_BURST_SECONDS = 0.1
_TURN_SECONDS = 0.02  # of the rate, for which a turn is worth while


class _Leg:
    """One client's connection; `pending` is what it has yet to read."""

    def __init__(self, sock: socket.socket, party: str, now: float) -> None:
        self.sock = sock
        self.party = party
        self.request = b""
        self.place: Place | None = None
        self.partner: _Leg | None = None
        self.pending = memoryview(b"")
        self.is_waiting = False  # for its turn
        self.is_over = False  # it sends no more
        self.moved_at = now  # when it last sent something, or was last read from
        self.is_closed = False

    @property
    def events(self) -> int:
        """What to wait for."""
        found = selectors.EVENT_WRITE if self.pending else 0
        if self.partner is None:
            return selectors.EVENT_READ
        if not (self.is_waiting or self.is_over or self.partner.pending):
            found |= selectors.EVENT_READ
        return found


class Relay:
    """Serves connections that the session port hands over; `rate` is in bytes a second, for all.

    At most `most` connections are joined at a time.
    """

    def __init__(self, desk: RelayDesk, most: int, rate: int | None = None) -> None:
        self._desk = desk
        self._most = most
        self._rate = rate
        self._least = 1.0 if rate is None else min(CHUNK, max(1.0, rate * _TURN_SECONDS))
        self._selector = selectors.DefaultSelector()
        self._receiver, self._sender = socket.socketpair()
        self._receiver.setblocking(False)
        self._selector.register(self._receiver, selectors.EVENT_READ)
        self._lock = threading.Lock()  # guards what other threads hand over
        self._newcomers: deque[tuple[socket.socket, str]] = deque()
        self._ended: set[Pair] = set()
        self._is_closing = False
        self._legs: set[_Leg] = set()
        self._first: dict[int, _Leg] = {}  # of each pair, until the other side comes
        self._turns: Turns[_Leg] = Turns()
        self._allowed, self._refilled_at = 0.0, time.monotonic()
        self.carried = 0
        """Bytes passed on so far."""
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def start(self) -> None:
        """Start serving."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Close all connections."""
        self._is_closing = True
        self._wake()
        self._thread.join(timeout)

    def take(self, sock: socket.socket, party: str) -> None:
        """Take over a connection, from any thread; it may be closed."""
        with self._lock:
            self._newcomers.append((sock, party))
        self._wake()

    def pairs(self) -> set[Pair]:
        """Return the pairs that are joined."""
        return {leg.place.pair for leg in list(self._legs) if leg.partner and leg.place}

    def count(self) -> int:
        """Return the number of connections that are joined."""
        return 2 * len(self.pairs())

    def cut(self, pairs: Collection[Pair]) -> None:
        """End these pairs, from any thread."""
        if pairs:
            with self._lock:
                self._ended.update(pairs)
            self._wake()

    def _wake(self) -> None:
        with suppress(OSError):  # it has stopped
            self._sender.send(b"\0")

    # --- the relay's thread -----------------------------------------------------------------
    def _run(self) -> None:
        looked_at = time.monotonic()
        while not self._is_closing:
            try:
                for key, events in self._selector.select(self._pause()):
                    if key.data is None:
                        self._receiver.recv(4096)
                    elif not key.data.is_closed:
                        self._serve(key.data, events)
                self._welcome()
                self._pass_on()
                if time.monotonic() - looked_at >= _LOOK_SECONDS:
                    looked_at = time.monotonic()
                    self._end_late(looked_at)
            except Exception as error:
                report("the relay failed", error)
        for leg in list(self._legs):
            self._close(leg)
        self._selector.close()
        self._receiver.close()
        self._sender.close()

    def _pause(self) -> float:
        """Return the seconds to wait: less than usual while somebody waits for the rate."""
        if not self._turns or self._rate is None:
            return _LOOK_SECONDS
        return min(max(0.0, (self._least - self._allowed) / self._rate), _LOOK_SECONDS)

    def _welcome(self) -> None:
        """Take what other threads have handed over."""
        with self._lock:
            newcomers, self._newcomers = self._newcomers, deque()
            ended, self._ended = self._ended, set()
        for leg in [one for one in self._legs if one.place and one.place.pair in ended]:
            self._close(leg)
        for sock, party in newcomers:
            strangers = Counter(leg.party for leg in self._legs if leg.place is None)
            if strangers.total() >= _MOST_STRANGERS or strangers[party] >= _MOST_OF_PARTY:
                sock.close()
                continue
            sock.setblocking(False)
            leg = _Leg(sock, party, time.monotonic())
            self._legs.add(leg)
            self._selector.register(sock, selectors.EVENT_READ, leg)

    def _serve(self, leg: _Leg, events: int) -> None:
        try:
            if leg.place is None:
                self._read_request(leg)
            elif leg.partner is None:
                raise ConnectionError("it sends before the other side is there, or leaves")
            else:
                if events & selectors.EVENT_WRITE:
                    self._flush(leg)
                if events & selectors.EVENT_READ and not leg.is_waiting:
                    leg.is_waiting = True
                    self._turns.put(leg.place.pair.group_id, _receiver_of(leg.place), leg)
            self._watch(leg)
        except OSError:
            self._close(leg)

    def _read_request(self, leg: _Leg) -> None:
        """Read a ticket, and join its bearer with the other side if that is there."""
        data = leg.sock.recv(REQUEST_LENGTH - len(leg.request))
        leg.request += data
        if data and len(leg.request) < REQUEST_LENGTH:
            return
        ticket = decode_request(leg.request)
        place = None if ticket is None else self._desk.take(ticket)
        if place is None or self._is_full(place):
            raise ConnectionError("it has no valid ticket, or there is no place")
        leg.place, leg.moved_at = place, time.monotonic()
        first = self._first.pop(place.pair.number, None)
        if first is None:
            self._first[place.pair.number] = leg
            return
        leg.partner, first.partner = first, leg
        for one in (first, leg):
            one.moved_at = leg.moved_at
            one.pending = memoryview(JOINED)
            self._flush(one)
        self._watch(first)

    def _is_full(self, place: Place) -> bool:
        """Return whether there is no place for another connection, in all or of its member."""
        placed = [leg.place for leg in self._legs if leg.place is not None]
        user = place.pair.users[place.side]
        own = sum(one.pair.users[one.side] == user for one in placed)
        return len(placed) >= self._most or own >= MOST_EACH

    def _pass_on(self) -> None:
        """Let those who wait for their turn pass something on, as far as the rate allows."""
        self._refill()
        count = len(self._legs)  # then the sockets are looked at again
        while self._turns and count and self._allowed >= self._least:
            count -= 1
            leg = self._turns.take()
            leg.is_waiting = False
            if leg.is_closed:
                continue
            try:
                self._move(leg)
            except OSError:
                self._close(leg)

    def _refill(self) -> None:
        now = time.monotonic()
        if self._rate is None:
            self._allowed = float(CHUNK * len(self._legs))
        else:
            burst = max(self._rate * _BURST_SECONDS, self._least)
            earned = (now - self._refilled_at) * self._rate
            self._allowed = min(burst, self._allowed + earned)
        self._refilled_at = now

    def _move(self, leg: _Leg) -> None:
        """Pass on what a client has sent, once."""
        partner, place = leg.partner, leg.place
        if partner is None or place is None:
            return None
        data = leg.sock.recv(int(min(CHUNK, self._allowed)))
        if not data:
            leg.is_over = True
            if not partner.pending:
                raise ConnectionResetError("it has left")
            return self._watch(leg)
        self._allowed -= len(data)
        self.carried += len(data)
        leg.moved_at = time.monotonic()
        partner.pending, partner.moved_at = memoryview(data), leg.moved_at
        if not self._desk.count(place.pair, len(data)):
            raise ConnectionError("a member, or the group, has had its share")
        self._flush(partner)
        self._watch(leg)
        self._watch(partner)
        return None

    def _flush(self, leg: _Leg) -> None:
        """Send a client what waits for it, as far as it reads."""
        with suppress(BlockingIOError):
            sent = leg.sock.send(leg.pending)
            leg.pending = leg.pending[sent:]
            leg.moved_at = time.monotonic()
        partner = leg.partner
        if not leg.pending and partner is not None:
            if partner.is_over:
                raise ConnectionResetError("the other side has left")
            self._watch(partner)

    def _watch(self, leg: _Leg) -> None:
        """Wait for what this connection is to be looked at for."""
        if leg.is_closed:
            return
        events = leg.events
        known = self._selector.get_map().get(leg.sock)
        if known is None and events:
            self._selector.register(leg.sock, events, leg)
        elif known is not None and not events:
            self._selector.unregister(leg.sock)
        elif known is not None and known.events != events:
            self._selector.modify(leg.sock, events, leg)

    def _end_late(self, now: float) -> None:
        for leg in list(self._legs):
            if leg.partner is not None:
                limit = STALL_SECONDS if leg.pending else IDLE_SECONDS
                moved_at = leg.moved_at if leg.pending else max(leg.moved_at, leg.partner.moved_at)
            else:
                limit = REQUEST_SECONDS if leg.place is None else WAIT_SECONDS
                moved_at = leg.moved_at
            if now - moved_at > limit:
                self._close(leg)

    def _close(self, leg: _Leg) -> None:
        """Close a connection, and the other one of the pair."""
        for one in (leg, leg.partner):
            if one is None or one.is_closed:
                continue
            one.is_closed = True
            self._legs.discard(one)
            if one.place is not None and self._first.get(one.place.pair.number) is one:
                del self._first[one.place.pair.number]
            if one.sock in self._selector.get_map():
                self._selector.unregister(one.sock)
            one.sock.close()


def _receiver_of(place: Place) -> int:
    """Return who gets what this side sends."""
    return place.pair.users[1 - place.side]
