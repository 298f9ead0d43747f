"""The state of a transfer, as one value, and the transitions between states.

             Started      TurnTaken       Opened            AllHere          Finished
    Paused ---------> Queued -----> Checking ---> Downloading ----> Finishing ------> Seeding
    WaitingForSpace     ^              |               |                |                |
    Failed              +------------- TurnLost -------+                |                |
                        +------------------------------+- ContentTouched+----------------+

`Opened` leads to Seeding when the content is complete already. `Rested` leads from Seeding, or
already from Checking, to Resting, which has no torrent, and `Opened` back. `NoSpace` leads to
WaitingForSpace, `FailedWith` to Failed, and `Halted` to Paused, but a failed transfer stays failed
unless the user pauses it. The states with an active torrent carry it (`T`), so there is none in any
other state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, Generic, TypeAlias, TypeVar

from common.errors import MinitorrentError

T = TypeVar("T")


class Recheck(Enum):
    """Whether, and why, the next check hashes every piece in spite of the record."""

    NO = "no"
    SUSPECTED = "something touched the content"
    ASKED = "the user wants it"


# --- states -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Paused:
    """Stopped; nothing happens until it is started."""


@dataclass(frozen=True, slots=True)
class Queued:
    """Waits for its turn, when it is checked."""

    recheck: Recheck = Recheck.NO


@dataclass(frozen=True, slots=True)
class Checking:
    """Its files are opened, and hashed where the record can't be trusted."""

    recheck: Recheck = Recheck.NO


@dataclass(frozen=True, slots=True)
class Downloading(Generic[T]):
    """Pieces are missing, and a torrent downloads them."""

    torrent: T


@dataclass(frozen=True, slots=True)
class Finishing(Generic[T]):
    """All wanted pieces are here; they are verified on disk, and get their final name.

    `hashes`: some of them are hashed once more.
    """

    torrent: T
    hashes: bool


@dataclass(frozen=True, slots=True)
class Seeding(Generic[T]):
    """Complete, and shared. `reported` is False until the end of the download was reported."""

    torrent: T
    reported: bool = True


@dataclass(frozen=True, slots=True)
class Resting:
    """Complete, and shared, with neither torrent nor open files: nobody downloads it now."""


@dataclass(frozen=True, slots=True)
class WaitingForSpace:
    """The disk is full; it resumes by itself when there is space."""

    error: MinitorrentError
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Stopped until the user does something about `error`."""

    error: MinitorrentError
    reported: bool = False


State: TypeAlias = (
    Paused
    | Queued
    | Checking
    | Downloading[T]
    | Finishing[T]
    | Seeding[T]
    | Resting
    | WaitingForSpace
    | Failed
)


# --- events -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Started:
    """The user started it, or a full disk has space again."""

    recheck: Recheck = Recheck.NO


@dataclass(frozen=True, slots=True)
class TurnTaken:
    """Its turn has come."""


@dataclass(frozen=True, slots=True)
class TurnLost:
    """Other downloads run first."""


@dataclass(frozen=True, slots=True)
class Opened(Generic[T]):
    """The check is over, and the torrent is active; `complete`: nothing is missing."""

    torrent: T
    complete: bool


@dataclass(frozen=True, slots=True)
class Rested:
    """It is complete and unchanged, and nobody downloads it."""


@dataclass(frozen=True, slots=True)
class AllHere:
    """The last wanted piece is verified and written; `hashes` as in Finishing."""

    hashes: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """All pieces are verified on disk, and the content has its final name."""


@dataclass(frozen=True, slots=True)
class ContentTouched:
    """Another program changed the content: it is checked again."""


@dataclass(frozen=True, slots=True)
class NoSpace:
    """The disk has no space for the missing pieces."""

    error: MinitorrentError


@dataclass(frozen=True, slots=True)
class FailedWith:
    """It failed."""

    error: MinitorrentError


@dataclass(frozen=True, slots=True)
class Halted:
    """It was stopped, to be started again later; `forgives`: also if it had failed."""

    forgives: bool = False


@dataclass(frozen=True, slots=True)
class Reported:
    """Its end was reported to the user."""


Event: TypeAlias = (
    Started
    | TurnTaken
    | TurnLost
    | Opened[T]
    | Rested
    | AllHere
    | Finished
    | ContentTouched
    | NoSpace
    | FailedWith
    | Halted
    | Reported
)

_AT_WORK: Final = (Downloading, Finishing, Seeding)
_RUNNING: Final = (Queued, Checking, *_AT_WORK, Resting)
_STOPPED: Final = (Paused, WaitingForSpace, Failed)
_ANY: Final = (*_RUNNING, *_STOPPED)

LEGAL: Final[dict[type, tuple[type, ...]]] = {
    Started: _STOPPED,
    TurnTaken: (Queued,),
    TurnLost: (Checking, Downloading),
    Opened: (Checking, Resting),
    Rested: (Checking, Seeding),
    AllHere: (Downloading,),
    Finished: (Finishing,),
    ContentTouched: _AT_WORK,
    NoSpace: (Queued, Checking, Downloading, Finishing),
    FailedWith: (*_RUNNING, Paused, WaitingForSpace),
    Halted: _ANY,
    Reported: _ANY,
}
"""The states in which each event may happen."""


class IllegalMoveError(Exception):
    """An event happened in a state that doesn't allow it: a bug."""


def is_legal(state: State[T], event: Event[T]) -> bool:
    """Return whether the event may happen in this state."""
    return isinstance(state, LEGAL[type(event)])


def after(state: State[T], event: Event[T]) -> State[T]:
    """Return the state after an event; raises IllegalMoveError."""
    if not is_legal(state, event):
        raise IllegalMoveError(f"{event} while {state}")
    match event:
        case Started(recheck):
            return Queued(recheck)
        case TurnTaken() if isinstance(state, Queued):
            return Checking(state.recheck)
        case TurnLost():
            return Queued()
        case Opened(torrent, complete):
            return Seeding(torrent) if complete else Downloading(torrent)
        case Rested() if state != Seeding(torrent_of(state), reported=False):
            return Resting()
        case AllHere(hashes) if isinstance(state, Downloading):
            return Finishing(state.torrent, hashes)
        case Finished() if isinstance(state, Finishing):
            return Seeding(state.torrent, reported=False)
        case ContentTouched():
            return Queued(Recheck.SUSPECTED)
        case NoSpace(error):
            return WaitingForSpace(error)
        case FailedWith(error):
            return Failed(error)
        case Halted(forgives) if forgives or not isinstance(state, Failed):
            return Paused()
        case Reported() if isinstance(state, Seeding | WaitingForSpace | Failed):
            return replace(state, reported=True)
    return state


def torrent_of(state: State[T]) -> T | None:
    """Return the active torrent, or None."""
    return state.torrent if isinstance(state, _AT_WORK) else None
