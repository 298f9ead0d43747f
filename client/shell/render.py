"""Formats results as text: one line where one line is enough, otherwise an aligned table.

Names come from other users, so every value is passed through `visible`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel

from client import list_results, results
from client.commands.command import Command
from client.commands.general import CommandHelpResult, EndResult, HelpResult
from client.commands.parsing import quote
from client.shell.downloads import download_lines
from client.shell.terminal.screen import Column, Screen
from common.api import groups
from common.text import count, local_time, percent, rate, size, visible

_MAX_NAMES = 20
"""Names listed in a sentence; of more, their number is given."""

_USAGE_WIDTH = 29
"""Columns for the usage line of a command in `help`; longer ones get a line of their own."""

_HELP_WIDTH = 76
"""Columns of the text about a single command."""


def answer(command: Command | None, result: BaseModel, screen: Screen) -> str:
    """Return the text for a command's result, or "" if there is nothing to print."""
    formatter = _FORMATTERS.get(type(result))
    if formatter is not None:
        return formatter(result, screen)
    return _sentence(command.answer if command else "", result)


def _sentence(template: str, result: BaseModel) -> str:
    """Fill the result's fields into `template`."""
    return template.format_map({name: _shown(name, value) for name, value in result})


def _shown(name: str, value: object) -> str:
    """Return the text for a field of a result."""
    if name == "size" and isinstance(value, int):
        return size(value)
    if name == "pieces" and isinstance(value, int):
        return count(value, "piece")
    return visible(str(value))


def _login(result: results.LoginResult, _: Screen) -> str:
    groups_text = (
        f"groups: {_some(result.groups, result.more_groups)}"
        if result.groups
        else "no groups yet (create_group or join_group)"
    )
    sharing = f"; sharing {count(result.sharing, 'file')} again" if result.sharing else ""
    return f"Logged in as {visible(result.user)}; {groups_text}{sharing}"


def _some(names: Sequence[str], more: int) -> str:
    """Join names with commas; of many, only the first."""
    shown = ", ".join(map(visible, names[:_MAX_NAMES]))
    left = len(names[_MAX_NAMES:]) + more
    return f"{shown} and {left:,} more" if left else shown


def _listed(
    result: list_results.ListResult,
    rows: Sequence[Sequence[str]],
    columns: Sequence[Column],
    noun: str,
    screen: Screen,
    hint: str = "narrow with a pattern, or --limit",
) -> str:
    """Format a list as a table, with a line below it if the table isn't complete."""
    if not rows and result.pattern:
        return f"No {noun} matches {visible(result.pattern)!r}"
    table = screen.table(columns, rows)
    if len(rows) >= result.total:
        return table
    return f"{table}\n{len(rows):,} of {result.total:,} {noun}s; {hint}"


def _groups(result: list_results.GroupsResult, screen: Screen) -> str:
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


def _members(result: list_results.MembersResult, screen: Screen) -> str:
    columns = [Column("user", folds=True), Column("role"), Column("online")]
    rows = [[m.user, m.role, "online" if m.online else "-"] for m in result.members]
    return _listed(result, rows, columns, "member", screen)


def _requests(result: list_results.RequestsResult, screen: Screen) -> str:
    if not result.requests and not result.pattern:
        return f"No requests to join {visible(result.group)}"
    columns = [Column("user", folds=True), Column("asked at")]
    rows = [[row.user, local_time(row.requested_at)] for row in result.requests]
    return _listed(result, rows, columns, "request", screen)


def _invite(result: results.InviteResult, _: Screen) -> str:
    """The invitation on a line of its own, whole, so that it can be copied."""
    users = "1 user" if result.uses == 1 else f"{result.uses:,} users"
    until = local_time(result.expires_at)
    about = f"Invitation {result.id} lets {users} into {visible(result.group)} until {until}:"
    return f"{about}\n{visible(result.invitation)}"


def _invites(result: list_results.InvitesResult, screen: Screen) -> str:
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
            "admins" if row.admin else "members",
        ]
        for row in result.invites
    ]
    return _listed(result, rows, columns, "invitation", screen)


def _files(result: list_results.FilesResult, screen: Screen) -> str:
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


def _downloads(result: results.DownloadsResult, screen: Screen) -> str:
    if not result.downloads:
        return "No downloads; start one with: download_file GROUP NAME DEST"
    return "\n".join(download_lines(result.downloads, screen))


def _shares(result: results.SharesResult, screen: Screen) -> str:
    if not result.shares:
        return "You share no files yet; share one with: upload_file PATH GROUP"
    columns = [
        Column("group", folds=True),
        Column("name", folds=True),
        Column("size", right=True),
        Column("uploaded", right=True),
        Column("peers", right=True),
        Column("path", folds=True),
    ]
    rows = [
        [s.group, s.name, size(s.size), size(s.uploaded), str(s.peers), s.path]
        for s in result.shares
    ]
    table = screen.table(columns, rows)
    if not result.waiting:
        return table
    return f"{table}\n{result.waiting:,} of these are still being checked before they are shared"


