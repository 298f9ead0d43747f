"""The Settings tab: limits, password, health checks, trackers and sessions."""

from __future__ import annotations

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.list_results import SessionsResult
from client.results import ChecksResult, TrackersResult
from client.web.page.command_client import CommandClient, show_error, show_message
from client.web.page.parts.controls import button, card, field, heading
from client.web.page.parts.limit_form import LimitForm
from client.web.page.parts.tables import ACTIONS, Action, Column, Table
from common.errors import MinitorrentError
from common.text import local_time

_TRACKERS = (
    Column("address", "Tracker"),
    Column("state", "State"),
    Column("fingerprint", "Certificate", wide=True),
)
_SESSIONS = (
    Column("id", "Session"),
    Column("address", "Address"),
    Column("since", "Since", wide=True, shown="moment"),
    ACTIONS,
)
_END = Action("end", "logout", "End session", "!row.current")


class SettingsTab:
    """The tab of settings."""

    def __init__(self, commands: CommandClient) -> None:
        self._commands = commands
        heading("Settings")
        with card("Limits"):
            self._limits = LimitForm(commands)
        self._password()
        HealthChecks(commands)
        # Tables that fill up later are at the end: what is below them would move.
        with card("Trackers"):
            self._trackers = Table(_TRACKERS, "address", "No trackers.")
        with card("Sessions"):
            self._sessions = Table(_SESSIONS, "id", "No sessions.", actions=(_END,), named="id")
            self._sessions.on("end", self._end_session)

    async def refresh(self) -> None:
        """Update limits, sessions and the trackers' states."""
        await self._limits.refresh()
        try:
            found = await self._commands.ask(TrackersResult, "trackers")
            logins = await self._commands.ask(SessionsResult, "sessions")
        except MinitorrentError as error:
            show_error(error)
            return
        rows = [
            {
                "address": row.address,
                "state": f"{row.state} (in use)" if row.current else row.state,
                "fingerprint": row.fingerprint or "none",
            }
            for row in found.trackers
        ]
        self._trackers.show(rows)
        sessions = [
            {
                "id": row.id,
                "address": f"{row.address} (current)" if row.current else row.address,
                "since": row.since,
                "moment": local_time(row.since),
                "current": row.current,
            }
            for row in logins.sessions
        ]
        self._sessions.show(sessions)

    async def _end_session(self, event: GenericEventArguments) -> None:
        if await self._commands.do("end_session", id=event.args[0]):
            await self.refresh()

    def _password(self) -> None:
        with card("Password"), ui.row().classes("bar"):
            old = field("Old password", secret=True).props("autocomplete=current-password")
            new = field("New password", secret=True).props("autocomplete=new-password")

            async def change() -> None:
                if await self._commands.do("passwd", old=old.value, new=new.value):
                    old.value = new.value = ""
                    show_message("Password changed; your other sessions were logged out.")

            button("Change", change)


class HealthChecks:
    """A card with a button that runs the checks and lists their results."""

    def __init__(self, commands: CommandClient) -> None:
        self._commands = commands
        with card("Health checks"):
            button("Run checks", self._check)
            self._list = ui.element("ul").classes("notices").props("aria-label=Checks")
        self._list.visible = False

    async def _check(self) -> None:
        try:
            found = await self._commands.ask(ChecksResult, "doctor")
        except MinitorrentError as error:
            show_error(error)
            return
        self._list.clear()
        with self._list:
            for check in found.checks:
                with ui.element("li"):
                    ui.icon("check_circle" if check.ok else "error").classes(
                        "good" if check.ok else "bad"
                    )
                    ui.label(f"{check.name}: {check.hint}")
        self._list.visible = True
