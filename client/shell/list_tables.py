"""Formats the lists that the tracker has as tables, with what is missing from them.

Names come from other users; `Screen.table` makes every cell harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from client.commands.language.words import quote
from client.core.notices.folding import fold
from client.results.lists import (
    EventsResult,
    FilesResult,
    FoundFilesResult,
    GroupsResult,
    InvitesResult,
    ListResult,
    MembersResult,
    NoticesResult,
    RequestsResult,
    SessionsResult,
    StatsResult,
)
from client.shell.terminal.screen import Column, Screen
from common.api import groups
from common.api.paging import MOST_COUNTED
from common.text import count, local_time, size, visible


def _listed(
    result: ListResult,
    rows: Sequence[Sequence[str]],
    columns: Sequence[Column],
    noun: str,
    screen: Screen,
    hint: str = "narrow with a pattern, or --limit",
    shown: int | None = None,
) -> str:
    """Format a list as a table, with a line below it if the table isn't complete.

    `shown` is the number of items that the rows stand for, if that isn't one for each.
    """
    shown = len(rows) if shown is None else shown
    if not rows and result.pattern:
        return f"No {noun} matches {visible(result.pattern)!r}"
    table = screen.table(columns, rows)
    if shown >= result.total:
        return table
    return f"{table}\n{shown:,} of {_total(result)} {noun}s; {hint}"


def _total(result: ListResult) -> str:
    is_at_least = result.total >= MOST_COUNTED and isinstance(result, EventsResult | NoticesResult)
    return f"{result.total:,} or more" if is_at_least else f"{result.total:,}"


def _groups(result: GroupsResult, screen: Screen) -> str:
    if not result.groups and not result.pattern:
        return "No groups yet; create one with: create_group GROUP"
    columns = [
        Column("group", folds=True),
        Column("owner", folds=True),
        Column("members", right=True),
        Column("files", right=True),
        Column("mode"),
        Column("you"),
    ]
    rows = [
        [g.group, g.owner, str(g.members), str(g.files), g.mode, _role(g, result.user)]
        for g in result.groups
    ]
    return _listed(result, rows, columns, "group", screen)


def _role(row: groups.GroupRow, user: str) -> str:
    """Return the role of `user` in a group, or "" if they aren't a member."""
    if not row.member:
        return ""
    return "owner" if row.owner == user else "member"


def _members(result: MembersResult, screen: Screen) -> str:
    columns = [Column("user", folds=True), Column("role"), Column("online")]
    rows = [[m.user, m.role, "online" if m.online else "-"] for m in result.members]
    return _listed(result, rows, columns, "member", screen)


def _stats(result: StatsResult, screen: Screen) -> str:
    members = count(result.members, "member")
    about = (
        f"{visible(result.group)}: {members}, {count(result.files, 'file')}, {size(result.bytes)}"
    )
    who = "" if result.upload == "members" else "; only uploaders and admins add files"
    columns = [
        Column("user", folds=True),
        Column("sent", right=True),
        Column("received", right=True),
    ]
    rows = [[row.user, size(row.up), size(row.down)] for row in result.users]
    shown = len(rows)
    if result.left is not None:
        rows.append(["(left)", size(result.left.up), size(result.left.down)])
    return (
        f"{screen.wrap(about + who)}\n{_listed(result, rows, columns, 'user', screen, shown=shown)}"
    )


def _requests(result: RequestsResult, screen: Screen) -> str:
    if not result.requests and not result.pattern:
        return f"No requests to join {visible(result.group)}"
    columns = [Column("user", folds=True), Column("asked at")]
    rows = [[row.user, local_time(row.requested_at)] for row in result.requests]
    return _listed(result, rows, columns, "request", screen)


def _invites(result: InvitesResult, screen: Screen) -> str:
    if not result.invites and not result.pattern:
        return f"No invitations to {visible(result.group)}; create one with: invite"
    columns = [
        Column("id", right=True),
        Column("by", folds=True),
        Column("created at"),
        Column("uses left", right=True),
        Column("until"),
        Column("makes"),
    ]
    rows = [
        [
            str(row.id),
            row.by,
            local_time(row.at),
            f"{row.uses_left:,}",
            local_time(row.expires_at),
            "admins" if row.admin else f"{row.role}s",
        ]
        for row in result.invites
    ]
    return _listed(result, rows, columns, "invitation", screen)


def _files(result: FilesResult, screen: Screen) -> str:
    if not result.files and not result.pattern:
        return f"{visible(result.group)} shares no files yet; share one with: upload_file PATH"
    columns = [
        Column("name", folds=True),
        Column("size", right=True),
        Column("pieces", right=True),
        Column("owner", folds=True),
        Column("seeders", right=True),
        Column("leechers", right=True),
    ]
    rows = [
        [f.name, size(f.size), str(f.pieces), f.owner, str(f.seeders), str(f.leechers)]
        for f in result.files
    ]
    return _listed(result, rows, columns, "file", screen)


def _found(result: FoundFilesResult, screen: Screen) -> str:
    columns = [
        Column("group", folds=True),
        Column("name", folds=True),
        Column("size", right=True),
        Column("owner", folds=True),
        Column("seeders", right=True),
        Column("leechers", right=True),
    ]
    rows = [
        [f.group, f.name, size(f.size), f.owner, str(f.seeders), str(f.leechers)]
        for f in result.files
    ]
    return _listed(result, rows, columns, "file", screen)


def _sessions(result: SessionsResult, screen: Screen) -> str:
    columns = [Column("id", right=True), Column("address"), Column("since"), Column("current")]
    rows = [
        [str(row.id), row.address, local_time(row.since), "*" if row.current else ""]
        for row in result.sessions
    ]
    return _listed(result, rows, columns, "session", screen)


def _events(result: EventsResult, screen: Screen) -> str:
    columns = [
        Column("at"),
        Column("who", folds=True),
        Column("what"),
        Column("subject", folds=True),
        Column("from"),
    ]
    rows = [
        [local_time(row.at), row.who or "-", row.what, row.subject, row.address or "-"]
        for row in result.events
    ]
    older = f"show older events with: audit {quote(result.group)} --before {result.before}"
    hint = "narrow with a pattern, or --limit" if result.before is None else older
    return _listed(result, rows, columns, "event", screen, hint)


def _notices(result: NoticesResult, screen: Screen) -> str:
    if not result.notices and not result.pattern:
        return "No notices yet"
    columns = [Column("at"), Column("group", folds=True), Column("what", folds=True)]
    lines = fold(result.notices, lambda row: row.seconds)
    rows = [[local_time(one.newest.at), one.newest.group or "-", one.text] for one in lines]
    return _listed(result, rows, columns, "notice", screen, shown=len(result.notices))


LIST_FORMATTERS: Mapping[type[BaseModel], Callable[[Any, Screen], str]] = {
    GroupsResult: _groups,
    MembersResult: _members,
    StatsResult: _stats,
    RequestsResult: _requests,
    InvitesResult: _invites,
    FilesResult: _files,
    FoundFilesResult: _found,
    SessionsResult: _sessions,
    EventsResult: _events,
    NoticesResult: _notices,
}
"""How to format each result of a list."""
