"""What the prompt, the toolbar and the page always show."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from client.core.notices.notice_kinds import NoticeKind
from client.results.base import Result
from client.results.health import TrackerState
from client.results.transfers import DownloadRow


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
