"""What happens in a client, as values that its parts publish and subscribe to. Pure.

See client.event_bus for how they travel. Names of groups, files and users are those that
the tracker uses; sizes are bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common.errors import ErrorCode
from common.types import Endpoint, InfoHash


@dataclass(frozen=True, slots=True)
class Event:
    """Anything that has happened; subscribe to this class to get all of them."""


# --- the login ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class LoggedIn(Event):
    """The tracker accepted a password, or the token of a login that this client knew."""

    user: str


@dataclass(frozen=True, slots=True)
class LoginResumed(Event):
    """The tracker accepted the token that this client remembers from an earlier run.

    `missed` events concerned the user meanwhile. LoggedIn has been published before.
    """

    user: str
    missed: int


@dataclass(frozen=True, slots=True)
class LoggedOut(Event):
    """The login is over. `reason` is the tracker's sentence, None when the user logged out here."""

    user: str
    reason: str | None = None


# --- the tracker --------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class TrackerConnected(Event):
    """There is a connection to a tracker; `is_back` when one had been lost before."""

    tracker: Endpoint
    is_back: bool = False


@dataclass(frozen=True, slots=True)
class TrackerLost(Event):
    """The connection to the tracker was lost; the client keeps trying to reconnect."""

    tracker: Endpoint


# --- groups -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class EventsMissed(Event):
    """`count` events concerned the user while nobody was logged in here."""

    count: int


@dataclass(frozen=True, slots=True)
class GroupEvent(Event):
    """The tracker reports that something has happened in a group.

    `kind` is one of common.api.events.EventKind, or a word added by a newer tracker; `subject` is
    the user or file affected, `actor` the user who caused it, `text` a sentence for the user.
    """

    kind: str
    group: str
    subject: str
    text: str
    actor: str = ""


@dataclass(frozen=True, slots=True)
class MembershipEnded(Event):
    """An admin removed this client's own user from a group."""

    group: str


@dataclass(frozen=True, slots=True)
class MemberRemoved(Event):
    """Another user left a group or was removed from it."""

    group: str
    user: str


@dataclass(frozen=True, slots=True)
class CertificatesRevoked(Event):
    """The tracker says that the certificates of these holders are void in a group."""

    group: str
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RevocationsApplied(Event):
    """A group's TLS accepts fewer peers than before: connections to the others have to end."""

    group: str


@dataclass(frozen=True, slots=True)
class FileRemoved(Event):
    """The tracker says that a file was removed from a group for everybody; `text` says by whom.

    Meanwhile, a member may have added it again. `is_new`: the user gets no notice of it in another
    way.
    """

    group: str
    name: str
    info_hash: InfoHash
    text: str
    is_new: bool = False


# --- transfers ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class TransferEvent(Event):
    """Something about the transfer of the file `name` in `group`."""

    group: str
    name: str

    @property
    def title(self) -> str:
        """`GROUP/NAME`."""
        return f"{self.group}/{self.name}"


@dataclass(frozen=True, slots=True)
class TransferCompleted(TransferEvent):
    """A download has all that was wanted, verified and under its final name.

    `size` is what was wanted; `fetched` is the payload received, from `sources` peers in `seconds`,
    in the run that completed it.
    """

    path: Path
    size: int
    fetched: int
    seconds: float
    sources: int


@dataclass(frozen=True, slots=True)
class TransferFailed(TransferEvent):
    """A download has stopped and does not resume by itself."""

    code: ErrorCode
    message: str


@dataclass(frozen=True, slots=True)
class TransferPaused(TransferEvent):
    """A download waits until there is space on the disk."""

    message: str


@dataclass(frozen=True, slots=True)
class ShareFailed(TransferEvent):
    """Complete content is no longer shared, because it has changed."""

    code: ErrorCode
    message: str


@dataclass(frozen=True, slots=True)
class PiecesLost(TransferEvent):
    """`count` pieces of a download are wrong or missing on disk, and are downloaded again."""

    count: int


# --- settings -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class RateLimitsChanged(Event):
    """A rate limit of the client or of a transfer was changed or removed."""
