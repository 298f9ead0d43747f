"""The members of a group, their roles, and requests to join."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.results.lists import MembersResult, RequestsResult
from client.results.metainfo import ExportResult
from client.web.page.command_client import CommandClient
from client.web.page.parts.controls import button, heading, icon_button
from client.web.page.parts.dialogs import PathDialog, confirm
from client.web.page.parts.list_window import Fields
from client.web.page.parts.paged_search import PagedSearch
from client.web.page.parts.tables import ACTIONS, Action, Column, Table
from client.web.page.tabs.audit import show_audit
from client.web.page.tabs.invitations import InvitationsDialog
from client.web.page.tabs.other_clients import show_announce_address
from client.web.page.tabs.roles import LOWER, choose_role, choose_upload
from client.web.page.tabs.statistics import show_statistics
from client.web.page.toasts import show_error, show_message
from client.web.page.translation import N_, _
from common.errors import MinitorrentError

_COLUMNS = (
    Column("user", N_("User")),
    Column("role", N_("Role"), shown="rank"),
    Column("state", N_("State"), wide=True),
    ACTIONS,
)
_ACTIONS = (
    Action("set_role", "manage_accounts", N_("Change role:"), "row.may_change"),
    Action("own", "star", N_("Make owner:"), "row.owned && row.role != 'owner'"),
    Action("remove_member", "person_remove", N_("Remove"), "row.mine && row.role != 'owner'"),
)

_ANSWERS = (
    ("accept_request", N_("Accept"), N_("Accept {user}")),
    ("reject_request", N_("Reject"), N_("Reject {user}")),
)
_MOST_REQUESTS = 50
"""Requests to join that are listed; of more, their number is given."""


@dataclass(frozen=True)
class _Found:
    """A group as reported by the tracker, with some of its `total` members.

    `asking` are users who asked to join, and `more` is the number of further requests.
    """

    group: str
    rows: list[dict[str, object]]
    total: int
    asking: list[str]
    more: int
    is_admin: bool
    upload: str


class MembersSection:
    """The members of one group; with requests and buttons if the user is an admin."""

    def __init__(self, commands: CommandClient, changed: Callable[[], Awaitable[None]]) -> None:
        self._commands = commands
        self._changed = changed
        self._group: str | None = None
        self._upload = "members"
        self._wanted: str | None = None  # the group that the last `refresh` was asked for
        self._asking: tuple[str, list[str], int] | None = None
        with ui.element("section") as self._section:
            with ui.row().classes("bar"):
                self._title = heading(_("Members"))
                ui.space()
                self._invite = button(_("Invite"), self._show_invitations, icon="person_add")
                self._who_adds = icon_button("upload_file", _("Who adds files"), self._set_upload)
                icon_button("bar_chart", _("Statistics"), self._show_statistics)
                self._audit = icon_button("history", _("Activity in this group"), self._show_audit)
                icon_button("dns", _("Announce address"), self._show_announce_address)
                icon_button("key", _("Export credentials"), self._export_credentials)
                icon_button("logout", _("Leave this group"), self._leave)
            self._requests = ui.element("ul").classes("requests")
            self._requests.props["aria-label"] = _("Requests to join")
            self._table = Table(
                _COLUMNS, "user", _("No member matches."), actions=_ACTIONS, named="user"
            )
            self._table.classes("short")
            self._search = PagedSearch(self._table, self._refresh_group)
            self._table.on("set_role", self._set_role)
            self._table.on("own", self._hand_over)
            self._table.on("remove_member", self._remove)
        self._section.visible = False

    async def _refresh_group(self) -> None:
        await self.refresh(self._group)

    async def refresh(self, group: str | None) -> None:
        """Show this group's members, or nothing if it is None."""
        self._wanted = group
        fields = self._search.fields
        try:
            found = await self._find(group, fields) if group else None
        except MinitorrentError:
            found = None
        if group == self._wanted and self._search.is_wanted(fields):  # nothing newer was asked for
            self._show(found)

    async def _find(self, group: str, fields: Fields) -> _Found:
        found = await self._commands.ask(MembersResult, "list_members", group=group, **fields)
        user = (await self._commands.query(lambda session: session.overview())).user
        profile = await self._commands.query(lambda session: session.groups.profile(group))
        is_admin, is_owner = profile.role in ("owner", "admin"), profile.role == "owner"
        asking: list[str] = []
        more = 0
        if is_admin:
            reply = await self._commands.ask(
                RequestsResult, "list_requests", group=group, limit=_MOST_REQUESTS
            )
            asking = [row.user for row in reply.requests]
            more = reply.total - len(asking)
        rows: list[dict[str, object]] = [
            {
                "user": row.user,
                "group": group,
                "role": row.role,
                "rank": _(row.role),
                "state": _("online") if row.online else _("offline"),
                "mine": is_admin and row.user != user,
                "owned": is_owner,
                "may_change": row.user != user if is_owner else is_admin and row.role in LOWER,
            }
            for row in found.members
        ]
        return _Found(group, rows, found.total, asking, more, is_admin, profile.upload)

    def _show(self, found: _Found | None) -> None:
        self._group = found.group if found else None
        self._section.visible = found is not None
        if found is None:
            return
        self._table.show(found.rows)
        self._title.text = _("Members of {group}").format(group=found.group)
        for control in (self._audit, self._invite, self._who_adds):
            control.visible = found.is_admin
        self._upload = found.upload
        self._search.show_count(len(found.rows), found.total)
        if (found.group, found.asking, found.more) != self._asking:
            self._asking = (found.group, found.asking, found.more)
            self._draw_requests(found.group, found.asking, found.more)

    def _draw_requests(self, group: str, asking: list[str], more: int) -> None:
        self._requests.clear()
        with self._requests:
            for user in asking:
                with ui.element("li").classes("bar"):
                    ui.label(_("{user} asks to join").format(user=user)).classes("name grow")
                    for command, word, label in _ANSWERS:
                        answer = self._answer(command, user, group)
                        made = button(_(word), answer, main=command == "accept_request")
                        made.props["aria-label"] = _(label).format(user=user)
            if more:
                with ui.element("li"):
                    ui.label(_("and {more:,} more").format(more=more)).classes("quiet")

    def _answer(self, command: str, user: str, group: str) -> Callable[[], Awaitable[None]]:
        async def answer() -> None:
            await self._do(command, user=user, group=group)

        return answer

    async def _set_role(self, event: GenericEventArguments) -> None:
        user, group = event.args
        now = next((row["role"] for row in self._table.rows if row["user"] == user), "member")
        role = await choose_role(user, group, now)
        if role is not None:
            await self._do("set_role", user=user, group=group, role=role)

    async def _set_upload(self) -> None:
        group = self._group
        if group is None:
            return
        upload = await choose_upload(group, self._upload)
        if upload is not None:
            await self._do("set_upload", group=group, who=upload)

    async def _remove(self, event: GenericEventArguments) -> None:
        user, group = event.args
        if await confirm(
            _("Remove {user} from {group}?").format(user=user, group=group), _("Remove")
        ):
            await self._do("remove_member", user=user, group=group)

    async def _hand_over(self, event: GenericEventArguments) -> None:
        user, group = event.args
        question = _("Make {user} the owner of {group}? You remain an admin.").format(
            user=user, group=group
        )
        if await confirm(question, _("Make owner")):
            await self._do("transfer_group", user=user, group=group)

    async def _show_invitations(self) -> None:
        if self._group is not None:
            await InvitationsDialog(self._commands, self._group).show()

    async def _show_statistics(self) -> None:
        if self._group is not None:
            await show_statistics(self._commands, self._group)

    async def _show_audit(self) -> None:
        if self._group is not None:
            await show_audit(self._commands, self._group)

    async def _show_announce_address(self) -> None:
        if self._group is not None:
            await show_announce_address(self._commands, self._group)

    async def _export_credentials(self) -> None:
        group = self._group
        title = _("Choose a folder for your certificate and key")
        folder = await PathDialog(self._commands, title, Path.home(), folders_only=True).choose()
        if folder is None or group is None:
            return
        fields = {"group": group, "folder": folder}
        try:
            written = await self._commands.ask(ExportResult, "export_credentials", **fields)
        except MinitorrentError as error:
            show_error(error)
            return
        show_message(
            _("Wrote {certificate}, {key} and {dhparams}.").format(
                certificate=written.certificate, key=written.key, dhparams=written.dhparams
            )
        )

    async def _leave(self) -> None:
        group = self._group
        if group is not None and await confirm(_("Leave {group}?").format(group=group), _("Leave")):
            await self._do("leave_group", group=group)

    async def _do(self, command: str, **fields: str) -> None:
        await self._commands.do(command, **fields)
        await self._changed()
