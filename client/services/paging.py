"""Lists that the tracker returns in pages: their results, and their collection up to a limit.

The `pattern` of a list is part of a name, ignoring case, or a whole name with `*` and `?`. `limit`
is a number of rows, 0 for all of them. When a list changes meanwhile, rows may be missing, but
never duplicated.
"""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import Field

from client.membership.remote import TrackerCalls
from client.results import Result
from common.api import accounts, audit, events, files, groups, invitations
from common.api.operation import Operation
from common.api.paging import MAX_PAGE, PageReply

USUAL_LIMIT = 1000
"""The default number of rows."""

ReplyT = TypeVar("ReplyT", bound=PageReply)


class FilesResult(Result):
    """A group's files; as in all of these, `total` counts all rows that match `pattern`."""

    group: str
    files: list[files.FileRow]
    total: int
    pattern: str = Field(default="", exclude=True)


class GroupsResult(Result):
    """Groups as `user` sees them; `user` is left out of JSON."""

    groups: list[groups.GroupRow]
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


class NoticesResult(Result):
    """What happened in groups and on this client, the oldest first."""

    notices: list[events.NoticeRow]
    total: int
    pattern: str = Field(default="", exclude=True)


class SessionsResult(Result):
    sessions: list[accounts.SessionRow]
    total: int
    pattern: str = Field(default="", exclude=True)


ListResult = (
    FilesResult
    | GroupsResult
    | MembersResult
    | RequestsResult
    | InvitesResult
    | EventsResult
    | NoticesResult
    | SessionsResult
)
"""A list, or part of it."""


class Collected(NamedTuple, Generic[ReplyT]):
    """The rows of all pages, how many there are in all, and the last page."""

    rows: list[Any]
    total: int
    last: ReplyT


def collect(
    remote: TrackerCalls,
    operation: Operation[Any, ReplyT],
    field: str,
    limit: int,
    *,
    is_backward: bool = False,
    **arguments: object,
) -> Collected[ReplyT]:
    """Fetch as many pages as needed; `field` is the reply's field with the rows.

    A backward list returns the newest page first, and in each page the oldest row first.
    """
    rows: list[Any] = []
    while True:
        left = limit - len(rows) if limit else MAX_PAGE
        reply = remote.call(operation, limit=min(left, MAX_PAGE), **arguments)
        page = getattr(reply, field)
        rows = [*page, *rows] if is_backward else [*rows, *page]
        if reply.next is None or not page or (limit and len(rows) >= limit):
            return Collected(rows, total(reply, rows), reply)
        arguments["after"] = reply.next


def total(reply: PageReply, rows: list[Any]) -> int:
    """Return how many rows there are; older trackers, which don't say so, return all rows."""
    return max(reply.total, len(rows))