def _peers(result: results.PeersResult, screen: Screen) -> str:
    if not result.peers:
        return "No connected peers"
    columns = [
        Column("address"),
        Column("client", folds=True),
        Column("user", folds=True),
        Column("has", right=True),
        Column("down", right=True),
        Column("up", right=True),
        Column("flags"),
    ]
    rows = [
        [
            peer.address,
            peer.client,
            peer.user or "-",
            percent(peer.progress),
            rate(peer.down_rate),
            rate(peer.up_rate),
            peer.flags,
        ]
        for peer in result.peers
    ]
    return screen.table(columns, rows)


def _limits(result: results.LimitsResult, screen: Screen) -> str:
    if not any(row.up or row.down for row in result.limits):
        return "No rate limits"
    columns = [
        Column("group", folds=True),
        Column("name", folds=True),
        Column("up", right=True),
        Column("down", right=True),
    ]
    rows = [
        [
            row.group or "all transfers",
            row.name or "",
            rate(row.up) if row.up else "no limit",
            rate(row.down) if row.down else "no limit",
        ]
        for row in result.limits
    ]
    return screen.table(columns, rows)


def _trackers(result: results.TrackersResult, screen: Screen) -> str:
    columns = [
        Column("tracker", folds=True),
        Column("state"),
        Column("in use"),
        Column("certificate (SHA-256)", folds=True),
    ]
    rows = [
        [t.address, t.state, "*" if t.current else "", t.fingerprint or ""] for t in result.trackers
    ]
    return screen.table(columns, rows)


def _why(result: results.WhyResult, screen: Screen) -> str:
    return f"{screen.wrap(visible(result.reason))}\n{screen.wrap(visible(result.hint))}"


def _checks(result: results.ChecksResult, screen: Screen) -> str:
    columns = [Column("result"), Column("check", folds=True)]
    rows = [["ok" if c.ok else "failed", f"{c.name}: {c.hint}"] for c in result.checks]
    return screen.table(columns, rows)


def _sessions(result: list_results.SessionsResult, screen: Screen) -> str:
    columns = [Column("id", right=True), Column("address"), Column("since"), Column("current")]
    rows = [
        [str(row.id), row.address, local_time(row.since), "*" if row.current else ""]
        for row in result.sessions
    ]
    return _listed(result, rows, columns, "session", screen)


def _events(result: list_results.EventsResult, screen: Screen) -> str:
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


def _notices(result: list_results.NoticesResult, screen: Screen) -> str:
    if not result.notices and not result.pattern:
        return "No notices yet"
    columns = [Column("at"), Column("group", folds=True), Column("what", folds=True)]
    rows = [[local_time(row.at), row.group or "-", row.text] for row in result.notices]
    return _listed(result, rows, columns, "notice", screen)


def _waited(result: results.WaitResult, _: Screen) -> str:
    if not result.completed and not result.failed:
        return "Nothing to wait for"
    parts = [
        f"{word}: {', '.join(map(visible, names))}"
        for word, names in (("completed", result.completed), ("failed", result.failed))
        if names
    ]
    return "; ".join(parts)


def _help(result: HelpResult, screen: Screen) -> str:
    lines: list[str] = []
    topic = ""
    for row in result.commands:
        if row.topic != topic:
            topic = row.topic
            lines.append(screen.paint(topic.capitalize(), "bold"))
        lines += _usage_lines(row.usage, row.summary)
    return "\n".join([*lines, "For details of a command: help COMMAND"])


def _usage_lines(usage: str, summary: str) -> list[str]:
    if len(usage) <= _USAGE_WIDTH:
        return [f"  {usage:<{_USAGE_WIDTH}} {summary}"]
    return [f"  {usage}", f"  {'':<{_USAGE_WIDTH}} {summary}"]


def _command_help(result: CommandHelpResult, screen: Screen) -> str:
    lines = [screen.paint(result.usage, "bold"), f"  {result.summary}"]
    if result.details:
        lines += ["", *_indented(result.details)]
    words = [*result.arguments, *result.options]
    width = max((len(row.word) for row in words), default=0)
    lines += ["", *(f"  {row.word:<{width}}  {row.meaning}" for row in words)] if words else []
    if result.errors:
        codes = f"Errors: {', '.join(row.word for row in result.errors)}"
        lines += ["", *_indented(codes)]
    return "\n".join([*lines, f"  Example: {result.example}"])


def _indented(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, _HELP_WIDTH, initial_indent="  ", subsequent_indent="  ")


def _nothing(_result: BaseModel, _screen: Screen) -> str:
    return ""


_FORMATTERS: dict[type[BaseModel], Callable[[Any, Screen], str]] = {
    results.LoginResult: _login,
    list_results.GroupsResult: _groups,
    list_results.MembersResult: _members,
    list_results.RequestsResult: _requests,
    list_results.InvitesResult: _invites,
    results.InviteResult: _invite,
    list_results.FilesResult: _files,
    results.DownloadsResult: _downloads,
    results.SharesResult: _shares,
    results.PeersResult: _peers,
    results.LimitsResult: _limits,
    results.TrackersResult: _trackers,
    results.ChecksResult: _checks,
    results.WhyResult: _why,
    list_results.SessionsResult: _sessions,
    list_results.EventsResult: _events,
    list_results.NoticesResult: _notices,
    results.WaitResult: _waited,
    HelpResult: _help,
    CommandHelpResult: _command_help,
    EndResult: _nothing,
}
