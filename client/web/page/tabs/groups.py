"""The Groups tab: all groups, creating one, asking to join, and choosing the group to show."""

from __future__ import annotations

from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.results.groups import JoinResult
from client.results.lists import GroupRow, GroupsResult
from client.web.page.command_client import CommandClient
from client.web.page.parts.choice import Choice
from client.web.page.parts.controls import button, clear, field, heading
from client.web.page.parts.invitation_field import InvitationField
from client.web.page.parts.list_window import Fields
from client.web.page.parts.own_groups import update_own_groups
from client.web.page.parts.paged_search import PagedSearch
from client.web.page.parts.tables import ACTIONS, Action, Column, Table
from client.web.page.tabs.members import MembersSection
from client.web.page.toasts import show_error, show_message
from client.web.page.translation import N_, _, ngettext
from common.errors import ErrorCode, MinitorrentError

_COLUMNS = (
    Column("group", N_("Group")),
    Column("owner", N_("Owner"), wide=True),
    Column("members", N_("Members"), right=True),
    Column("files", N_("Files"), right=True, wide=True),
    Column("mode", N_("Kind"), wide=True, shown="kind"),
    ACTIONS,
)
_GROUP = """
<q-td :props="props"><span class="name">{{ props.row.group }}</span>
<q-badge v-if="props.row.waiting" class="asking aside">{{ props.row.waiting }}</q-badge>
<span v-if="props.row.asked" class="quiet once aside">{{ props.row.asked }}</span></q-td>
"""
_ACTIONS = (
    Action("files", "folder_open", N_("Files of"), "row.member"),
    Action("members", "group", N_("Members of"), "row.member"),
    Action("join", "person_add", N_("Ask to join"), "!row.member && !row.asked"),
)


class GroupsTab:
    """The tab with all groups, and the members of the chosen one.

    `invitation` is one that the window's address contained.
    """

    def __init__(self, commands: CommandClient, choice: Choice, invitation: str) -> None:
        self._commands = commands
        self._choice = choice
        self._asked: set[str] = set()
        with ui.element("div").classes("columns"):
            with ui.element("section"):
                heading(_("Groups"))
                self._first_steps()
                self._forms(invitation)
                self._table = Table(
                    _COLUMNS,
                    "group",
                    _("No groups yet. Create one above."),
                    cells={"group": _GROUP},
                    actions=_ACTIONS,
                    named="group",
                )
                self._search = PagedSearch(
                    self._table,
                    self.refresh,
                    searched=lambda text: choice.search("groups", text),
                    start=choice.filter_of("groups"),
                )
                self._table.on("files", self._show_files)
                self._table.on("members", self._show_members)
                self._table.on("join", self._join)
            self._members = MembersSection(commands, self.refresh)

    def _first_steps(self) -> None:
        with ui.element("div").classes("first-steps") as self._help:
            ui.label(_("First steps")).classes("subtitle").props("role=heading aria-level=3")
            with ui.element("ul"):
                for step in (
                    _("Files belong to a group. Create one below, for yourself and your friends;"),
                    _("or paste an invitation that somebody sent you;"),
                    _("or ask to join a group of the list; one of its admins then lets you in."),
                ):
                    with ui.element("li"):
                        ui.label(step)
            ui.label(_("Then share a file with it, or download one, in the tab “Files”."))
        self._help.visible = False

    def _forms(self, invitation: str) -> None:
        with ui.row().classes("bar"):
            self._name = field(_("New group")).on("keydown.enter", self._create)
            self._open = ui.checkbox(_("Open to any BitTorrent client"))
            button(_("Create"), self._create, main=True)
        with ui.row().classes("bar invitation"):
            self._invitation = InvitationField(self._accept, is_open=True)
            button(_("Join by invitation"), self._accept)
        if invitation:
            self._invitation.value = invitation

    @property
    def pattern(self) -> str:
        """What is searched for."""
        return self._search.text

    @pattern.setter
    def pattern(self, text: str) -> None:
        self._search.text = text

    def show_invitation(self, invitation: str) -> None:
        """Fill in an invitation that the user has opened; the user decides whether to join."""
        self._invitation.value = invitation

    async def refresh(self) -> None:
        """Update the list of groups and the chosen group's members."""
        for fields in self._search.requests():
            if await self._show(fields):
                break
        try:
            await update_own_groups(self._commands, self._choice)
        except MinitorrentError:
            return  # the banner shows that the tracker is gone
        self._help.visible = not self._choice.groups
        await self._members.refresh(self._choice.group)

    async def _show(self, fields: Fields) -> bool:
        """Request some of the groups and show them; return whether no more requests are needed."""
        try:
            reply = await self._commands.ask(GroupsResult, "list_groups", **fields)
        except MinitorrentError:
            return True
        if not self._search.is_wanted(fields):
            return True  # the search has changed meanwhile
        self._asked.difference_update(row.group for row in reply.groups if row.member)
        self._table.show([self._row(row) for row in reply.groups])
        return self._search.show_count(len(reply.groups), reply.total)

    def _row(self, row: GroupRow) -> dict[str, Any]:
        has_asked = not row.member and (row.requested or row.group in self._asked)
        waiting = ngettext("{number} request", "{number} requests", row.requests)
        return vars(row) | {
            "kind": _(row.mode),
            "asked": _("requested") if has_asked else "",
            "waiting": waiting.format(number=row.requests) if row.requests else "",
        }

    async def _create(self) -> None:
        group = self._name.value
        if not group:
            error = MinitorrentError(ErrorCode.USAGE, _("Enter a name for the group."))
            show_error(error, "create_group")
            return
        if await self._commands.do("create_group", group=group, open=self._open.value):
            self._choice.group = group
            show_message(_("Created group {group}.").format(group=group))
            clear(self._name, group)
            await self.refresh()

    async def _accept(self) -> None:
        """Enter a group by the invitation in the field."""
        if not self._invitation.value:
            error = MinitorrentError(ErrorCode.USAGE, _("Paste an invitation first."))
            show_error(error, "join")
            return
        try:
            entered = await self._commands.ask(
                JoinResult, "join", invitation=self._invitation.value
            )
        except MinitorrentError as error:
            show_error(error)
            return
        self._invitation.value = ""
        self._choice.group = entered.group
        show_message(_("You are a member of {group} now.").format(group=entered.group))
        await self.refresh()

    async def _join(self, event: GenericEventArguments) -> None:
        group = event.args[0]
        if await self._commands.do("join_group", group=group):
            self._asked.add(group)
            show_message(
                _("Asked to join {group}; waiting for an admin to accept.").format(group=group)
            )
            await self.refresh()

    async def _show_members(self, event: GenericEventArguments) -> None:
        self._choice.group = event.args[0]
        await self._members.refresh(self._choice.group)

    def _show_files(self, event: GenericEventArguments) -> None:
        self._choice.group = event.args[0]
        self._choice.show("files")
