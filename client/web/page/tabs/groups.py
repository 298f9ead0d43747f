"""The Groups tab: all groups, creating one, asking to join, and choosing the group to show."""

from __future__ import annotations

from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.list_results import GroupsResult
from client.web.page.command_client import CommandClient
from client.web.page.parts.choice import Choice
from client.web.page.parts.controls import button, clear, field, heading
from client.web.page.parts.list_window import Fields
from client.web.page.parts.paged_search import PagedSearch
from client.web.page.parts.tables import ACTIONS, Action, Column, Table
from client.web.page.tabs.members import MembersSection
from client.web.page.toasts import show_error, show_message
from client.web.page.translation import N_, _
from common.errors import ErrorCode, MinitorrentError

_COLUMNS = (
    Column("group", N_("Group")),
    Column("owner", N_("Owner"), wide=True),
    Column("members", N_("Members"), right=True),
    Column("files", N_("Files"), right=True, wide=True),
    Column("mode", N_("Kind"), wide=True, shown="kind"),
    ACTIONS,
)
_ACTIONS = (
    Action("files", "folder_open", N_("Files of"), "row.member"),
    Action("members", "group", N_("Members of"), "row.member"),
    Action("join", "person_add", N_("Ask to join"), "!row.member && !row.asked"),
)


class GroupsTab:
    """The tab with all groups, and the members of the chosen one."""

    def __init__(self, commands: CommandClient, choice: Choice) -> None:
        self._commands = commands
        self._choice = choice
        self._asked: set[str] = set()
        with ui.element("div").classes("columns"):
            with ui.element("section"):
                heading(_("Groups"))
                with ui.row().classes("bar"):
                    self._name = field(_("New group")).on("keydown.enter", self._create)
                    self._open = ui.checkbox(_("Open to any BitTorrent client"))
                    button(_("Create"), self._create, main=True)
                empty = _("No groups yet. Create one above.")
                self._table = Table(_COLUMNS, "group", empty, actions=_ACTIONS, named="group")
                self._search = PagedSearch(self._table, self.refresh)
                self._table.on("files", self._show_files)
                self._table.on("members", self._show_members)
                self._table.on("join", self._join)
            self._members = MembersSection(commands, self.refresh)

    async def refresh(self) -> None:
        """Update the list of groups and the chosen group's members."""
        for fields in self._search.requests():
            if await self._show(fields):
                break
        try:
            own = await self._commands.query(lambda session: session.groups.list(member=True))
            await self._choose([row.group for row in own.groups])
        except MinitorrentError:
            return  # the header shows the tracker's state
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
        rows: list[dict[str, Any]] = [
            row.model_dump() | {"kind": _(row.mode), "asked": row.group in self._asked}
            for row in reply.groups
        ]
        self._table.show(rows)
        return self._search.show_count(len(reply.groups), reply.total)

    async def _choose(self, own: list[str]) -> None:
        """Keep the chosen group unless the user has left it."""
        chosen = self._choice.group
        if chosen is not None and chosen not in own and await self._is_own(chosen):
            own.append(chosen)  # the list of own groups was cut off
        self._choice.groups = own
        if chosen not in own:
            self._choice.group = next(iter(own), None)

    async def _is_own(self, group: str) -> bool:
        return await self._commands.query(lambda session: session.groups.is_own(group))

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
