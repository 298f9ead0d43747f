"""The results of the commands that list what the tracker has.

In all of them, `total` counts all rows that match `pattern`, which is left out of JSON.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from client.results.base import Result
from common.api import accounts, audit, events, files, groups, invitations, stats


class FilesResult(Result):
    group: str
    files: list[files.FileRow]
    total: int
    pattern: str = Field(default="", exclude=True)


class GroupRow(groups.GroupRow):
    """A group; what concerns requests is left out of JSON."""

    requested: bool = Field(default=False, exclude=True)
    requests: int = Field(default=0, exclude=True)

    @classmethod
    def of(cls, row: groups.GroupRow) -> GroupRow:
        """Return the tracker's row as one of ours."""
        return cls.model_validate(vars(row))


class FoundFilesResult(Result):
    """Files of all of the user's groups."""

    files: list[files.FoundFile]
    total: int
    pattern: str = Field(default="", exclude=True)


class GroupsResult(Result):
    """Groups as `user` sees them; `user` is left out of JSON."""

    groups: list[GroupRow]
    total: int
    pattern: str = Field(default="", exclude=True)
    user: str = Field(exclude=True)


class MembersResult(Result):
    group: str
    members: list[groups.MemberRow]
    total: int
    pattern: str = Field(default="", exclude=True)


class RequestsResult(Result):
    group: str
    requests: list[groups.RequestRow]
    total: int
    pattern: str = Field(default="", exclude=True)


class StatsResult(Result):
    """A group's size and its users' traffic in bytes; `upload` says who adds files.

    `left` is the traffic of all former members together; missing if there is none.
    """

    group: str
    files: int
    bytes: int
    members: int
    upload: groups.UploadUnlessAll = "members"
    users: list[stats.TrafficRow]
    left: Annotated[stats.LeftTraffic | None, Field(exclude_if=lambda left: left is None)] = None
    total: int = Field(exclude=True)
    pattern: str = Field(default="", exclude=True)


class InvitesResult(Result):
    group: str
    invites: list[invitations.InviteRow]
    total: int
    pattern: str = Field(default="", exclude=True)


class EventsResult(Result):
    """Audit events, oldest first; `before` is where older ones continue, None at the end."""

    events: list[audit.AuditRow]
    total: int
    before: int | None
    pattern: str = Field(default="", exclude=True)
    group: str = Field(exclude=True)


class NoticeRow(events.NoticeRow):
    """A notice; who caused it is left out of JSON."""

    actor: str = Field(default="", exclude=True)

    @classmethod
    def of(cls, row: events.NoticeRow) -> NoticeRow:
        """Return the tracker's row as one of ours."""
        return cls.model_validate(vars(row))

    @property
    def seconds(self) -> float:
        """When it happened, since the epoch."""
        return datetime.fromisoformat(self.at).timestamp()


class NoticesResult(Result):
    """What happened in groups and on this client, the oldest first."""

    notices: list[NoticeRow]
    total: int
    pattern: str = Field(default="", exclude=True)


class SessionsResult(Result):
    sessions: list[accounts.SessionRow]
    total: int
    pattern: str = Field(default="", exclude=True)


ListResult = (
    FilesResult
    | FoundFilesResult
    | GroupsResult
    | MembersResult
    | RequestsResult
    | StatsResult
    | InvitesResult
    | EventsResult
    | NoticesResult
    | SessionsResult
)
"""A list, or part of it."""
