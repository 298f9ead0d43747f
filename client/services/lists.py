"""Lists that the tracker returns in pages, collected up to a limit."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from pydantic import Field

from client.membership.account import Account, Remote
from client.results import Result
from common.api import accounts, audit, events, files, groups
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
    | EventsResult
    | NoticesResult
    | SessionsResult
)
"""A list, or part of it."""


class Lists:
    """The lists of a session; see Session for the rules of all its methods.

    `pattern` is part of a name, ignoring case, or a whole name with `*` and `?`. `limit` is a
    number of rows, 0 for all of them. When a list changes meanwhile, rows may be missing, but
    never duplicated.
    """

    def __init__(self, account: Account, remote: Remote) -> None:
        self._account = account
        self._remote = remote

    def files(
        self,
        group: str | None,
        pattern: str = "",
        *,
        sort: files.Sort = "name",
        limit: int = USUAL_LIMIT,
    ) -> FilesResult:
        """List the files that a group shares."""
        chosen = self._account.require_group(group)
        rows, last = self._collect(
            files.LIST_FILES, "files", limit, group=chosen, pattern=pattern, sort=sort
        )
        return FilesResult(group=last.group, files=rows, total=_total(last, rows), pattern=pattern)

    def groups(
        self, pattern: str = "", *, member: bool | None = None, limit: int = USUAL_LIMIT
    ) -> GroupsResult:
        """List the groups, the user's own first; with `member`, only the user's own, or others."""
        rows, last = self._collect(
            groups.LIST_GROUPS, "groups", limit, pattern=pattern, member=member
        )
        user = self._account.require()
        return GroupsResult(groups=rows, total=_total(last, rows), pattern=pattern, user=user)

    def members(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> MembersResult:
        """List a group's members, the longest-standing first."""
        chosen = self._account.require_group(group)
        rows, last = self._collect(
            groups.LIST_MEMBERS, "members", limit, group=chosen, pattern=pattern
        )
        return MembersResult(
            group=last.group, members=rows, total=_total(last, rows), pattern=pattern
        )

    def requests(
        self, group: str | None, pattern: str = "", *, limit: int = USUAL_LIMIT
    ) -> RequestsResult:
        """List the join requests of a group, oldest first."""
        chosen = self._account.require_group(group)
        rows, last = self._collect(
            groups.LIST_REQUESTS, "requests", limit, group=chosen, pattern=pattern
        )
        return RequestsResult(
            group=last.group, requests=rows, total=_total(last, rows), pattern=pattern
        )

    def events(
        self,
        group: str | None,
        pattern: str = "",
        *,
        before: int | None = None,
        limit: int = USUAL_LIMIT,
    ) -> EventsResult:
        """List the events of a group and its members' accounts: the newest, or those before."""
        chosen = self._account.require_group(group)
        rows, last = self._collect(
            audit.LIST_EVENTS,
            "events",
            limit,
            is_backward=True,
            group=chosen,
            pattern=pattern,
            after="" if before is None else str(before),
        )
        following = last.next
        return EventsResult(
            events=rows,
            total=_total(last, rows),
            pattern=pattern,
            before=None if following is None else int(following),
            group=chosen,
        )

    def notices(self, pattern: str = "", *, limit: int | None = None) -> NoticesResult:
        """What concerned this user; without a limit what is unread, and what happened lately.

        The tracker has the events of the groups; those of this client are kept here.
        """
        if limit is None:
            reply = self._remote.call(events.LIST_NOTICES, pattern=pattern)
            rows, last = reply.notices, reply
        else:
            rows, last = self._collect(
                events.LIST_NOTICES, "notices", limit, is_backward=True, pattern=pattern
            )
        own = self._account.notices.kept(pattern)
        total = _total(last, rows) + len(own)
        rows = sorted([*rows, *own], key=lambda row: datetime.fromisoformat(row.at))
        return NoticesResult(notices=rows[-limit:] if limit else rows, total=total, pattern=pattern)

    def sessions(self, pattern: str = "", *, limit: int = USUAL_LIMIT) -> SessionsResult:
        """List this user's logins, oldest first; the pattern matches addresses."""
        rows, last = self._collect(accounts.LIST_SESSIONS, "sessions", limit, pattern=pattern)
        return SessionsResult(sessions=rows, total=_total(last, rows), pattern=pattern)

    def _collect(
        self,
        operation: Operation[Any, ReplyT],
        field: str,
        limit: int,
        *,
        is_backward: bool = False,
        **arguments: object,
    ) -> tuple[list[Any], ReplyT]:
        """Fetch as many pages as needed; returns the rows and the last page.

        A backward list returns the newest page first, and in each page the oldest row first.
        """
        rows: list[Any] = []
        while True:
            left = limit - len(rows) if limit else MAX_PAGE
            reply = self._remote.call(operation, limit=min(left, MAX_PAGE), **arguments)
            page = getattr(reply, field)
            rows = [*page, *rows] if is_backward else [*rows, *page]
            if reply.next is None or not page or (limit and len(rows) >= limit):
                return rows, reply
            arguments["after"] = reply.next


def _total(reply: PageReply, rows: list[Any]) -> int:
    """Return how many rows there are; older trackers, which don't say so, return all rows."""
    return max(reply.total, len(rows))
