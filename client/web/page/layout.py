"""The frame of the page: the header, light or dark mode, and login form or tabs."""

from __future__ import annotations

from pathlib import Path

from nicegui import ui

from client.results import Overview
from client.web.page.command_client import CommandClient
from client.web.page.login import Login
from client.web.page.main_view import MainView
from client.web.page.parts.controls import icon_button
from client.web.page.toasts import Toasts
from client.web.page.translation import _

_STYLE = Path(__file__).with_name("style.css")
_READ_DARK = "localStorage.getItem('minitorrent-dark')"
_STORE_DARK = "localStorage.setItem('minitorrent-dark', Quasar.Dark.isActive ? 'dark' : 'light')"


class Layout:
    """One browser window. Windows share the session: logging out in one logs out all."""

    def __init__(self, commands: CommandClient) -> None:
        self._commands = commands
        self._user: str | None = None
        self._main_view: MainView | None = None
        ui.add_css(_STYLE.read_text(encoding="utf-8"))
        self._dark = ui.dark_mode(None)
        with ui.header().classes("header"):
            ui.label("Minitorrent").classes("brand").props("role=heading aria-level=1")
            self._state = ui.label().classes("quiet").props("role=status")
            ui.space()
            self._who = ui.label().classes("name")
            self._leave = icon_button("logout", _("Log out"), self._log_out)
            icon_button("contrast", _("Switch between light and dark"), self._switch_dark)
        self._main = ui.element("div").classes("page")
        self._toasts = Toasts()

    async def open(self) -> None:
        """Draw the current state and keep it up to date."""
        await self._draw((await self._overview()).user)
        ui.timer(1.0, self._tick)
        ui.context.client.on_connect(self._apply_remembered)

    async def _apply_remembered(self) -> None:
        """Apply the choice of light or dark that this browser has stored."""
        remembered = await ui.run_javascript(_READ_DARK)
        if remembered in ("dark", "light"):
            self._dark.value = remembered == "dark"

    async def _overview(self) -> Overview:
        return await self._commands.query(lambda session: session.overview())

    async def _tick(self) -> None:
        overview = await self._overview()
        is_fine = overview.tracker in ("connected", "offline")
        self._state.text = (
            "" if is_fine else _("Tracker: {state}").format(state=_(overview.tracker))
        )
        if overview.user != self._user:
            await self._draw(overview.user)
        elif self._main_view is not None:
            await self._main_view.tick(overview)

    async def _draw(self, user: str | None) -> None:
        self._user = user
        self._who.text = user or ""
        self._leave.visible = user is not None
        self._main.clear()
        with self._main:
            if user is None:
                self._main_view = None
                Login(self._commands)
            else:
                self._main_view = MainView(self._commands)
                await self._main_view.refresh()

    async def _log_out(self) -> None:
        await self._commands.do("logout")

    async def _switch_dark(self) -> None:
        """Switch between light and dark, overriding the system's setting."""
        is_dark = await ui.run_javascript("Quasar.Dark.isActive")
        self._dark.value = not is_dark
        await ui.run_javascript(f"setTimeout(() => {_STORE_DARK}, 100)")
