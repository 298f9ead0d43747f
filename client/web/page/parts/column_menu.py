"""The menu in which users choose the columns of a table; each browser remembers its choice."""

from __future__ import annotations

import json
from collections.abc import Sequence

from nicegui import ui

from client.web.page.parts.controls import icon_button
from client.web.page.parts.tables import Column, Table
from client.web.page.translation import _


class ColumnMenu:
    """A button with a check box for each optional column; `name` is that of the choice."""

    def __init__(self, table: Table, columns: Sequence[Column], name: str) -> None:
        self._table = table
        self._key = json.dumps(f"minitorrent-columns-{name}")
        self._columns = [column for column in columns if column.optional]
        chosen = [column.key for column in self._columns if not column.hidden]
        opener = icon_button("view_column", _("Columns"), lambda: None).classes("wide-only")
        with opener, ui.menu().props("role=group"), ui.column().classes("column-menu"):
            self._boxes = {column.key: self._box(column) for column in self._columns}
        self._show(chosen)
        for key, box in self._boxes.items():
            box.value = key in chosen
            box.on_value_change(self._choose)
        ui.timer(0, self._recall, once=True)

    def _box(self, column: Column) -> ui.checkbox:
        return ui.checkbox(_(column.label)).props("dense")

    def _choose(self) -> None:
        chosen = [key for key, box in self._boxes.items() if box.value]
        self._show(chosen)
        value = json.dumps(json.dumps(chosen))
        ui.run_javascript(f"localStorage.setItem({self._key}, {value})")

    def _show(self, chosen: Sequence[str]) -> None:
        self._table.props["visible-columns"] = list(chosen)
        self._table.update()

    async def _recall(self) -> None:
        """Show the columns that this browser remembers."""
        remembered = await ui.run_javascript(f"localStorage.getItem({self._key})")
        try:
            chosen = json.loads(remembered or "null")
        except ValueError:
            return
        if isinstance(chosen, list):
            for key, box in self._boxes.items():
                box.value = key in chosen
