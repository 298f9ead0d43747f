"""The files of a transfer of a folder: their progress, and choosing more of them."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from client.results.transfers import FolderFile
from client.web.page.command_client import CommandClient
from client.web.page.parts.controls import button
from client.web.page.tabs.file_chooser import FileChooser
from client.web.page.toasts import show_error, show_message
from client.web.page.translation import _
from common.errors import MinitorrentError


class FolderSection:
    """A part of a dialog, empty for a transfer of a single file."""

    def __init__(self, commands: CommandClient, group: str, name: str) -> None:
        self._commands = commands
        self._group = group
        self._name = name
        self._box = ui.element("section").classes("whole")
        self._chooser: FileChooser | None = None

    async def open(self) -> None:
        """Show the files and what is chosen of them."""
        files = await self._ask()
        self._box.clear()
        self._chooser = None
        if not files:
            return
        with self._box:
            ui.label(_("Files")).classes("subtitle").props("role=heading aria-level=3")
            self._chooser = FileChooser(files)
            with ui.row().classes("bar"):
                text = _("Chosen files stay chosen; more can be added, and the order changed.")
                ui.label(text).classes("quiet grow")
                button(_("Apply"), self._apply)

    async def refresh(self) -> None:
        """Update the files' progress."""
        files = await self._ask() if self._chooser is not None else []
        if files and self._chooser is not None:
            self._chooser.show_progress(files)

    async def _ask(self) -> Sequence[FolderFile]:
        group, name = self._group, self._name
        try:
            return await self._commands.query(lambda session: session.files.folder(group, name))
        except MinitorrentError:
            return []  # it is gone, and the dialog closes

    async def _apply(self) -> None:
        if self._chooser is None:
            return
        group, name, options = self._group, self._name, self._chooser.options
        try:
            await self._commands.query(lambda session: session.files.choose(group, name, options))
        except MinitorrentError as error:
            show_error(error)
            return
        show_message(_("Your choice of files is applied."))
        await self.open()
