"""Results as text for people: one line where one line does, an aligned table otherwise.

Names come from other people, so nothing of a result is printed but through `units.visible`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel

from client.commands import units
from client.commands.command import Command
from client.commands.general import CommandHelpResult, EndResult, HelpResult
from client.commands.parsing import quote
from client.commands.units import visible
from client.engine import lists, results
from client.shell.downloads import download_lines
from client.shell.screen import Column, Screen
from common.api import groups

_SOME = 20
"""How many names a sentence has."""


def answer(command: Command | None, result: BaseModel, screen: Screen) -> str:
    """What is printed for a command's result; "" when there is nothing to say."""
    picture = _PICTURES.get(type(result))
    if picture is not None:
        return picture(result, screen)
    return _sentence(command.answer if command else "", result)


def _sentence(template: str, result: BaseModel) -> str:
    """`template` with the result's fields in the places of their names in braces."""
    return template.format_map({name: _shown(name, value) for name, value in result})


def _shown(name: str, value: object) -> str:
    if name == "size" and isinstance(value, int):
        return units.size(value)
    if name == "pieces" and isinstance(value, int):
        return units.count(value, "piece")
    return visible(str(value))


def _login(result: results.LoginResult, _: Screen) -> str:
    groups_text = (
        f"groups: {_some(result.groups, result.more_groups)}"
        if result.groups
        else ("in no group yet (create_group or join_group)")
    )
    sharing = f"; sharing {units.count(result.sharing, 'file')} again" if result.sharing else ""
    return f"Logged in as {visible(result.user)}; {groups_text}{sharing}"


def _some(names: Sequence[str], more: int) -> str:
    """Names with commas, the first of them where they are many."""
    shown = ", ".join(map(visible, names[:_SOME]))
    left = len(names[_SOME:]) + more
    return f"{shown} and {left:,} more" if left else shown


def _listed(
    result: lists.ListResult,
    rows: Sequence[Sequence[str]],
    columns: Sequence[Column],
    noun: str,
    screen: Screen,
    hint: str = "narrow with a pattern, or --limit",
) -> str:
    """A table of part of a list, and how much that is where it isn't all."""
    if not rows and result.pattern:
        return f"No {noun} fits {visible(result.pattern)!r}"
    table = screen.table(columns, rows)
    if len(rows) >= result.total:
        return table
    return f"{table}\n{len(rows):,} of {result.total:,} {noun}s; {hint}"


def _groups(result: lists.GroupsResult, screen: Screen) -> str:
    if not result.groups and not result.pattern:
        return "No groups yet; make one with: create_group GROUP"
    columns = [
        Column("group", folds=True),
        Column("owner", folds=True),
        Column("members", right=True),
        Column("files", right=True),
        Column("mode"),
        Column("you"),
    ]
    rows = [
        [g.group, g.owner, str(g.members), str(g.files), g.mode, _part(g, result.user)]
        for g in result.groups
    ]
    return _listed(result, rows, columns, "group", screen)


def _part(row: groups.GroupRow, user: str) -> str:
    """What `user` is in a group; "" for an outsider."""
    if not row.member:
        return ""
    return "owner" if row.owner == user else "member"


def _members(result: lists.MembersResult, screen: Screen) -> str:
    columns = [Column("user", folds=True), Column("role"), Column("online")]
    rows = [[m.user, m.role, "online" if m.online else "-"] for m in result.members]
    return _listed(result, rows, columns, "member", screen)


def _requests(result: lists.RequestsResult, screen: Screen) -> str:
    if not result.requests and not result.pattern:
        return f"Nobody asks to join {visible(result.group)}"
    columns = [Column("user", folds=True), Column("asked at (UTC)")]
    rows = [[row.user, _moment(row.requested_at)] for row in result.requests]
    return _listed(result, rows, columns, "request", screen)


def _moment(at: object) -> str:
    """An ISO 8601 time to the second, without its T."""
    return str(at).replace("T", " ")[:19]


def _files(result: lists.FilesResult, screen: Screen) -> str:
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
        [f.name, units.size(f.size), str(f.pieces), f.owner, str(f.seeders), str(f.leechers)]
        for f in result.files
    ]
    return _listed(result, rows, columns, "file", screen)


def _downloads(result: results.DownloadsResult, screen: Screen) -> str:
    if not result.downloads:
        return "No downloads; start one with: download_file GROUP NAME DEST"
    return "\n".join(download_lines(result.downloads, screen))


