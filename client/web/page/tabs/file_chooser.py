"""Choosing which files of a folder to download, and in what order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.core.transfers.download_options import DownloadOptions
from client.core.transfers.piece_selection import match
from client.results.files import ContentRow
from client.results.transfers import FolderFile
from client.web.page.parts.controls import field
from client.web.page.parts.file_tree import FileTree, Node, Urgency
from client.web.page.parts.tables import Table
from client.web.page.tabs.tree_rows import COLUMNS, RUNNING_COLUMNS, cells, row_of
from client.web.page.translation import _
from common.text import size


class FileChooser:
    """A folder's files as a tree, and a pattern that chooses those that match it.

    For a transfer, `files` are FolderFiles: what it has chosen can't be left out any more.
    """

    def __init__(self, files: Sequence[ContentRow]) -> None:
        self._paths = [file.path for file in files]
        self._tree = FileTree([(file.path, file.size) for file in files])
        known = [file for file in files if isinstance(file, FolderFile)]
        self._done: Mapping[str, int] | None = None
        if known:
            self._tree.fix({file.path for file in known if file.chosen})
            self._tree.set_urgencies({file.path: Urgency(file.urgency) for file in known})
            self._done = {file.path: file.done for file in known}
        self._pattern = field(_("Only files that match")).props("debounce=200 clearable")
        self._pattern.props["hint"] = _("Such as *.txt or a folder’s name; empty: all files")
        self._pattern.classes("whole").on_value_change(self._match)
        self._count = ui.label().classes("quiet").props("role=status")
        columns = RUNNING_COLUMNS if known else COLUMNS
        self._table = Table(columns, "path", "", cells=cells())
        self._table.classes("parts")
        self._table.on("unfold", self._unfold)
        self._table.on("tick", self._tick)
        self._table.on("urgency", self._set_urgency)
        self._draw()

    @property
    def is_empty(self) -> bool:
        """Whether no file is chosen."""
        return not self._tree.chosen

    @property
    def options(self) -> DownloadOptions:
        """The options that choose these files in this order."""
        return DownloadOptions(
            only=self._tree.patterns(),
            first=self._tree.urgent(Urgency.HIGH),
            last=self._tree.urgent(Urgency.LOW),
        )

    def show_progress(self, files: Sequence[FolderFile]) -> None:
        """Show how much of each file is here by now."""
        self._done = {file.path: file.done for file in files}
        self._draw()

    def _match(self) -> None:
        pattern = self._pattern.value
        chosen = match([pattern], self._paths) if pattern else range(len(self._paths))
        self._tree.choose_only({self._paths[number] for number in chosen})
        self._draw()

    def _unfold(self, event: GenericEventArguments) -> None:
        path, is_open = event.args
        self._tree.unfold(path, is_open=is_open)
        self._draw()

    def _tick(self, event: GenericEventArguments) -> None:
        path, is_chosen = event.args
        self._tree.choose(path, is_chosen=is_chosen)
        self._draw()

    def _set_urgency(self, event: GenericEventArguments) -> None:
        path, urgency = event.args
        self._tree.set_urgency(path, Urgency(urgency))
        self._draw()

    def _draw(self) -> None:
        chosen = self._tree.chosen
        self._count.text = _("{shown} of {all} files, {size}").format(
            shown=len(chosen), all=self._tree.count, size=size(sum(file.size for file in chosen))
        )
        self._table.show([row_of(node, self._done_of(node)) for node in self._tree.shown()])

    def _done_of(self, node: Node) -> int | None:
        if self._done is None:
            return None
        return sum(self._done.get(file.path, 0) for file in node.files())
