"""How much of a long list is shown: what fits a pattern, and no more rows than were asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from client.web.page.controls import button, field
from client.web.page.part import Fields, Part
from client.web.page.tables import Table


class Extent:
    """A search field above a table, and below it how much of the list that is.

    The tracker does the searching; `changed` is called when something else is to be shown.
    """

    def __init__(self, table: Table, changed: Callable[[], Awaitable[None]]) -> None:
        self._changed = changed
        self._part = Part()
        with table.add_slot("top"):
            self._search = field("Search").props("clearable debounce=100")
            self._search.on_value_change(self._begin)
        with ui.row().classes("bar") as self._below:
            self._told = ui.label().classes("quiet grow").props("role=status")
            button("Show more", self._grow)
        self._below.visible = False

    @property
    def fields(self) -> Fields:
        """What to ask a command for."""
        return self._part.fields

    def steps(self, of: str = "") -> list[Fields]:
        """The same, a screenful first where something else is shown than this part of a list."""
        return self._part.steps(of)

    def is_wanted(self, fields: Fields) -> bool:
        """Whether an answer to these is still wanted."""
        return self._part.is_wanted(fields)

    def tell(self, shown: int, total: int, of: str = "") -> bool:
        """So many rows of so many are shown, of this list; whether no more are to be asked for."""
        is_all = self._part.note(shown, total, of)
        if is_all:
            self._below.visible = shown < total
            self._told.text = f"{shown:,} of {total:,}: search, or"
        return is_all

    def reset(self) -> None:
        """Another list is shown from now on."""
        self._part.reset()

    async def _begin(self) -> None:
        self._part.search(self._search.value)
        await self._changed()

    async def _grow(self) -> None:
        self._part.grow()
        await self._changed()
