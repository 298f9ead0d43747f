"""The dialog in which admins create invitations to their group, list them and end them."""

from __future__ import annotations

import json

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.results.groups import InviteResult
from client.results.lists import InvitesResult
from client.web.page.command_client import CommandClient
from client.web.page.parts.controls import button, field, heading
from client.web.page.parts.dialogs import named
from client.web.page.parts.tables import ACTIONS, Action, Column, Table
from client.web.page.tabs.roles import ROLES
from client.web.page.toasts import show_error
from client.web.page.translation import N_, _
from common.errors import ErrorCode, MinitorrentError
from common.text import local_time

_COLUMNS = (
    Column("id", N_("Invitation")),
    Column("by", N_("By"), wide=True),
    Column("makes", N_("Role"), wide=True),
    Column("uses_left", N_("Uses left"), right=True),
    Column("expires_at", N_("Until"), wide=True, shown="end"),
    ACTIONS,
)
_REVOKE = Action("revoke", "block", N_("Revoke invitation"))


class InvitationsDialog:
    """Invites users into one group."""

    def __init__(self, commands: CommandClient, group: str) -> None:
        self._commands = commands
        self._group = group
        title = _("Invite into {group}").format(group=group)
        with ui.dialog().props(named(title)) as self._dialog, ui.card().classes("dialog big"):
            heading(title)
            ui.label(
                _("Anyone who has an invitation can enter, so send it as you would a password.")
            ).classes("quiet")
            with ui.row().classes("bar"):
                self._uses = field(_("For how many people"), "1").props("inputmode=numeric")
                self._days = field(_("For how many days"), "7").props("inputmode=numeric")
                self._role = ui.select(_roles(), label=_("Role"), value="member")
                self._role.props("outlined dense")
                button(_("Create invitation"), self._create, main=True)
            self._made()
            self._table = Table(
                _COLUMNS, "id", _("No invitations yet."), actions=(_REVOKE,), named="id"
            ).classes("peers")
            self._table.on("revoke", self._revoke)
            with ui.row().classes("buttons"):
                button(_("Close"), self._dialog.close)

    def _made(self) -> None:
        """Create the fields that show a new invitation."""
        with ui.element("div").classes("whole") as self._shown:
            self._text = self._copied(_("Text of the invitation"), _("Copy text"))
            self._link = self._copied(_("Link"), _("Copy link"))
            ui.label(
                _(
                    "The text works everywhere. The link opens the page of a client at this "
                    "address, on the computer where it is opened. Neither is shown again."
                )
            ).classes("quiet")
        self._shown.visible = False

    def _copied(self, label: str, copy: str) -> ui.input:
        with ui.row().classes("bar"):
            shown = field(label).props("readonly").classes("grow")
            # Browsers allow it only during a click, so this runs in the browser.
            script = f"() => navigator.clipboard?.writeText(getElement({shown.id}).value)"
            button(copy, icon="content_copy").on("click", js_handler=script)
        return shown

    async def show(self) -> None:
        """Open the dialog until the user closes it."""
        await self._refresh()
        await self._dialog
        self._dialog.delete()

    async def _refresh(self) -> None:
        try:
            found = await self._commands.ask(InvitesResult, "invites", group=self._group)
        except MinitorrentError as error:
            show_error(error)
            return
        rows = [
            {
                **row.model_dump(),
                "group": self._group,
                "makes": _("admin" if row.admin else row.role),
                "end": local_time(row.expires_at),
            }
            for row in found.invites
        ]
        self._table.show(rows)

    async def _create(self) -> None:
        try:
            uses, days = (_whole_number(given.value) for given in (self._uses, self._days))
            made = await self._commands.ask(
                InviteResult,
                "invite",
                group=self._group,
                uses=uses,
                days=days,
                role=self._role.value,
            )
        except MinitorrentError as error:
            show_error(error, "invite")
            return
        self._text.value = made.invitation
        self._link.value = await ui.run_javascript(
            f"location.origin + '/#join=' + {json.dumps(made.invitation)}"
        )
        self._shown.visible = True
        await self._refresh()

    async def _revoke(self, event: GenericEventArguments) -> None:
        number, group = event.args
        if await self._commands.do("revoke_invite", group=group, id=number):
            await self._refresh()


def _roles() -> dict[str, str]:
    return {role: _(role) for role in ROLES}


def _whole_number(typed: str) -> int:
    """Return what was typed as a number from 1; raises MinitorrentError(usage)."""
    text = typed.strip()
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 7 and int(text)):
        raise MinitorrentError(ErrorCode.USAGE, _("Enter a whole number, such as 10."))
    return int(text)
