"""Why a transfer is not moving: exactly one reason, and what to do about it.

`services.snapshot` fills in the Snapshot. When several reasons hold, the order here decides: first
the state of the transfer itself (failed, paused, checking, queued), then what blocks every peer
(the certificate, the tracker), then which peers are online, then what those peers do.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from client.core.admission.obstacle import Obstacle, commonest, describe
from common.errors import ErrorCode
from common.text import count, duration, rate

State = Literal["queued", "checking", "downloading", "seeding", "paused", "failed"]
Certificate = Literal["not needed", "valid", "missing", "expired"]

TOLERATED_SKEW = 60.0
"""Tolerated clock difference in seconds; the tracker backdates certificates by more."""

SLOW_DISK_PIECES = 6
"""Pieces waiting to be written from which on the disk is the bottleneck."""


class Cause(StrEnum):
    """The possible reasons."""

    NOT_MEMBER = "not a member"
    FILE_CHANGED = "file changed"
    NOT_SHARED = "no longer shared"
    FAILED = "failed"
    DISK_FULL = "disk full"
    PAUSED = "paused"
    CHECKING = "being hashed"
    QUEUED = "waiting in the queue"
    CLOCK = "clock wrong"
    CERTIFICATE = "no valid certificate"
    NO_TRACKER = "no tracker"
    PORT = "own port not reachable"
    SEEDING = "complete and seeding"
    NO_SEEDER = "no seeder online"
    CONNECTING = "connecting"
    UNREACHABLE = "peers unreachable"
    TURNED_AWAY = "peers that don't talk to us"
    MISSING_PIECES = "pieces that nobody online has"
    BAD_DATA = "wrong data from a peer"
    CHOKED = "choked by all"
    SLOW_DISK = "slow disk"
    LIMIT = "limit set"
    WAITING = "waiting for the first bytes"
    RUNNING = "it runs well"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The state of a transfer at one moment; counts are of peers unless named otherwise."""

    group: str
    name: str
    state: State
    error: ErrorCode | None = None  # with `message`: why it failed
    message: str = ""
    waits_for_space: bool = False  # paused by a full disk; `message` says how much is missing
    ahead: int | None = None  # downloads ahead of it in the queue
    certificate: Certificate = "not needed"  # in a sealed group
    skew: float | None = None  # seconds our clock is ahead of the tracker's, if known
    tracker: bool = True  # connected to one
    port_reachable: bool = True
    known: int = 0  # other peers with this file that the tracker listed
    obstacles: tuple[Obstacle, ...] = ()  # one per unreachable peer
    liars: tuple[str, ...] = ()  # peers banned for sending wrong pieces
    connected: int = 0
    useful: int = 0  # connected, with pieces that we lack
    willing: int = 0  # useful, and not choking us
    missing_pieces: int = 0  # pieces that no connected peer has
    waiting_pieces: int = 0  # received, not written yet
    rate: float = 0.0  # bytes a second, down while downloading, else up
    limit: int | None = None  # bytes a second, if a limit slows it down
    limit_is_own: bool = False  # the limit is this transfer's own, not the client's


class Reason(NamedTuple):
    """`text` is a sentence; `hint` is another one that names the next step."""

    cause: Cause
    text: str
    hint: str


def diagnose(now: Snapshot) -> Reason:
    """Return the one reason that counts."""
    return (
        _of_its_state(now)
        or _of_our_side(now)
        or (_of_seeding(now) if now.state == "seeding" else None)
        or _of_finding_peers(now)
        or _of_connected_peers(now)
    )


def _of_its_state(now: Snapshot) -> Reason | None:
    match now.state:
        case "failed":
            return _failed(now)
        case "paused" if now.waits_for_space:
            return Reason(
                Cause.DISK_FULL,
                now.message,
                "Free some space on that disk; the download then resumes automatically.",
            )
        case "paused":
            return Reason(Cause.PAUSED, "It is paused.", f"Type: resume {now.group} {now.name}")
        case "checking":
            text = "The data on disk is being hashed."
            return Reason(Cause.CHECKING, text, "Wait; it continues automatically.")
        case "queued":
            ahead = "" if now.ahead is None else f", {now.ahead} ahead of it"
            hint = "Wait, pause another download, or give it a higher priority."
            return Reason(Cause.QUEUED, f"It is waiting in the queue{ahead}.", hint)
        case _:
            return None


def _failed(now: Snapshot) -> Reason:
    match now.error:
        case ErrorCode.NOT_MEMBER:
            hint = f"Ask to join again: join_group {now.group}"
            return Reason(Cause.NOT_MEMBER, f"You are no longer a member of {now.group}.", hint)
        case ErrorCode.FILE_CHANGED | ErrorCode.FILE_NOT_FOUND:
            hint = f"If it was moved, type: relocate {now.group} {now.name} PATH"
            return Reason(Cause.FILE_CHANGED, now.message, hint)
        case ErrorCode.NO_SUCH_FILE:
            hint = f"To delete its partial data, type: cancel {now.group} {now.name}"
            return Reason(Cause.NOT_SHARED, now.message, hint)
        case _:
            hint = f"When that is fixed, type: resume {now.group} {now.name}"
            return Reason(Cause.FAILED, now.message, hint)


