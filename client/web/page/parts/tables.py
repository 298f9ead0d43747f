"""The page's tables, with their columns and row actions."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

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
    optional: bool = False
    """Whether the user may hide the column, see `ColumnMenu`."""
    hidden: bool = False
    """Whether an optional column is hidden at first."""
    sorts: bool = True
    """Whether users can sort by it."""

    def definition(self) -> dict[str, str | bool]:
        """Return the definition that Quasar's QTable expects."""
        classes = "wide-only" if self.wide else ""
        return {
            "name": self.key,
            "label": _(self.label),
            "field": self.key,
            "align": "right" if self.right else "left",
            "sortable": self.sorts,
            "required": not self.optional,
            "classes": classes,
            "headerClasses": classes,
        }


ACTIONS = Column("actions", N_("Actions"), right=True, sorts=False)
"""The column of a row's buttons."""

MARK = Column("marked", N_("Selected"), sorts=False)
"""The column of check boxes that select rows; see `Marks`."""


@dataclass(frozen=True)
class Action:
    """A button in each row of a table; shown if the JavaScript expression `when` on `row` holds.

    The English `label` is translated. With `text`, the button shows that field of the row instead
    of an icon and a label.
    """

    event: str
    icon: str
    label: str
    when: str = "true"
    text: str = ""


_PATCH = """{
  const [id, key, changed, order] = %s;
  const held = mounted_app.elements[id]?.props;
  if (held) {
    const rows = new Map([...held.rows, ...changed].map(row => [row[key], row]));
    held.rows = (order ?? held.rows.map(row => row[key])).map(name => rows.get(name));
  }
}"""
"""Replaces changed rows of a table in the browser, and their order."""


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
        self.props["mark-all"] = _("Select all") if MARK in columns else ""
        self.props["cells"] = {
            **{column.key: _text(column.shown) for column in columns if column.shown},
            **({ACTIONS.key: _buttons(actions, named)} if actions else {}),
            **({MARK.key: _check_box(named)} if MARK in columns else {}),
            **(cells or {}),
        }
        self.classes("rows")

    def show(self, rows: list[dict[str, Any]]) -> None:
        """Replace the rows; only those that differ from the ones shown are sent."""
        shown = self.rows
        if rows == shown:
            return
        # Not by `self.rows`: that would copy all rows, to observe changes inside them.
        dict.__setitem__(self.props, "rows", rows)
        known = {row[self.row_key]: row for row in shown}
        changed = [row for row in rows if known.get(row[self.row_key]) != row]
        if len(changed) > len(rows) // 2 or not self.client.has_socket_connection:
            self.update()
            return
        order = [row[self.row_key] for row in rows]
        same = order == [row[self.row_key] for row in shown]
        values = json.dumps([self.id, self.row_key, changed, None if same else order])
        self.client.run_javascript(_PATCH % values)

    def sort_by(self, changed: Callable[[str | None, bool], Awaitable[None]]) -> None:
        """Let `changed` sort: it is called with the column, None for no order, and the direction.

        Without this, the browser sorts the rows that it has.
        """
        self.props(remove="binary-state-sort")
        self.pagination = {"rowsPerPage": 0, "rowsNumber": 0, "sortBy": None, "descending": False}

        async def sort(event: GenericEventArguments) -> None:
            asked = event.args["pagination"]
            column, descending = asked.get("sortBy"), bool(asked.get("descending"))
            self.pagination = {**self.pagination, "sortBy": column, "descending": descending}
            await changed(column, descending)

        self.on("request", sort, ["pagination"])


def search(of: Table) -> ui.input:
    """Create an input that filters the table by the text typed."""
    made = field(_("Search")).props("clearable debounce=150")
    made.bind_value_to(of, "filter")
    return made


def _text(shown: str) -> str:
    return f'<q-td :props="props" class="once">{{{{ props.row.{shown} }}}}</q-td>'


def _check_box(name: str) -> str:
    label = escape(json.dumps(_("Select {name}")))
    return (
        '<q-td :props="props" class="mark"><q-checkbox v-model="props.row.marked" dense'
        f" :aria-label=\"{label}.replace('{{name}}', () => props.row.{name})\""
        " @update:model-value=\"value => $emit('act', 'mark', props.row."
        f'{name}, props.row.group, value)"/></q-td>'
    )


def _buttons(actions: Sequence[Action], name: str) -> str:
    buttons = "".join(
        f'<q-btn v-if="((row) => {action.when})(props.row)" flat dense'
        f" {_face(action, name)}"
        f" @click.stop=\"$emit('act', '{action.event}', props.row.{name}, props.row.group)\"/>"
        for action in actions
    )
    return f'<q-td :props="props" class="actions">{buttons}</q-td>'


def _face(action: Action, name: str) -> str:
    """Return the attributes that show and name a button."""
    if action.text:
        label = f"props.row.{action.text}"
        face = f'no-caps class="plain worded" :label="{label}"'
    else:
        label = escape(json.dumps(_(action.label)))
        face = f'round class="plain" icon="{action.icon}" title="{escape(_(action.label))}"'
    return f"{face} :aria-label=\"{label} + ' ' + props.row.{name}\""
