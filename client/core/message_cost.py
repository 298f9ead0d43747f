"""What a peer's messages cost us, and how much of it each peer may cause.

Useful payload pays for itself: it is what the connection is for. All else draws on a budget,
and a peer that has used it up is read from more slowly, to nobody else's harm.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from client.core.peer_stream_decoder import Event, Received, RequestsReceived
from common.types import BLOCK_SIZE
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Extended,
    Have,
    Interested,
    KeepAlive,
    Message,
    NotInterested,
)

A_SECOND: Final = 500.0
BURST: Final = 5000.0
"""Costs that a peer may cause; one is about ten microseconds of ours."""

LONGEST_PAUSE: Final = 30.0
"""Seconds for which a peer is not read from at a time; what is left of its debt stays."""

_BLOCK: Final = 4.0  # earned with each block that goes either way, also when it was asked for alone
_READ: Final = 1.0  # waking up for less than is worth it
_WORTH_WHILE: Final = 1024  # bytes
_BYTE: Final = 1 / 64  # of messages, and of records that wrap less than they could
_DISCARDED: Final = 1 / 1024  # a byte of a block that nobody asked for, or that came too late


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes of a connection so far: read, useful payload in and out, blocks thrown away.

    `overhead` is what encryption added to what was read.
    """

    read: int = 0
    payload: int = 0
    given: int = 0
    discarded: int = 0
    overhead: int = 0


class MessageBudget:
    """One connection's token bucket."""

    def __init__(self, now: float) -> None:
        self._left = BURST
        self._at = now
        self._before = Traffic()

    def __repr__(self) -> str:
        return f"MessageBudget({self._left:.0f} of {BURST:.0f})"

    def charge(self, events: Iterable[Event], traffic: Traffic, now: float) -> float:
        """Something was read and meant these events: for how long (seconds) to read no more."""
        before, self._before = self._before, traffic
        read = traffic.read - before.read
        payload = traffic.payload - before.payload
        discarded = traffic.discarded - before.discarded
        earned = (payload + traffic.given - before.given) / BLOCK_SIZE * _BLOCK
        bucket = self._left + (now - self._at) * A_SECOND + earned
        # A block counts when it is whole: what was charged for its first part comes back then.
        cost = (read - payload - discarded + traffic.overhead - before.overhead) * _BYTE
        cost += discarded * _DISCARDED + (_READ if read < _WORTH_WHILE else 0.0)
        cost += sum(map(_cost, events))
        self._left, self._at = min(BURST, bucket - cost), now
        return min(LONGEST_PAUSE, max(0.0, -self._left / A_SECOND))


def _cost(event: Event) -> float:
    match event:
        case Received(message):
            return _cost_of(message)
        case RequestsReceived(requests):
            return float(len(requests))
        case _:
            return 0.0


def _cost_of(message: Message) -> float:
    match message:
        case BitfieldMessage(bits):
            return 4 + len(bits) / 4
        case Extended() | Interested() | NotInterested():
            return 8.0
        case Cancel():
            return 4.0
        case Have() | KeepAlive():
            return 0.25
        case _:
            return 2.0
