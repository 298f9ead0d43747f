"""The download folder, and starting downloads: by name or link, in part, in order."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from nicegui import ui

from client.results import DownloadResult, MagnetResult
from client.storage.paths.os_errors import translating
from client.storage.paths.typed_path import typed_path
from client.web.page.command_client import CommandClient, Field
from client.web.page.parts.controls import button, field, heading, icon_button
from client.web.page.parts.dialogs import PathDialog, answers, named
from client.web.page.tabs.file_filter import FileFilter
from client.web.page.toasts import show_error, show_message
from client.web.page.translation import N_, _
from common.errors import MinitorrentError
from common.text import visible

_IN_PLACE = N_("Complete the copy that exists in the folder, in place")


class DownloadBar:
    """The line with the download folder; calls `started` when a download has begun."""

    def __init__(self, commands: CommandClient, started: Callable[[], None]) -> None:
        self._commands = commands
        self._started = started
        with ui.row().classes("bar"):
            self._folder = field(_("Download into"), str(_downloads())).classes("grow")
            icon_button("folder_open", _("Choose the folder for downloads"), self._choose_folder)
            button(_("Add magnet or .torrent"), self._by_reference)

    async def file(self, group: str, name: str, **options: Field) -> None:
        """Download a file of a group."""
        await self._start("download_file", group=group, name=name, **options)

    async def options(self, group: str, name: str) -> None:
        """Ask for a download's options; the dialog also offers the file's magnet link."""
        try:
            files = await self._commands.query(lambda session: session.files.contents(group, name))
        except MinitorrentError as error:
            show_error(error)
            return
        with ui.dialog().props(named(_("Options"))) as dialog, ui.card().classes("dialog"):
            heading(visible(name))
            parts = FileFilter(files) if files else None
            sequential = ui.checkbox(_("Download from first to last piece, to watch while loading"))
            in_place = ui.checkbox(_(_IN_PLACE))
            _Link(self._commands, group, name)
            answers(dialog, _("Download"), _("Close"))
        if await dialog:
            only = parts.pattern if parts else None
            wishes = {"sequential": sequential.value, "resume": in_place.value}
            await self.file(group, name, only=only, **wishes)
        dialog.delete()

    async def _by_reference(self) -> None:
        title = _("Add magnet or .torrent")
        with ui.dialog().props(named(title)) as dialog, ui.card().classes("dialog"):
            heading(title)
            what = field(_("Magnet link, or path of a .torrent file")).classes("whole")
            what.props("autofocus").on("keydown.enter", lambda: dialog.submit(True))
            in_place = ui.checkbox(_(_IN_PLACE))
            answers(dialog, _("Download"), _("Close"))
        if await dialog:
            reference = what.value.strip()
            await self._start("get", metainfo_or_magnet=reference, resume=in_place.value)
        dialog.delete()

    async def _start(self, command: str, **fields: Field) -> None:
        try:
            folder = typed_path(self._folder.value or _downloads())
            with translating(folder):
                await self._commands.work(lambda: folder.mkdir(parents=True, exist_ok=True))
            begun = await self._commands.ask(DownloadResult, command, dest=str(folder), **fields)
        except MinitorrentError as error:
            show_error(error)
            return
        show_message(_("Downloading {name}.").format(name=visible(begun.name)))
        self._started()

    async def _choose_folder(self) -> None:
        start = Path.home()
        with suppress(MinitorrentError):  # start at home instead
            start = typed_path(self._folder.value or start)
        title = _("Choose the folder for downloads")
        chosen = await PathDialog(self._commands, title, start, folders_only=True).choose()
        self._folder.value = chosen or self._folder.value


class _Link:
    """A button that shows a file's magnet link and copies it if the browser allows it."""

    def __init__(self, commands: CommandClient, group: str, name: str) -> None:
        self._commands = commands
        self._transfer = {"group": group, "name": name}
        with ui.row().classes("bar"):
            button(_("Copy magnet link"), self._copy, icon="link")
            self._shown = field(_("Magnet link")).props("readonly").classes("grow")
        self._shown.visible = False

    async def _copy(self) -> None:
        try:
            found = await self._commands.ask(MagnetResult, "magnet", **self._transfer)
        except MinitorrentError as error:
            show_error(error)
            return
        self._shown.value = found.magnet
        self._shown.visible = True
        copy = f"navigator.clipboard?.writeText({json.dumps(found.magnet)}).catch(() => null)"
        ui.run_javascript(copy)  # if the browser refuses, the user can select and copy the link


def _downloads() -> Path:
    import platformdirs

    return platformdirs.user_downloads_path()
