"""The Settings tab: limits, password, health checks, trackers and sessions."""

from __future__ import annotations

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.results.health import ChecksResult, TrackersResult
from client.results.lists import SessionsResult
from client.web.page.command_client import CommandClient
from client.web.page.parts.controls import button, card, field, heading
from client.web.page.parts.desktop import DesktopChoice
from client.web.page.parts.limit_form import LimitForm
from client.web.page.parts.password_form import NewPassword
from client.web.page.parts.tables import ACTIONS, Action, Column, Table
from client.web.page.toasts import show_error, show_message
from client.web.page.translation import LANGUAGE_NAMES, N_, _
from common.errors import ErrorCode, MinitorrentError
from common.text import local_time

_TRACKERS = (
    Column("address", N_("Tracker")),
    Column("state", N_("State")),
    Column("fingerprint", N_("Certificate"), wide=True),
)
_SESSIONS = (
    Column("id", N_("Session")),
    Column("address", N_("Address")),
    Column("since", N_("Since"), wide=True, shown="moment"),
    ACTIONS,
)
_END = Action("end", "logout", N_("End session"), "!row.current")


class SettingsTab:
    """The tab of settings."""

    def __init__(self, commands: CommandClient) -> None:
        self._commands = commands
        heading(_("Settings"))
        with card(_("Limits")):
            self._limits = LimitForm(commands)
        with card(_("Language")):
            self._language = LanguageChoice(commands)
        with card(_("Desktop notifications")):
            self._desktop = DesktopChoice()
        self._password()
        HealthChecks(commands)
        # Tables that fill up later are at the end: what is below them would move.
        with card(_("Trackers")):
            self._trackers = Table(_TRACKERS, "address", _("No trackers."))
        with card(_("Sessions")):
            self._sessions = Table(_SESSIONS, "id", _("No sessions."), actions=(_END,), named="id")
            self._sessions.on("end", self._end_session)

    async def refresh(self) -> None:
        """Update limits, sessions and the trackers' states."""
        await self._limits.refresh()
        await self._language.refresh()
        await self._desktop.refresh()
        try:
            found = await self._commands.ask(TrackersResult, "trackers")
            logins = await self._commands.ask(SessionsResult, "sessions")
        except MinitorrentError as error:
            show_error(error)
            return
        rows = [
            {
                "address": row.address,
                "state": f"{_(row.state)} ({_('in use')})" if row.current else _(row.state),
                "fingerprint": row.fingerprint or _("none"),
            }
            for row in found.trackers
        ]
        self._trackers.show(rows)
        sessions = [
            {
                "id": row.id,
                "address": f"{row.address} ({_('current')})" if row.current else row.address,
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
        with card(_("Password")), ui.row().classes("bar"):
            old = field(_("Old password"), secret=True).props("autocomplete=current-password")
            new = field(_("New password"), secret=True).props("autocomplete=new-password")

            async def change() -> None:
                if not again.is_repeated:
                    reason = _("The two passwords differ; type the same one twice.")
                    show_error(MinitorrentError(ErrorCode.USAGE, reason), "passwd")
                elif await self._commands.do("passwd", old=old.value, new=new.value):
                    old.value = new.value = ""
                    again.clear()
                    show_message(_("Password changed; your other sessions were logged out."))

            again = NewPassword(new, None, change)
            button(_("Change"), change)


class LanguageChoice:
    """The language of the page: the browser's, or one of the page's."""

    def __init__(self, commands: CommandClient) -> None:
        self._commands = commands
        names = {"auto": _("As the browser prefers"), **LANGUAGE_NAMES}
        self._choice = ui.select(names, label=_("Language of this page"), value="auto")
        self._choice.props("outlined dense").classes("field")
        self._choice.on_value_change(self._change)
        self._current = "auto"

    async def refresh(self) -> None:
        """Show the current choice."""
        chosen = await self._commands.query(lambda session: session.settings.language)
        if chosen != self._current:
            self._current = self._choice.value = chosen

    async def _change(self) -> None:
        chosen = self._choice.value
        if chosen != self._current and await self._commands.do(
            "settings", name="language", value=chosen
        ):
            ui.navigate.reload()


class HealthChecks:
    """A card with a button that runs the checks and lists their results."""

    def __init__(self, commands: CommandClient) -> None:
        self._commands = commands
        with card(_("Health checks")):
            button(_("Run checks"), self._check)
            self._list = ui.element("ul").classes("notices")
            self._list.props["aria-label"] = _("Checks")
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
