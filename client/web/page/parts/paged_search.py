"""Search and paging for long lists: rows that match a pattern, up to a limit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from client.web.page.parts.controls import button, field
from client.web.page.parts.list_window import Fields, ListWindow
from client.web.page.parts.tables import Table
from client.web.page.translation import _


class PagedSearch:
    """A search field above a table, and below it the number of rows shown.

    The tracker does the searching. `changed` is called when other rows are needed, `searched` with
    what the user searches for; a search begins with `start`. `beside` creates what is beside the
    field.
    """

    def __init__(
        self,
        table: Table,
        changed: Callable[[], Awaitable[None]],
        beside: Callable[[], None] | None = None,
        searched: Callable[[str], object] = str,
        start: str = "",
    ) -> None:
        self._changed = changed
        self._searched = searched
        self._window = ListWindow()
        self._window.search(start)
        with table.add_slot("top"):
            self._search = field(_("Search"), start).props("clearable debounce=100")
            self._search.on_value_change(self._search_again)
            if beside is not None:
                ui.space()
                beside()
        with ui.row().classes("bar") as self._below:
            self._shown = ui.label().classes("quiet grow").props("role=status")
            button(_("Show more"), self._grow)
        self._below.visible = False

    @property
    def fields(self) -> Fields:
        """The fields to request from a list command."""
        return self._window.fields

    def requests(self, of: str = "") -> list[Fields]:
        """Return the requests to make: for a list not shown yet, first a screenful."""
        return self._window.requests(of)

    def is_wanted(self, fields: Fields) -> bool:
        """Return whether the answer to a request is still wanted."""
        return self._window.is_wanted(fields)

    def show_count(self, shown: int, total: int, of: str = "") -> bool:
        """Show how many rows of a list are shown; return whether all requested rows are."""
        is_all = self._window.record(shown, total, of)
        if is_all:
            self._below.visible = shown < total
            self._shown.text = _("Showing {shown:,} of {total:,}: search, or").format(
                shown=shown, total=total
            )
        return is_all

    def reset(self) -> None:
        """Start over with another list."""
        self._window.reset()

    @property
    def text(self) -> str:
        """What is searched for; a changed text searches again."""
        return self._window.pattern or ""

    @text.setter
    def text(self, text: str) -> None:
        self._search.value = text

    async def _search_again(self) -> None:
        text = self._search.value or ""
        if text != self.text:
            self._window.search(text)
            self._searched(text)
            await self._changed()

    async def _grow(self) -> None:
        self._window.grow()
        await self._changed()
