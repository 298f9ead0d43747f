"""The page's buttons, inputs, headings and tables, all of one make."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nicegui import ui

Handler = Callable[[], object] | Callable[[], Awaitable[object]]


def heading(text: str) -> ui.label:
    """A part's title."""
    return ui.label(text).classes("title").props("role=heading aria-level=2")


def button(text: str, then: Handler, *, icon: str | None = None, main: bool = False) -> ui.button:
    """A button with words on it; `main` for the one that a person most likely wants."""
    made = ui.button(text, on_click=then, icon=icon, color=None)
    return made.props("no-caps unelevated").classes("main" if main else "plain")


def icon_button(icon: str, label: str, then: Handler) -> ui.button:
    """A button that is only a picture; `label` says what it does."""
    made = ui.button(icon=icon, on_click=then, color=None)
    made.props("flat round dense").classes("plain")
    made.props["aria-label"] = made.props["title"] = label
    return made


def field(label: str, value: str = "", *, secret: bool = False) -> ui.input:
    """A line to type into."""
    made = ui.input(label, value=value, password=secret, password_toggle_button=secret)
    return made.props("outlined dense").classes("field")


def moment(at: str | datetime) -> str:
    """A time (ISO 8601 where it is text) as this machine's clock shows it."""
    time = datetime.fromisoformat(at) if isinstance(at, str) else at
    return time.astimezone().strftime("%d %b %H:%M")


@dataclass(frozen=True)
class Column:
    """A column of a table. `wide` ones are left out on a narrow screen."""

    key: str
    label: str
    wide: bool = False
    right: bool = False
    shown: str = ""
    """The key of what is shown, where that is not what is sorted by."""

    def definition(self) -> dict[str, Any]:
        classes = "wide-only" if self.wide else ""
        return {
            "name": self.key,
            "label": self.label,
            "field": self.key,
            "align": "right" if self.right else "left",
            "sortable": self.key != ACTIONS.key,
            "classes": classes,
            "headerClasses": classes,
        }


ACTIONS = Column("actions", "Actions", right=True)
"""The column of a row's buttons."""


def table(columns: Sequence[Column], key: str, empty: str) -> ui.table:
    """A table that draws only the rows in sight, however many there are."""
    made = ui.table(
        columns=[column.definition() for column in columns],
        rows=[],
        row_key=key,
        pagination={"rowsPerPage": 0},
    )
    made.props("virtual-scroll flat dense hide-pagination :rows-per-page-options=[0]")
    made.props("virtual-scroll-item-size=44 virtual-scroll-slice-size=40 binary-state-sort")
    made.props["no-data-label"] = empty
    made.classes("rows")
    for column in columns:
        if column.shown:
            cell = f'<q-td :props="props" class="once">{{{{ props.row.{column.shown} }}}}</q-td>'
            made.add_slot(f"body-cell-{column.key}", cell)
    return made


@dataclass(frozen=True)
class Action:
    """A button in each row of a table; `when` is an expression on `row`, in JavaScript."""

    event: str
    icon: str
    label: str
    when: str = "true"


def actions_slot(actions: Sequence[Action], name: str = "name") -> str:
    """The cell with a row's buttons, each named for screen readers with the row's own name."""
    buttons = "".join(
        f'<q-btn v-if="((row) => {action.when})(props.row)" flat round dense class="plain"'
        f' icon="{action.icon}" title="{action.label}"'
        f" :aria-label=\"'{action.label} ' + props.row.{name}\""
        f' @click.stop="{_emit(action.event, name)}"/>'
        for action in actions
    )
    return f'<q-td :props="props" class="actions">{buttons}</q-td>'


def _emit(event: str, name: str) -> str:
    # The cell's parent is the list that scrolls; the parent of that is the table.
    return f"() => $parent.$parent.$emit('{event}', props.row.{name}, props.row.group)"


def search(of: ui.table) -> ui.input:
    """An input that leaves only the rows that contain what is typed."""
    made = field("Search").props("clearable debounce=150")
    made.bind_value_to(of, "filter")
    return made
