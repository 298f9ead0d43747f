"""The Transfers tab: downloads and shares with their rates, progress and actions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import get_args

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.results.overview import Overview
from client.services.api import SessionApi
from client.services.transfer_list import SortKey, TransferName, TransferPage, TransferQuery
from client.web.page.command_client import CommandClient
from client.web.page.parts.choice import Choice
from client.web.page.parts.column_menu import ColumnMenu
from client.web.page.parts.controls import button, field, heading
from client.web.page.parts.dialogs import confirm, stop_sharing
from client.web.page.parts.marks import Mark, Marks
from client.web.page.parts.rate_graph import RateGraph
from client.web.page.parts.state_filter import StateFilter
from client.web.page.parts.tables import Table
from client.web.page.tabs.transfer_bulk import TransferBulk
from client.web.page.tabs.transfer_dialog import TransferDialog
from client.web.page.tabs.transfer_rows import CELLS, COLUMNS, ROW_ACTIONS, row_of
from client.web.page.translation import _
from common.errors import MinitorrentError
from common.text import visible

_STEP = 200
"""Transfers that are shown at first, and that "Show more" adds."""

_Found = tuple[TransferPage, tuple[int, int], Sequence[TransferName] | None]
"""The transfers to show, the total payload down and up, and all names if they are needed."""


class TransfersTab:
    """The tab with all transfers."""

    def __init__(self, commands: CommandClient, choice: Choice) -> None:
        self._commands = commands
        self._choice = choice
        self._limit = _STEP
        self._sort: SortKey = "state"
        self._descending = False
        with ui.row().classes("bar"):
            heading(_("Transfers"))
            ui.space()
            key = ui.row()
        self._rates = RateGraph(key)
        self._totals: tuple[int, int] | None = None
        self._filter = StateFilter(self._change, choice.state)
        self._table = self._make_table()
        self._marks = Marks(self._table, self._everything)
        bulk = TransferBulk(commands, self._marks, self.refresh)
        with self._table.add_slot("top"):
            self._search = field(_("Search"), choice.filter_of("transfers")).props(
                "clearable debounce=150"
            )
            self._search.on_value_change(self._change)
            ui.space()
            self._marks.make_bar(bulk.actions)
            ColumnMenu(self._table, COLUMNS, "transfers")
        with ui.row().classes("bar") as self._below:
            self._shown = ui.label().classes("quiet grow").props("role=status")
            button(_("Show more"), self._grow)
        self._below.visible = False

    def _make_table(self) -> Table:
        empty = _("No transfers yet. Download or share a file.")
        made = Table(COLUMNS, "key", empty, cells=CELLS, actions=ROW_ACTIONS)
        made.classes("tall").sort_by(self._sort_by)
        for command in ("pause", "resume", "recheck"):
            made.on(command, self._simple(command))
        made.on("cancel", self._cancel)
        made.on("stop", self._stop)
        made.on("details", self._details)
        return made

    @property
    def pause(self) -> int:
        """Seconds between updates of the list."""
        return 1

    def sample(self, overview: Overview) -> None:
        """Record the current rates; called once per second, whichever tab is visible."""
        self._rates.sample(overview.down_rate, overview.up_rate, self._totals)

    @property
    def _query(self) -> TransferQuery:
        return TransferQuery(
            state=self._filter.state,
            pattern=self._search.value or "",
            sort=self._sort,
            descending=self._descending,
            limit=self._limit,
        )

    async def refresh(self) -> None:
        """Update the list of transfers."""
        query, has_marks = self._query, bool(self._marks.names)

        def ask(session: SessionApi) -> _Found:
            transfers = session.transfers
            names = transfers.names(TransferQuery()) if has_marks else None
            return transfers.page(query), transfers.totals(), names

        try:
            page, self._totals, existing = await self._commands.query(ask)
        except MinitorrentError:
            return  # the session has just ended, and the page will show that
        if query != self._query:
            return  # the user has chosen something else meanwhile, which is on its way
        if existing is not None:
            self._marks.keep({(one.group, one.name) for one in existing})
        self._filter.show(page.counts)
        self._table.show(
            [row_of(row, marked=self._marks.has(row.group, row.name)) for row in page.rows]
        )
        self._below.visible = len(page.rows) < page.total
        text = _("Showing {shown:,} of {total:,}: search, or")
        self._shown.text = text.format(shown=len(page.rows), total=page.total)

    def show_place(self) -> None:
        """Take over the state and the search of the window's address."""
        self._filter.choose(self._choice.state)
        self._search.value = self._choice.filter_of("transfers")

    async def _change(self) -> None:
        self._choice.search("transfers", self._search.value or "")
        self._choice.show_state(self._filter.state or "")
        self._limit = _STEP
        await self.refresh()

    async def _grow(self) -> None:
        self._limit += _STEP
        await self.refresh()

    async def _sort_by(self, column: str | None, descending: bool) -> None:
        self._sort = next((key for key in get_args(SortKey) if key == column), "state")
        self._descending = descending
        await self._change()

    async def _everything(self) -> list[Mark]:
        """Return all transfers that match filter and search."""
        query = self._query
        try:
            found = await self._commands.query(lambda session: session.transfers.names(query))
        except MinitorrentError:
            return []
        return [(one.group, one.name) for one in found]

    def _simple(self, command: str) -> Callable[[GenericEventArguments], Awaitable[None]]:
        async def run(event: GenericEventArguments) -> None:
            name, group = event.args
            await self._commands.do(command, group=group, name=name)
            await self.refresh()

        return run

    async def _cancel(self, event: GenericEventArguments) -> None:
        name, group = event.args
        question = _("Cancel the download of {name} and delete the partial data?").format(
            name=visible(name)
        )
        if await confirm(question, _("Delete"), _("Keep")):
            await self._commands.do("cancel", group=group, name=name)
            await self.refresh()

    async def _stop(self, event: GenericEventArguments) -> None:
        name, group = event.args
        if await stop_sharing(self._commands, group, name):
            await self.refresh()

    async def _details(self, event: GenericEventArguments) -> None:
        name, group = event.args
        rows = {row["key"]: row for row in self._table.rows}
        row = rows.get(f"{group}/{name}", {"state": "", "complete": False, "upload": True})
        detail = TransferDialog(
            self._commands,
            group,
            name,
            is_waiting=row["state"] == "queued",
            is_complete=row["complete"],
            is_upload=row["upload"],
        )
        await detail.show()
