"""The results of the client's own commands.

Field names are those of the command-line contract. Sizes are bytes, rates bytes a second,
progress runs from 0 to 1. Models of the tracker's replies are in `common.api`.
"""

from __future__ import annotations

import operator
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from client.core.notices.notice_kinds import NoticeKind

TrackerState = Literal["connected", "connecting", "unreachable", "offline"]


class TransferState(StrEnum):
    """The state of a transfer."""

    QUEUED = "queued"
    CHECKING = "checking"
    DOWNLOADING = "downloading"
    SEEDING = "seeding"
    PAUSED = "paused"
    FAILED = "failed"


class Result(BaseModel):
    """A command's answer; immutable."""

    model_config = ConfigDict(frozen=True)


class UserResult(Result):
    user: str


class LoginResult(Result):
    """`groups` are the first of the user's groups; `more_groups` counts the others."""

    user: str
    groups: list[str]
    more_groups: int = Field(default=0, exclude=True)
    sharing: int


class GroupResult(Result):
    group: str


class InviteResult(Result):
    """A new invitation; its text is shown only here. `expires_at` is ISO 8601, UTC."""

    group: str
    id: int
    invitation: str = Field(repr=False)
    uses: int
    expires_at: str


class RevokeInviteResult(Result):
    group: str
    id: int


class JoinResult(Result):
    group: str
    status: Literal["member"]


class EndSessionResult(Result):
    """The id of the ended login."""

    id: int


class FileResult(Result):
    """The answer to a command on one file of a group."""

    group: str
    name: str


class AcceptedResult(Result):
    """The users whose requests to join were accepted together.

    If the group has no room for all, `left` counts the other requests, and `reason` says why.
    """

    group: str
    users: list[str]
    left: int = Field(default=0, exclude_if=operator.not_)
    reason: str = Field(default="", exclude_if=operator.not_)


class RejectedResult(Result):
    """The users whose requests to join were rejected together."""

    group: str
    users: list[str]


class UploadResult(Result):
    group: str
    name: str
    size: int
    pieces: int
    info_hash: str


class UploadedFile(Result):
    """One of several files that were shared."""

    name: str
    size: int
    pieces: int
    info_hash: str


class UploadsResult(Result):
    group: str
    files: list[UploadedFile]


class DownloadResult(Result):
    group: str
    name: str
    destination: str
    info_hash: str


class StartedDownload(Result):
    """One of several downloads that were started."""

    name: str
    destination: str
    info_hash: str


class StartedDownloadsResult(Result):
    """`folder` is where they go; `present` counts files that were left out, because the user
    has or downloads them already.
    """

    group: str
    downloads: list[StartedDownload]
    folder: str = Field(default="", exclude=True)
    present: int = Field(default=0, exclude=True)


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


class EndedSharesResult(Result):
    """The answer to stop_share for several files."""

    group: str
    names: list[str]


class WhyResult(Result):
    """The reason for a transfer's state, and the next step: two sentences."""

    reason: str
    hint: str


class RelocateResult(Result):
    """The new path of moved content."""

    group: str
    name: str
    path: str


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


class ContentRow(Result):
    """A file inside a shared folder: its path there, with slashes, and its size in bytes."""

    path: str
    size: int


class FolderFile(ContentRow):
    """A file of a transfer: whether it is chosen, and how many of its bytes are verified.

    `urgency` says whether it is downloaded before the other files or after them.
    """

    done: int
    chosen: bool
    urgency: Literal["high", "normal", "low"]


class LimitRow(Result):
    """Limits in bytes a second, 0 for none; of the whole client when no transfer is named."""

    group: str | None
    name: str | None
    up: int
    down: int


class LimitsResult(Result):
    """The client's limits first, then those of transfers with their own."""

    limits: list[LimitRow]


class SettingsRow(Result):
    """All settings, by name; see client.core.settings. Limits are bytes a second, 0 for none."""

    download_folder: str
    listen: str
    port_mapping: str
    active: int
    limit_down: int
    limit_up: int
    language: str
    hidden_notices: tuple[str, ...]


class SettingsResult(Result):
    """The settings. Text shows all of them, or the one called `name`, which may have changed.

    `listening` is where this client accepts peers now; `listen` is for its next start.
    """

    settings: SettingsRow
    name: str | None = Field(default=None, exclude=True)
    is_changed: bool = Field(default=False, exclude=True)
    listening: str = Field(default="", exclude=True)


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


class ShareFileResult(Result):
    metainfo: str
    group: str
    name: str
    info_hash: str


class MagnetResult(Result):
    """A magnet link (BEP 9)."""

    magnet: str


class PublishResult(Result):
    """What a group shares from now on by metainfo alone, and the file to seed it with."""

    group: str
    name: str
    info_hash: str
    metainfo: str


class MetainfoResult(Result):
    """The path of a metainfo file."""

    metainfo: str


class AnnounceKeyResult(Result):
    """A member's own announce address in a group: a secret."""

    group: str
    announce: str = Field(repr=False)


class ExportResult(Result):
    """Paths of a member's credentials, in PEM."""

    certificate: str
    key: str
    dhparams: str


class TrackerRow(Result):
    """One tracker of tracker_info.txt; `fingerprint` is that of its pinned certificate, if any."""

    address: str
    state: TrackerState
    current: bool
    fingerprint: str | None


class TrackersResult(Result):
    trackers: list[TrackerRow]


class CheckRow(Result):
    """One check by doctor; `hint` is the next step, or what was measured if it passed."""

    name: str
    ok: bool
    hint: str


class ChecksResult(Result):
    checks: list[CheckRow]


class Overview(Result):
    """What the prompt and the toolbar show; cheap enough for several calls a second.

    `resuming` is the user of a remembered login that waits for a tracker.
    """

    user: str | None
    group: str | None
    tracker: TrackerState
    down_rate: float
    up_rate: float
    downloads: list[DownloadRow]
    seeding: int
    pending_requests: int
    resuming: str | None = None


class Notice(Result):
    """An event that the user should know of.

    `kind` is a NoticeKind, or a word that a newer tracker added. `text` is one English sentence.
    `actor` is the user who caused it, or "".
    """

    kind: Annotated[NoticeKind | str, Field(union_mode="left_to_right")]
    text: str
    group: str | None = None
    actor: str = Field(default="", exclude=True)
