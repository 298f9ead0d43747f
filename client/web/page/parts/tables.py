"""The page's tables, with their columns and row actions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from nicegui import ui

from client.web.page.parts.controls import field
from client.web.page.translation import N_, _


@dataclass(frozen=True)
class Column:
    """A column of a table; its English `label` is translated.

    `wide` columns are hidden on narrow screens.
    """

    key: str
    label: str
    wide: bool = False
    right: bool = False
    shown: str = ""
    """The key of the displayed value, if it differs from the value to sort by."""

    def definition(self) -> dict[str, str | bool]:
        """Return the definition that Quasar's QTable expects."""
        classes = "wide-only" if self.wide else ""
        return {
            "name": self.key,
            "label": _(self.label),
            "field": self.key,
            "align": "right" if self.right else "left",
            "sortable": self.key != ACTIONS.key,
            "classes": classes,
            "headerClasses": classes,
        }


ACTIONS = Column("actions", N_("Actions"), right=True)
"""The column of a row's buttons."""


@dataclass(frozen=True)
class Action:
    """A button in each row of a table; shown if the JavaScript expression `when` on `row` holds.

    The English `label` is translated.
    """

    event: str
    icon: str
    label: str
    when: str = "true"


class Table(ui.table, component="rows.js"):
    """A table that renders only the visible rows, however many there are.

    `key` is the column that identifies rows, `empty` the text shown without rows. `cells` has Vue
    templates, by column, for cells that are more than text. `actions` are the buttons of a row:
    each emits its event with the row's `named` field, which is also part of the button's
    accessible name, and the row's group.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        key: str,
        empty: str,
        *,
        cells: Mapping[str, str] | None = None,
        actions: Sequence[Action] = (),
        named: str = "name",
    ) -> None:
        super().__init__(
            columns=[column.definition() for column in columns],
            rows=[],
            row_key=key,
            pagination={"rowsPerPage": 0},
        )
        self.props("virtual-scroll flat dense hide-pagination :rows-per-page-options=[0]")
        self.props("virtual-scroll-item-size=44 virtual-scroll-slice-size=40 binary-state-sort")
        self.props["no-data-label"] = empty
        self.props["cells"] = {
            **{column.key: _text(column.shown) for column in columns if column.shown},
            **({ACTIONS.key: _buttons(actions, named)} if actions else {}),
            **(cells or {}),
        }
        self.classes("rows")

    def show(self, rows: list[dict[str, Any]]) -> None:
        """Replace the rows, unless they are the ones shown already."""
        if rows != self.rows:
            self.rows = rows


def search(of: Table) -> ui.input:
    """Create an input that filters the table by the text typed."""
    made = field(_("Search")).props("clearable debounce=150")
    made.bind_value_to(of, "filter")
    return made


def _text(shown: str) -> str:
    return f'<q-td :props="props" class="once">{{{{ props.row.{shown} }}}}</q-td>'


def _buttons(actions: Sequence[Action], name: str) -> str:
    buttons = "".join(
        f'<q-btn v-if="((row) => {action.when})(props.row)" flat round dense class="plain"'
        f' icon="{action.icon}" title="{escape(_(action.label))}"'
        f" :aria-label=\"{escape(json.dumps(_(action.label)))} + ' ' + props.row.{name}\""
        f" @click.stop=\"$emit('act', '{action.event}', props.row.{name}, props.row.group)\"/>"
        for action in actions
    )
    return f'<q-td :props="props" class="actions">{buttons}</q-td>'
