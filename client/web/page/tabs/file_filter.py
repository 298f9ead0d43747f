"""Choosing which files of a folder to download."""

from __future__ import annotations

from collections.abc import Sequence
from glob import escape

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.core.transfers.piece_selection import match
from client.results import ContentRow
from client.web.page.parts.controls import field
from client.web.page.parts.tables import ACTIONS, Action, Column, Table
from client.web.page.translation import N_, _
from common.text import size, visible

_COLUMNS = (
    Column("shown", N_("File")),
    Column("size", N_("Size"), right=True, shown="readable"),
    ACTIONS,
)
_NAME = '<q-td :props="props"><span class="name">{{ props.row.shown }}</span></q-td>'
_ONLY = Action("only", "filter_alt", N_("Only"))


class FileFilter:
    """A pattern, and below it the files of a folder that match it."""

    def __init__(self, files: Sequence[ContentRow]) -> None:
        self._files = files
        self._paths = [file.path for file in files]
        self._pattern = field(_("Only files that match")).props("debounce=200 clearable")
        self._pattern.props["hint"] = _(
            "For example *.txt or the name of a folder; empty for all files"
        )
        self._pattern.classes("whole").on_value_change(self._draw)
        self._count = ui.label().classes("quiet")
        self._table = Table(
            _COLUMNS, "name", _("No file matches."), cells={"shown": _NAME}, actions=(_ONLY,)
        )
        self._table.classes("parts")
        self._table.on("only", self._take)
        self._draw()

    @property
    def pattern(self) -> str | None:
        """The value of `only`; None for all files."""
        return self._pattern.value or None

    def _take(self, event: GenericEventArguments) -> None:
        self._pattern.value = escape(event.args[0])

    def _draw(self) -> None:
        chosen = self._files
        if self.pattern is not None:
            chosen = [self._files[number] for number in sorted(match([self.pattern], self._paths))]
        total = size(sum(file.size for file in chosen))
        self._count.text = _("{shown} of {all} files, {size}").format(
            shown=len(chosen), all=len(self._files), size=total
        )
        self._table.rows = [
            {
                "name": file.path,
                "shown": visible(file.path),
                "size": file.size,
                "readable": size(file.size),
            }
            for file in chosen
        ]
