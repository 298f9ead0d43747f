"""Formats results as text: one line where one line is enough, otherwise an aligned table.

Names come from other users, so every value is passed through `visible`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from client.commands.command import Command
from client.commands.general import CommandHelpResult, EndResult, HelpResult
from client.results.accounts import LoginResult
from client.results.files import StartedDownloadsResult, UploadsResult
from client.results.groups import AcceptedResult, InviteResult, RejectedResult
from client.results.health import ChecksResult, TrackersResult
from client.results.settings import LimitsResult, SettingsResult
from client.results.transfers import (
    DownloadsResult,
    PeersResult,
    SharesResult,
    WaitResult,
    WhyResult,
)
from client.shell.downloads import download_lines
from client.shell.help_text import command_help_text, help_text
from client.shell.list_tables import LIST_FORMATTERS
from client.shell.settings_table import settings_text
from client.shell.several import Changed, changed_text, some, started_text, uploads_text
from client.shell.terminal.screen import Column, Screen
from common.text import count, local_time, percent, rate, size, visible


def answer(command: Command | None, result: BaseModel, screen: Screen) -> str:
    """Return the text for a command's result, or "" if there is nothing to print."""
    formatter = _FORMATTERS.get(type(result))
    if formatter is not None:
        return formatter(result, screen)
    if isinstance(result, Changed):
        return changed_text(command.answer_many if command else "", result, screen)
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


def _login(result: LoginResult, _: Screen) -> str:
    groups_text = (
        f"groups: {some(result.groups, result.more_groups)}"
        if result.groups
        else "no groups yet (create_group or join_group)"
    )
    sharing = f"; sharing {count(result.sharing, 'file')} again" if result.sharing else ""
    return f"Logged in as {visible(result.user)}; {groups_text}{sharing}"


def _invite(result: InviteResult, _: Screen) -> str:
    """The invitation on a line of its own, whole, so that it can be copied."""
    users = "1 user" if result.uses == 1 else f"{result.uses:,} users"
    until = local_time(result.expires_at)
    about = f"Invitation {result.id} lets {users} into {visible(result.group)} until {until}:"
    return f"{about}\n{visible(result.invitation)}"


def _downloads(result: DownloadsResult, screen: Screen) -> str:
    if not result.downloads and result.states:
        return f"No downloads are {visible(result.states.replace(',', ' or '))}"
    if not result.downloads:
        return "No downloads; start one with: download_file GROUP NAME"
    return "\n".join(download_lines(result.downloads, screen))


def _shares(result: SharesResult, screen: Screen) -> str:
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


def _peers(result: PeersResult, screen: Screen) -> str:
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
        Column("route"),
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
            peer.route,
        ]
        for peer in result.peers
    ]
    return screen.table(columns, rows)


def _accepted(result: AcceptedResult, _: Screen) -> str:
    users, group = result.users, visible(result.group)
    if not users:
        return f"Nobody asks to join {group}"
    are = "is now a member" if len(users) == 1 else "are now members"
    accepted = f"{some(users, 0)} {are} of {group}"
    if not result.left:
        return accepted
    return f"{accepted}; {count(result.left, 'request')} left: {visible(result.reason)}"


def _rejected(result: RejectedResult, _: Screen) -> str:
    if not result.users:
        return f"Nobody asks to join {visible(result.group)}"
    requests = count(len(result.users), "request")
    return f"Rejected {requests} to join {visible(result.group)}: {some(result.users, 0)}"


def _limits(result: LimitsResult, screen: Screen) -> str:
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


def _trackers(result: TrackersResult, screen: Screen) -> str:
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


def _why(result: WhyResult, screen: Screen) -> str:
    return f"{screen.wrap(visible(result.reason))}\n{screen.wrap(visible(result.hint))}"


def _checks(result: ChecksResult, screen: Screen) -> str:
    columns = [Column("result"), Column("check", folds=True)]
    rows = [["ok" if c.ok else "failed", f"{c.name}: {c.hint}"] for c in result.checks]
    return screen.table(columns, rows)


def _waited(result: WaitResult, _: Screen) -> str:
    if not result.completed and not result.failed:
        return "Nothing to wait for"
    parts = [
        f"{word}: {', '.join(map(visible, names))}"
        for word, names in (("completed", result.completed), ("failed", result.failed))
        if names
    ]
    return "; ".join(parts)


def _nothing(_result: BaseModel, _screen: Screen) -> str:
    return ""


_FORMATTERS: dict[type[BaseModel], Callable[[Any, Screen], str]] = {
    **LIST_FORMATTERS,
    LoginResult: _login,
    InviteResult: _invite,
    UploadsResult: uploads_text,
    StartedDownloadsResult: started_text,
    DownloadsResult: _downloads,
    SharesResult: _shares,
    PeersResult: _peers,
    LimitsResult: _limits,
    AcceptedResult: _accepted,
    RejectedResult: _rejected,
    SettingsResult: settings_text,
    TrackersResult: _trackers,
    ChecksResult: _checks,
    WhyResult: _why,
    WaitResult: _waited,
    HelpResult: help_text,
    CommandHelpResult: command_help_text,
    EndResult: _nothing,
}
