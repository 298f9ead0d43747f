"""How much of a long list is shown: what fits a pattern, and no more rows than were asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from client.web.page.controls import button, field
from client.web.page.tables import Table

_STEP = 1000
"""Rows that are shown at first, and by which there are more at a time."""


class Extent:
    """A search field above a table, and below it how much of the list that is.

    The tracker does the searching; `changed` is called when something else is to be shown.
    """

    def __init__(self, table: Table, changed: Callable[[], Awaitable[None]]) -> None:
        self._changed = changed
        self._limit = _STEP
        with table.add_slot("top"):
            self._search = field("Search").props("clearable debounce=300")
            self._search.on_value_change(self._begin)
        with ui.row().classes("bar") as self._below:
            self._told = ui.label().classes("quiet grow").props("role=status")
            button("Show more", self._grow)
        self._below.visible = False

    @property
    def fields(self) -> dict[str, str | int | None]:
        """What to ask a command for."""
        return {"pattern": self._search.value or None, "limit": self._limit}

    def tell(self, shown: int, total: int) -> None:
        """So many rows of so many are shown."""
        self._below.visible = shown < total
        self._told.text = f"{shown:,} of {total:,}: search, or"

    def reset(self) -> None:
        """Another list is shown from now on."""
        self._limit = _STEP

    async def _begin(self) -> None:
        self._limit = _STEP
        await self._changed()

    async def _grow(self) -> None:
        self._limit += _STEP
        await self._changed()
