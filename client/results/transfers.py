"""Results about transfers: downloads, shares, and their peers."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from client.results.base import Result
from client.results.files import ContentRow


class TransferState(StrEnum):
    """The state of a transfer."""

    QUEUED = "queued"
    CHECKING = "checking"
    DOWNLOADING = "downloading"
    SEEDING = "seeding"
    PAUSED = "paused"
    FAILED = "failed"


class TransferResult(Result):
    """The answer to pause, resume, cancel and recheck. A cancelled transfer ends as `paused`."""

    group: str
    name: str
    state: TransferState


class ChangedTransfer(Result):
    name: str
    state: TransferState


class TransfersResult(Result):
    """The answer to pause, resume, cancel and recheck for several transfers."""

    group: str
    transfers: list[ChangedTransfer]


class WhyResult(Result):
    """The reason for a transfer's state, and the next step: two sentences."""

    reason: str
    hint: str


class PriorityResult(Result):
    """A download's priority; see client.core.transfers.download_options."""

    group: str
    name: str
    priority: int


class DownloadRow(Result):
    """One download. `eta` is in seconds, None when unknown; `error` is a sentence or None."""

    group: str
    name: str
    state: TransferState
    progress: float
    done: int
    size: int
    down_rate: float
    up_rate: float
    peers: int
    eta: float | None
    error: str | None


class DownloadsResult(Result):
    """Downloads; `states` are those that were asked for, as typed, and left out of JSON."""

    downloads: list[DownloadRow]
    states: str = Field(default="", exclude=True)


class ShareRow(Result):
    """One file that this user shares; `uploaded` counts payload bytes."""

    group: str
    name: str
    path: str
    size: int
    uploaded: int
    peers: int


class SharesResult(Result):
    """This user's shares; `waiting` counts those that were not loaded yet since the login."""

    shares: list[ShareRow]
    waiting: int = Field(default=0, exclude=True)


class PeerRow(Result):
    """One connected peer. `flags` are letters as in other clients:

    D downloading from it, d want to but choked, U uploading to it, u it wants to but is choked,
    O optimistic unchoke, I incoming connection, S snubbed, X it has everything, E all is
    encrypted, e only the handshake was. `route` is how it is reached: direct, mapped, called,
    punched or relayed (see client.core.admission.route).
    """

    address: str
    client: str
    user: str | None
    progress: float
    down_rate: float
    up_rate: float
    downloaded: int
    uploaded: int
    flags: str
    route: str


class PeersResult(Result):
    peers: list[PeerRow]


class FolderFile(ContentRow):
    """A file of a transfer: whether it is chosen, and how many of its bytes are verified.

    `urgency` says whether it is downloaded before the other files or after them.
    """

    done: int
    chosen: bool
    urgency: Literal["high", "normal", "low"]


class PieceMap(Result):
    """Where the pieces of a transfer are, in runs of pieces.

    `here` is the share of each run that we have verified (0 to 1); `elsewhere` is how many
    connected peers have all of it. We have `done` of `pieces` pieces.
    """

    pieces: int
    done: int
    here: list[float]
    elsewhere: list[int]


class WaitResult(Result):
    """The downloads that ended while waiting, as `GROUP/NAME`."""

    completed: list[str]
    failed: list[str]
