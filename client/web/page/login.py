"""The forms to log in and to create an account, with an invitation or without."""

from __future__ import annotations

from nicegui import ui

from client.results.accounts import UserResult
from client.web.page.command_client import CommandClient, Field
from client.web.page.parts.controls import button, field, heading
from client.web.page.parts.invitation_field import InvitationField
from client.web.page.parts.password_form import NewPassword
from client.web.page.toasts import show_error
from client.web.page.translation import _
from common.errors import ErrorCode, MinitorrentError

_LOG_IN, _CREATE = "log in", "create"


class Login:
    """The page while no user is logged in. `invitation` is one that the address contained."""

    def __init__(self, commands: CommandClient, invitation: str) -> None:
        self._commands = commands
        with ui.card().classes("login"):
            heading(_("Welcome"))
            ui.label(
                _("Share files with the members of your groups, directly between your machines.")
            )
            self._way = ui.toggle(
                {_LOG_IN: _("I have an account"), _CREATE: _("New account")},
                value=_LOG_IN,
                on_change=self._choose,
            ).props("no-caps unelevated spread toggle-text-color=on-accent")
            self._user = field(_("User")).props("autofocus autocomplete=username")
            self._user.on("keydown.enter", self._go)
            self._password = field(_("Password"), secret=True)
            self._password.on("keydown.enter", self._go)
            self._new = NewPassword(self._password, self._user, self._go)
            self._keep = ui.checkbox(_("Keep me logged in on this machine"))
            self._invitation = InvitationField(self._go)
            with ui.row().classes("buttons"):
                self._invited = button(_("I have an invitation"), self._open_invitation)
                self._submit = button("", self._go, main=True)
        if invitation:
            self.show_invitation(invitation)
        self._choose()

    def show_invitation(self, invitation: str) -> None:
        """Fill in an invitation that the user has opened."""
        self._invitation.value = invitation
        self._invited.visible = False
        self._way.value = _CREATE

    def _open_invitation(self) -> None:
        self._invitation.open()
        self._invited.visible = False

    def _choose(self) -> None:
        """Show the fields for logging in, or for a new account."""
        is_new = self._way.value == _CREATE
        self._new.visible = is_new
        self._submit.text = _("Create account") if is_new else _("Log in")
        way = "new-password" if is_new else "current-password"
        self._password.props(f"autocomplete={way}")

    async def _go(self) -> None:
        if not (self._user.value and self._password.value):
            self._refuse(_("Enter a user name and a password."))
        elif self._way.value == _LOG_IN:
            await self._log_in(join=True)
        elif not self._new.is_repeated:
            self._refuse(_("The two passwords differ; type the same one twice."))
        elif await self._create():
            await self._log_in(join=False)

    async def _create(self) -> bool:
        fields: dict[str, Field] = {"user": self._user.value, "password": self._password.value}
        if self._invitation.value:
            fields["invite"] = self._invitation.value
        try:
            await self._commands.ask(UserResult, "create_user", **fields)
        except MinitorrentError as error:
            if error.code is ErrorCode.REGISTRATION_CLOSED:
                self._open_invitation()  # which this tracker requires
            show_error(error, "login")
            return False
        return True

    async def _log_in(self, *, join: bool) -> None:
        given: dict[str, Field] = {"user": self._user.value, "password": self._password.value}
        if self._keep.value:
            given["remember"] = True
        invitation = self._invitation.value
        if await self._commands.do("login", **given) and join and invitation:
            await self._commands.do("join", invitation=invitation)

    def _refuse(self, reason: str) -> None:
        show_error(MinitorrentError(ErrorCode.USAGE, reason), "login")
