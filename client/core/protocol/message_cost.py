"""What a peer's messages cost us, and how much each peer may cost.

Useful payload pays for itself: it is what the connection is for. Everything else draws on a
budget; when a peer has spent its budget, we read from it more slowly, which slows nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from client.core.protocol.peer_stream_decoder import (
    HavesReceived,
    MessageReceived,
    RequestsReceived,
    StreamEvent,
)
from common.types import BLOCK_SIZE
from common.wire.messages import (
    BitfieldMessage,
    Cancel,
    Extended,
    Interested,
    KeepAlive,
    Message,
    NotInterested,
)

REFILL_PER_SECOND: Final = 500.0
BURST: Final = 5000.0
"""A peer's budget in units of about ten microseconds of our CPU time: its growth, its limit."""

LONGEST_PAUSE: Final = 30.0
"""The longest pause in seconds before we read from a peer again; the rest of its debt stays."""

_EARNED_PER_BLOCK: Final = 4.0  # in either direction; covers a request sent alone
_SMALL_READ: Final = 1.0  # the cost of a read that returned too little to be worth waking up for
_WORTHWHILE_READ: Final = 1024  # bytes
_HAVE: Final = 0.25
_BYTE: Final = 1 / 64  # of messages, and of TLS records smaller than they could be
_DISCARDED_BYTE: Final = 1 / 1024  # of an unrequested block, or of one that arrived too late


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes of a connection so far.

    `payload` is the useful part of the bytes `read`, `discarded` the blocks that were of no use,
    `overhead` what encryption added; `sent` is the payload sent.
    """

    read: int = 0
    payload: int = 0
    sent: int = 0
    discarded: int = 0
    overhead: int = 0


class MessageBudget:
    """One connection's token bucket; `now` is in seconds, by the same clock at every call."""

    def __init__(self, now: float) -> None:
        self._left = BURST
        self._at = now
        self._before = Traffic()

    def charge(self, events: Iterable[StreamEvent], traffic: Traffic, now: float) -> float:
        """Charge for a read and its events; return for how many seconds to stop reading."""
        before, self._before = self._before, traffic
        read = traffic.read - before.read
        payload = traffic.payload - before.payload
        discarded = traffic.discarded - before.discarded
        earned = (payload + traffic.sent - before.sent) / BLOCK_SIZE * _EARNED_PER_BLOCK
        bucket = self._left + (now - self._at) * REFILL_PER_SECOND + earned
        # A block counts when it is complete: the charge for its first part is refunded then.
        cost = (read - payload - discarded + traffic.overhead - before.overhead) * _BYTE
        cost += discarded * _DISCARDED_BYTE + (_SMALL_READ if read < _WORTHWHILE_READ else 0.0)
        cost += sum(map(_cost, events))
        self._left, self._at = min(BURST, bucket - cost), now
        return min(LONGEST_PAUSE, max(0.0, -self._left / REFILL_PER_SECOND))


def _cost(event: StreamEvent) -> float:
    match event:
        case MessageReceived(message):
            return _cost_of(message)
        case HavesReceived(pieces):
            return _HAVE * len(pieces)
        case RequestsReceived(runs):
            return float(sum(run.count for run in runs))
        case _:
            return 0.0


def _cost_of(message: Message) -> float:
    """Return what handling a message costs, as measured; a bitfield by its length."""
    match message:
        case BitfieldMessage(bits):
            return 4 + len(bits) / 4
        case Extended() | Interested() | NotInterested():
            return 8.0
        case Cancel():
            return 4.0
        case KeepAlive():
            return 0.25
        case _:
            return 2.0
