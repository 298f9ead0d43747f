"""`send`: shares files in a group of their own until everybody who was invited has them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from client.oneshot.commands import Commands
from common.errors import ErrorCode, MinitorrentError
from common.text import size

_POLL = 0.5  # seconds between looks at who has what
_ALL = 0  # rows of a list
_PASSING = (ErrorCode.TRACKER_UNREACHABLE, ErrorCode.TIMEOUT, ErrorCode.BUSY)


@dataclass
class Recipients:
    """Who uses an invitation, and which of the files each of them has."""

    files: frozenset[str]
    uses: int
    received: dict[str, set[str]] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)

    def take(self, events: list[dict[str, Any]]) -> list[str]:
        """Take all events of the group so far; return a sentence for each news."""
        before = (set(self.received), self._served())
        for event in events:
            match event["what"]:
                case "invite_used":
                    self.received.setdefault(event["subject"], set())
                case "file_completed" if event["who"] in self.received:
                    self.received[event["who"]].add(event["subject"])
                case "member_left":
                    self.left.add(event["subject"])
        come, served = sorted(set(self.received) - before[0]), sorted(self._served() - before[1])
        return [
            *(f"{user} is receiving" for user in come),
            *(f"{user} has received everything" for user in served),
        ]

    def _served(self) -> set[str]:
        return {user for user, files in self.received.items() if files >= self.files}

    @property
    def served(self) -> int:
        """How many of them have everything."""
        return len(self._served())

    def may_end(self, *, is_expired: bool) -> bool:
        """Return whether nobody is left to wait for, or to come before the invitation expires."""
        is_receiving = set(self.received) - self._served() - self.left
        return not is_receiving and (is_expired or len(self.received) >= self.uses)

    @property
    def line(self) -> str:
        """The state in a few words."""
        receiving = len(self.received) - self.served
        now = f", {receiving} receiving" if receiving else ""
        return f"received by {self.served} of {self.uses}{now}"


@dataclass(frozen=True)
class Terminal:
    """Where `send` says what happens: the invitation on stdout, all else on stderr."""

    show_invitation: Callable[[str], None]
    note: Callable[[str], None]
    progress: Callable[[str], None]
    is_ending: Callable[[], bool]


def send(
    commands: Commands, paths: list[Path], uses: int, days: int | None, terminal: Terminal
) -> bool:
    """Share paths in a new sealed group until they were received; then the group ends.

    Shows the invitation as soon as it is valid. Returns whether as many people as were invited
    received everything: not when the invitation expired before, or the user ended it. Raises
    MinitorrentError.
    """
    group = f"send-{secrets.token_hex(4)}"
    commands.call("create_group", group)
    try:
        names = [commands.call("upload_file", str(path), group)["name"] for path in paths]
        invited = commands.call("invite", group, uses=uses, days=days)
        terminal.show_invitation(invited["invitation"])
        who = "one person" if uses == 1 else f"up to {uses} people"
        terminal.note(f"Send this line to {who}; they type: minitorrent receive INVITATION")
        recipients = Recipients(frozenset(names), uses)
        _wait(commands, group, recipients, datetime.fromisoformat(invited["expires_at"]), terminal)
    finally:
        terminal.progress("")
        _end(commands, group, terminal)
    return recipients.served >= uses


def _wait(
    commands: Commands, group: str, recipients: Recipients, end: datetime, terminal: Terminal
) -> None:
    """Wait until everybody has everything, the invitation has expired, or the user ends it."""
    while not terminal.is_ending():
        try:
            for news in recipients.take(commands.call("audit", group, limit=_ALL)["events"]):
                terminal.note(news)
            terminal.progress(f"{recipients.line}; {size(_sent(commands, group))} sent")
        except MinitorrentError as error:
            if error.code not in _PASSING:
                raise
        if recipients.may_end(is_expired=datetime.now(UTC) > end):
            return
        time.sleep(_POLL)


def _sent(commands: Commands, group: str) -> int:
    """Return the number of bytes sent so far."""
    rows = commands.call("show_shares")["shares"]
    return sum(row["uploaded"] for row in rows if row["group"] == group)


def _end(commands: Commands, group: str, terminal: Terminal) -> None:
    """End the group, with its invitation and its guests."""
    try:
        commands.call("leave_group", group)
    except MinitorrentError as error:
        terminal.note(f"The group {group} is still there: {error.message}")
