"""Dialogs that ask for confirmation or for a path on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nicegui import ui

from client.storage.paths.typed_path import typed_path
from client.web.page.command_client import CommandClient
from client.web.page.parts.controls import button, field, heading, icon_button
from client.web.page.translation import _
from common.errors import MinitorrentError
from common.text import visible

_LISTED = 2000
"""Entries of a folder that a dialog lists; any path can be typed."""

_LOOKED_AT = 20_000
"""Entries of a folder that are examined to find those."""


async def confirm(question: str, yes: str, no: str = "") -> bool:
    """Ask for confirmation; returns False if the user declines or closes the dialog."""
    with ui.dialog().props(named(question)) as dialog, ui.card().classes("dialog"):
        ui.label(question).classes("name")
        answers(dialog, yes, no or _("Cancel"))
    answer = await dialog
    dialog.delete()
    return answer is True


def answers(dialog: ui.dialog, yes: str, no: str) -> None:
    """Create the buttons that end a dialog with True or False."""
    with ui.row().classes("buttons"):
        button(no, lambda: dialog.submit(False))
        button(yes, lambda: dialog.submit(True), main=True)


async def stop_sharing(commands: CommandClient, group: str, name: str) -> bool:
    """Stop sharing a file if the user confirms it; return whether it succeeded."""
    question = _("Stop sharing {name}? The file stays on your disk.").format(name=visible(name))
    return await confirm(question, _("Stop sharing")) and await commands.do(
        "stop_share", group=group, name=name
    )


@dataclass(frozen=True)
class _Entry:
    name: str
    is_folder: bool


def _entries(folder: Path) -> list[_Entry]:
    """Return a folder's entries except hidden and unprintable ones, folders first.

    Raises OSError.
    """
    with os.scandir(folder) as found:
        entries = [
            _Entry(entry.name, os.path.isdir(entry))  # noqa: PTH112 - never raises
            for entry in islice(found, _LOOKED_AT)
            if not entry.name.startswith(".") and entry.name.isprintable()
        ]
    return sorted(entries, key=lambda entry: (not entry.is_folder, entry.name.lower()))[:_LISTED]


class PathDialog:
    """Lets the user choose a folder, or a file or folder, on the client's machine."""

    def __init__(
        self, commands: CommandClient, title: str, start: Path, *, folders_only: bool
    ) -> None:
        self._commands = commands
        self._folder = start
        self._folders_only = folders_only
        with ui.dialog().props(named(title)) as self._dialog, ui.card().classes("dialog"):
            heading(title)
            with ui.row().classes("bar path"):
                icon_button("arrow_upward", _("Go to the parent folder"), self._go_up)
                self._where = field(_("Path")).classes("grow")
                self._where.props("bottom-slots")  # reserve space for an error
                self._where.on("keydown.enter", self._go_to)
            self._list = ui.list().props("dense bordered").classes("entries")
            with ui.row().classes("buttons"):
                button(_("Cancel"), lambda: self._dialog.submit(None))
                button(_("Choose"), self._choose, main=True)

    async def choose(self) -> str | None:
        """Return the chosen path, or None if the user closes the dialog."""
        while not await self._show(self._folder) and self._folder != self._folder.parent:
            self._folder = self._folder.parent
        answer = await self._dialog
        self._dialog.delete()
        return answer if isinstance(answer, str) else None

    def _choose(self) -> None:
        self._dialog.submit(self._where.value or None)

    async def _go_to(self) -> None:
        try:
            folder = typed_path(self._where.value)
        except MinitorrentError as error:
            self._refuse(error.message)
            return
        await self._show(folder)

    async def _go_up(self) -> None:
        await self._show(self._folder.parent)

    async def _show(self, folder: Path) -> bool:
        """Show a folder's entries; if it can't be read, show the reason and return False."""
        try:
            entries = await self._commands.work(lambda: _entries(folder))
        except OSError as error:
            self._refuse(str(error.strerror))
            return False
        self._where.props["error"] = False
        self._folder = folder
        self._where.value = str(folder)
        self._list.clear()
        with self._list:
            shown = [entry for entry in entries if entry.is_folder or not self._folders_only]
            for entry in shown:
                self._draw(entry)
            if not shown:
                text = _("No subfolders.") if entries else _("This folder is empty.")
                ui.item(text).props("dense").classes("quiet")
        return True

    def _refuse(self, reason: str) -> None:
        self._where.props["error"] = True
        self._where.props["error-message"] = reason

    def _draw(self, entry: _Entry) -> None:
        path = self._folder / entry.name

        async def take() -> None:
            if entry.is_folder:
                await self._show(path)
            else:
                self._dialog.submit(str(path))

        with ui.item(on_click=take).props("dense"):
            with ui.item_section().props("avatar"):
                ui.icon("folder" if entry.is_folder else "description")
            ui.item_section(entry.name).classes("name")


def named(title: str) -> str:
    """Return the property that names a dialog for screen readers."""
    return f'aria-label="{title.replace(chr(34), "")}"'
