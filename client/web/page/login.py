"""The form to create an account and log in."""

from __future__ import annotations

from nicegui import ui

from client.web.page.command_client import CommandClient
from client.web.page.parts.controls import button, field, heading
from client.web.page.toasts import show_error
from client.web.page.translation import _
from common.errors import ErrorCode, MinitorrentError


class Login:
    """The page while no user is logged in."""

    def __init__(self, commands: CommandClient) -> None:
        self._commands = commands
        with ui.card().classes("login"):
            heading(_("Welcome"))
            ui.label(
                _("Share files with the members of your groups, directly between your machines.")
            )
            self._user = field(_("User")).props("autofocus autocomplete=username")
            self._password = field(_("Password"), secret=True)
            self._password.props("autocomplete=current-password")
            self._password.on("keydown.enter", self._login)
            self._user.on("keydown.enter", self._login)
            with ui.row().classes("buttons"):
                button(_("Create account"), self._create)
                button(_("Log in"), self._login, main=True)

    async def _create(self) -> None:
        if self._is_filled() and await self._commands.do(
            "create_user", user=self._user.value, password=self._password.value
        ):
            await self._login()

    async def _login(self) -> None:
        if self._is_filled():
            await self._commands.do("login", user=self._user.value, password=self._password.value)

    def _is_filled(self) -> bool:
        if self._user.value and self._password.value:
            return True
        show_error(MinitorrentError(ErrorCode.USAGE, _("Enter a user name and a password.")))
        return False
