"""The rows of a table that the user has selected, and the bar with what can be done to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.web.page.parts.controls import button
from client.web.page.parts.tables import Table
from client.web.page.translation import _

Mark = tuple[str, str]
"""A row's group and name."""


@dataclass(frozen=True)
class BulkAction:
    """A button for all selected rows: its English text, its English accessible name, its effect."""

    text: str
    label: str
    icon: str
    then: Callable[[], Awaitable[None]]


class Marks:
    """The selected rows; `everything` returns all rows of the list, also those not shown.

    A table's rows have to say in `marked` whether they are selected, see `has`.
    """

    def __init__(self, table: Table, everything: Callable[[], Awaitable[Iterable[Mark]]]) -> None:
        self._table = table
        self._everything = everything
        self._marked: set[Mark] = set()
        table.on("mark", self._mark)
        table.on("mark_all", self._mark_all)

    def make_bar(self, actions: Sequence[BulkAction]) -> None:
        """Create the number of selected rows, and a button for each action."""
        with ui.row().classes("bulk").props("role=group") as bar:
            self._count = ui.label().classes("quiet").props("role=status")
            self._buttons = [
                # A language may end it with a colon, because in a row's button a name follows.
                button(_(action.text).rstrip(":"), action.then, icon=action.icon).props("dense")
                for action in actions
            ]
        bar.props["aria-label"] = _("Selected rows")
        for made, action in zip(self._buttons, actions, strict=True):
            made.props["aria-label"] = _(action.label)
        self._draw()

    @property
    def names(self) -> list[Mark]:
        """Group and name of the selected rows."""
        return sorted(self._marked)

    def has(self, group: str, name: str) -> bool:
        """Return whether a row is selected."""
        return (group, name) in self._marked

    def keep(self, existing: Collection[Mark]) -> None:
        """Forget rows that are gone."""
        self._marked.intersection_update(existing)
        self._draw()

    def clear(self) -> None:
        """Select nothing."""
        self._marked.clear()
        self._draw()
        self._show()

    def _mark(self, event: GenericEventArguments) -> None:
        name, group, is_marked = event.args
        change = self._marked.add if is_marked else self._marked.discard
        change((group, name))
        self._draw()
        self._show()

    async def _mark_all(self, event: GenericEventArguments) -> None:
        self._marked = set(await self._everything()) if event.args else set()
        self._draw()
        self._show()

    def _show(self) -> None:
        """Update the rows' check boxes."""
        rows = [row | {"marked": self.has(row["group"], row["name"])} for row in self._table.rows]
        self._table.show(rows)

    def _draw(self) -> None:
        number = len(self._marked)
        self._count.text = _("{number} selected").format(number=f"{number:,}")
        for made in self._buttons:
            made.enabled = number > 0