def _shares(result: results.SharesResult, screen: Screen) -> str:
    if not result.shares:
        return "You share nothing yet; share something with: upload_file PATH GROUP"
    columns = [
        Column("group", folds=True),
        Column("name", folds=True),
        Column("size", right=True),
        Column("uploaded", right=True),
        Column("peers", right=True),
        Column("path", folds=True),
    ]
    rows = [
        [s.group, s.name, units.size(s.size), units.size(s.uploaded), str(s.peers), s.path]
        for s in result.shares
    ]
    table = screen.table(columns, rows)
    if not result.waiting:
        return table
    return f"{table}\n{result.waiting:,} of these are offered as soon as they have been looked at"


def _peers(result: results.PeersResult, screen: Screen) -> str:
    if not result.peers:
        return "No peers are connected"
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
            units.percent(peer.progress),
            units.rate(peer.down_rate),
            units.rate(peer.up_rate),
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
            row.group or "all together",
            row.name or "",
            units.rate(row.up) if row.up else "no limit",
            units.rate(row.down) if row.down else "no limit",
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
    columns = [Column("is"), Column("check", folds=True)]
    rows = [["ok" if c.ok else "wrong", f"{c.name}: {c.hint}"] for c in result.checks]
    return screen.table(columns, rows)


def _sessions(result: lists.SessionsResult, screen: Screen) -> str:
    columns = [Column("id", right=True), Column("address"), Column("since (UTC)"), Column("this")]
    rows = [
        [str(row.id), row.address, _moment(row.since), "*" if row.current else ""]
        for row in result.sessions
    ]
    return _listed(result, rows, columns, "session", screen)


def _events(result: lists.EventsResult, screen: Screen) -> str:
    columns = [
        Column("at (UTC)"),
        Column("who", folds=True),
        Column("what"),
        Column("subject", folds=True),
        Column("from"),
    ]
    rows = [
        [_moment(row.at), row.who or "-", row.what, row.subject, row.address or "-"]
        for row in result.events
    ]
    older = f"older ones: audit {quote(result.group)} --before {result.before}"
    hint = "narrow with a pattern, or --limit" if result.before is None else older
    return _listed(result, rows, columns, "event", screen, hint)


def _notices(result: lists.NoticesResult, screen: Screen) -> str:
    if not result.notices and not result.pattern:
        return "Nothing has happened yet that concerns you"
    columns = [Column("at (UTC)"), Column("group", folds=True), Column("what", folds=True)]
    rows = [[_moment(row.at), row.group or "-", row.text] for row in result.notices]
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
    return "\n".join([*lines, "More on one command: help COMMAND"])


def _usage_lines(usage: str, summary: str) -> list[str]:
    if len(usage) <= 29:
        return [f"  {usage:<29} {summary}"]
    return [f"  {usage}", f"  {'':<29} {summary}"]


def _command_help(result: CommandHelpResult, screen: Screen) -> str:
    import textwrap

    lines = [screen.paint(result.usage, "bold"), f"  {result.summary}"]
    if result.details:
        lines += [
            "",
            *textwrap.wrap(result.details, 76, initial_indent="  ", subsequent_indent="  "),
        ]
    words = [*result.arguments, *result.options]
    width = max((len(row.word) for row in words), default=0)
    lines += ["", *(f"  {row.word:<{width}}  {row.meaning}" for row in words)] if words else []
    if result.errors:
        codes = f"Errors: {', '.join(row.word for row in result.errors)}"
        lines += ["", *textwrap.wrap(codes, 76, initial_indent="  ", subsequent_indent="  ")]
    return "\n".join([*lines, f"  Example: {result.example}"])


def _nothing(_result: BaseModel, _screen: Screen) -> str:
    return ""


_PICTURES: dict[type[BaseModel], Callable[[Any, Screen], str]] = {
    results.LoginResult: _login,
    lists.GroupsResult: _groups,
    lists.MembersResult: _members,
    lists.RequestsResult: _requests,
    lists.FilesResult: _files,
    results.DownloadsResult: _downloads,
    results.SharesResult: _shares,
    results.PeersResult: _peers,
    results.LimitsResult: _limits,
    results.TrackersResult: _trackers,
    results.ChecksResult: _checks,
    results.WhyResult: _why,
    lists.SessionsResult: _sessions,
    lists.EventsResult: _events,
    lists.NoticesResult: _notices,
    results.WaitResult: _waited,
    HelpResult: _help,
    CommandHelpResult: _command_help,
    EndResult: _nothing,
}
