"""The frame of the page: the header, light or dark mode, and login form or tabs."""

from __future__ import annotations

from pathlib import Path

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.results.overview import Overview
from client.web.page.command_client import CommandClient
from client.web.page.login import Login
from client.web.page.main_view import TABS, MainView
from client.web.page.parts.address import Address
from client.web.page.parts.controls import icon_button
from client.web.page.parts.dark_mode import DarkMode
from client.web.page.toasts import Toasts
from client.web.page.translation import _

_STYLE = Path(__file__).with_name("style.css")
_READ_DARK = "localStorage.getItem('minitorrent-dark')"
_STORE_DARK = "localStorage.setItem('minitorrent-dark', Quasar.Dark.isActive ? 'dark' : 'light')"
_REPORT_PLACE = """
window.addEventListener('popstate', () => emitEvent('place', location.hash.slice(0, 8000)));
"""
"""Runs when the user goes back or forward, or changes the address's fragment."""

_FORGET_PLACE = "history.replaceState(null, '', location.pathname)"


class Layout:
    """One browser window. Windows share the session: logging out in one logs out all.

    `place` is the fragment of the window's address.
    """

    def __init__(self, commands: CommandClient, place: str) -> None:
        self._commands = commands
        self._address = Address.parse(place, TABS)
        self._is_invited = bool(self._address.invitation)
        self._user: str | None = None
        self._main_view: MainView | None = None
        self._login: Login | None = None
        ui.add_css(_STYLE.read_text(encoding="utf-8"))
        ui.add_head_html(f"<script>{_REPORT_PLACE}</script>")
        ui.on("place", self._go)
        self._dark = DarkMode(None)
        with ui.header().classes("header"):
            ui.label("Minitorrent").classes("brand").props("role=heading aria-level=1")
            self._state = ui.label().classes("quiet").props("role=status")
            ui.space()
            self._who = ui.label().classes("name")
            self._leave = icon_button("logout", _("Log out"), self._log_out)
            icon_button("contrast", _("Switch between light and dark"), self._switch_dark)
        with ui.element("div").classes("banner").props("role=alert") as self._banner:
            ui.icon("cloud_off")
            self._trouble = ui.label().classes("grow")
        self._banner.visible = False
        self._main = ui.element("div").classes("page")
        self._toasts = Toasts()

    async def open(self) -> None:
        """Draw the current state and keep it up to date."""
        overview = await self._overview()
        self._show_tracker(overview)
        await self._draw(overview.user)
        ui.timer(1.0, self._tick)
        ui.context.client.on_connect(self._on_connect)

    async def _on_connect(self) -> None:
        """Apply the choice of light or dark that this browser has stored; tidy up the address."""
        if self._is_invited:
            self._is_invited = False
            ui.run_javascript(_FORGET_PLACE)
        remembered = await ui.run_javascript(_READ_DARK)
        if remembered in ("dark", "light"):
            self._dark.value = remembered == "dark"

    async def _go(self, event: GenericEventArguments) -> None:
        """Show the place that the browser's address names now."""
        fragment = event.args
        if not isinstance(fragment, str):
            return
        address = Address.parse(fragment, TABS)
        if address.invitation:
            ui.run_javascript(_FORGET_PLACE)
        if self._main_view is not None:
            await self._main_view.go(address)
        elif self._login is not None and address.invitation:
            self._login.show_invitation(address.invitation)

    async def _overview(self) -> Overview:
        return await self._commands.query(lambda session: session.overview())

    async def _tick(self) -> None:
        overview = await self._overview()
        self._show_tracker(overview)
        if overview.user != self._user:
            await self._draw(overview.user)
        elif self._main_view is not None:
            await self._main_view.tick(overview)

    def _show_tracker(self, overview: Overview) -> None:
        self._state.text = (
            _("Connecting to the tracker…") if overview.tracker == "connecting" else ""
        )
        is_gone = overview.tracker == "unreachable"
        if is_gone:
            self._trouble.text = _(
                "No tracker can be reached. Transfers with known peers continue, and this page "
                "connects again by itself."
            )
        self._banner.visible = is_gone

    async def _draw(self, user: str | None) -> None:
        was_logged_in = self._user is not None
        self._user = user
        self._who.text = user or ""
        self._leave.visible = user is not None
        self._main.clear()
        self._main_view, self._login = None, None
        with self._main:
            if user is None:
                if was_logged_in:
                    ui.run_javascript(_FORGET_PLACE)
                self._login = Login(self._commands, self._address.invitation)
            else:
                self._main_view = MainView(self._commands, self._address)
                self._toasts.show_rest = self._main_view.show_notices
                await self._main_view.refresh()
        self._address = Address()

    async def _log_out(self) -> None:
        await self._commands.do("logout")

    async def _switch_dark(self) -> None:
        """Switch between light and dark, overriding the system's setting."""
        is_dark = await ui.run_javascript("Quasar.Dark.isActive")
        self._dark.value = not is_dark
        await ui.run_javascript(f"setTimeout(() => {_STORE_DARK}, 100)")