def _of_our_side(now: Snapshot) -> Reason | None:
    if now.skew is not None and abs(now.skew) > TOLERATED_SKEW and now.certificate != "not needed":
        way = "ahead of" if now.skew > 0 else "behind"
        text = f"This machine's clock is {duration(abs(now.skew))} {way} the tracker's."
        return Reason(
            Cause.CLOCK, text, "Set the clock: certificates are only valid for a limited time."
        )
    if now.certificate == "expired":
        text = "Your certificate for this sealed group has expired, or the clock is wrong."
        hint = "Check the clock and that a tracker is connected (trackers); it is then renewed."
        return Reason(Cause.CERTIFICATE, text, hint)
    if now.certificate == "missing":
        text = "You have no certificate for this sealed group yet."
        hint = "Wait until a tracker is connected (trackers); it is then requested automatically."
        return Reason(Cause.CERTIFICATE, text, hint)
    if not (now.tracker or now.connected):
        text = "No tracker is connected, so nobody can be found."
        hint = "Check the network and that a tracker runs; type: trackers"
        return Reason(Cause.NO_TRACKER, text, hint)
    return None


def _of_seeding(now: Snapshot) -> Reason:
    if not now.port_reachable and not now.connected:
        return _port(now)
    if now.limit is not None:
        return _limit(now, now.limit)
    to = (
        f"connected to {count(now.connected, 'peer')}"
        if now.connected
        else "nobody is downloading it"
    )
    return Reason(Cause.SEEDING, f"Complete and seeding; {to} at the moment.", "Nothing to do.")


def _of_finding_peers(now: Snapshot) -> Reason | None:
    if now.connected:
        return None
    if now.liars and now.known <= len(now.liars):
        return _bad_data(now)
    if not now.known:
        text = "No seeder is online: no other member with this file is connected to the tracker."
        hint = "Wait, or ask its owner to start their client; the download continues automatically."
        return Reason(Cause.NO_SEEDER, text, hint)
    if len(now.obstacles) < now.known:
        text = f"Connecting to {count(now.known, 'peer')}."
        return Reason(Cause.CONNECTING, text, "Wait a moment.")
    obstacle = commonest(now.obstacles)
    if obstacle.is_silence and not obstacle.is_unmet and not now.port_reachable:
        return _port(now)
    cause = Cause.UNREACHABLE if obstacle.is_silence else Cause.TURNED_AWAY
    return Reason(cause, describe(now.obstacles, obstacle), obstacle.hint)


def _bad_data(now: Snapshot) -> Reason:
    text = f"{_sent_wrong_data(now)} No other peer online has the missing pieces."
    hint = (
        "Ask that user to recheck the file, then restart your client, which has banned the peer "
        "until then; or wait for other peers."
    )
    return Reason(Cause.BAD_DATA, text, hint)


def _sent_wrong_data(now: Snapshot) -> str:
    return f"{', '.join(now.liars)} sent wrong data, which was discarded."


def _port(now: Snapshot) -> Reason:
    text = "Your own port is not reachable, so nobody can connect to you."
    hint = "Open it in the firewall, or start with another HOST:PORT; type: doctor"
    return Reason(Cause.PORT, text, hint)


def _of_connected_peers(now: Snapshot) -> Reason:
    if now.waiting_pieces >= SLOW_DISK_PIECES:
        text = f"The disk is slow: {now.waiting_pieces} pieces are waiting to be written."
        hint = "Wait, or stop other programs that use the disk."
        return Reason(Cause.SLOW_DISK, text, hint)
    if now.limit is not None:
        return _limit(now, now.limit)
    if now.rate > 0:
        discarded = f" {_sent_wrong_data(now)}" if now.liars else ""
        text = f"Running well, with {count(now.connected, 'peer')}.{discarded}"
        return Reason(Cause.RUNNING, text, "Nothing to do.")
    if not now.useful and now.liars:
        return _bad_data(now)
    if not now.useful and now.missing_pieces:
        text = f"No peer online has {now.missing_pieces} of the missing pieces."
        hint = "Wait, or ask its owner to start their client; the download continues automatically."
        return Reason(Cause.MISSING_PIECES, text, hint)
    if now.useful and not now.willing:
        able = count(now.useful, "peer")
        text = f"Choked by all: {able} could send pieces, but serve others first."
        return Reason(Cause.CHOKED, text, "Wait; everybody gets a turn within a minute or so.")
    text = f"Waiting for the first bytes from {count(now.connected, 'peer')}."
    return Reason(Cause.WAITING, text, "Wait a moment.")


def _limit(now: Snapshot, limit: int) -> Reason:
    text = f"Slowed by your limit of {rate(limit)}."
    way = "up" if now.state == "seeding" else "down"
    of = f" {now.group} {now.name}" if now.limit_is_own else ""
    return Reason(Cause.LIMIT, text, f"To lift it, type: limit {way} 0{of}")
