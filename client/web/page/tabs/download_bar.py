"""The download folder, and starting downloads: by name or link, in part, in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from nicegui import ui

from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from client.results.files import ContentRow, DownloadResult
from client.results.metainfo import MagnetResult
from client.services.api import SessionApi
from client.storage.paths.os_errors import translating
from client.storage.paths.typed_path import typed_path
from client.web.page.command_client import CommandClient, Field
from client.web.page.parts.bulk import run_on_all
from client.web.page.parts.controls import button, field, heading, icon_button
from client.web.page.parts.dialogs import PathDialog, answers, named
from client.web.page.parts.marks import Mark
from client.web.page.tabs.file_chooser import FileChooser
from client.web.page.tabs.other_clients import save_metainfo
from client.web.page.toasts import show_error, show_message
from client.web.page.translation import N_, _, ngettext
from common.errors import ErrorCode, MinitorrentError
from common.text import visible

_IN_PLACE = N_("Complete the copy that exists in the folder, in place")


class DownloadBar:
    """The line with the download folder; calls `started` when a download has begun."""

    def __init__(self, commands: CommandClient, started: Callable[[], None]) -> None:
        self._commands = commands
        self._started = started
        with ui.row().classes("bar"):
            self._folder = field(_("Download into"), str(commands.download_folder)).classes("grow")
            icon_button("folder_open", _("Choose the folder for downloads"), self._choose_folder)
            button(_("Add magnet or .torrent"), self._by_reference)

    async def file(self, group: str, name: str, **options: Field) -> None:
        """Download a file of a group."""
        await self._start("download_file", group=group, name=name, **options)

    async def many(self, names: Sequence[Mark]) -> None:
        """Download files, after asking once for the folder; nothing if the user closes the dialog.

        Those that this client shares, or downloads already, are left as they are.
        """
        chosen = await self._ask_folder()
        if chosen is None:
            return
        try:
            folder = await self._make_folder(chosen)
            shared = await self._commands.query(lambda session: _shared(session, names))
        except MinitorrentError as error:
            show_error(error)
            return
        missing = [one for one in names if one not in shared]
        done = await run_on_all(
            self._commands,
            missing,
            lambda session, group, name: session.files.download(group, name, str(folder)),
        )
        if done:
            text = ngettext("Downloading {number} file.", "Downloading {number} files.", done)
            show_message(text.format(number=f"{done:,}"))
            self._started()
        elif not missing:
            show_message(_("You have all of these files."))

    async def options(self, group: str, name: str) -> None:
        """Ask for a download's options; the dialog also offers the file's magnet link."""
        try:
            is_begun, files = await self._commands.query(
                lambda session: _contents(session, group, name)
            )
        except MinitorrentError as error:
            show_error(error)
            return
        with ui.dialog().props(named(_("Options"))) as dialog, ui.card().classes("dialog"):
            heading(visible(name))
            parts = FileChooser(files) if files else None
            sequential = ui.checkbox(_("Download from first to last piece, to watch while loading"))
            in_place = ui.checkbox(_(_IN_PLACE))
            _Link(self._commands, group, name)
            answers(dialog, _("Download"), _("Close"))
        is_meant = await dialog is True
        if is_meant and parts is not None and parts.is_empty:
            show_error(MinitorrentError(ErrorCode.USAGE, _("Choose at least one file.")))
        elif is_meant:
            chosen = parts.options if parts else DEFAULT_OPTIONS
            options = replace(chosen, sequential=sequential.value, in_place=in_place.value)
            await self._begin(group, name, options, again=is_begun)
        dialog.delete()

    async def _begin(self, group: str, name: str, options: DownloadOptions, *, again: bool) -> None:
        """Download a file; one that is downloaded already gets these options where it is."""
        try:
            folder = await self._make_folder(self._folder.value)
            await self._commands.query(
                lambda session: (
                    session.files.choose(group, name, options)
                    if again
                    else session.files.begin(group, name, str(folder), options)
                )
            )
        except MinitorrentError as error:
            show_error(error, "download_file")
            return
        self._show_begun(name)

    def _show_begun(self, name: str) -> None:
        show_message(_("Downloading {name}.").format(name=visible(name)))
        self._started()

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
            folder = await self._make_folder(self._folder.value)
            begun = await self._commands.ask(DownloadResult, command, dest=str(folder), **fields)
        except MinitorrentError as error:
            show_error(error)
            return
        self._show_begun(begun.name)

    async def _make_folder(self, typed: str) -> Path:
        """Return the folder that the user typed, the usual one for nothing; it exists then."""
        folder = typed_path(typed or self._commands.download_folder)
        with translating(folder):
            await self._commands.work(lambda: folder.mkdir(parents=True, exist_ok=True))
        return folder

    async def _choose_folder(self) -> None:
        self._folder.value = await self._ask_folder() or self._folder.value

    async def _ask_folder(self) -> str | None:
        start = Path.home()
        with suppress(MinitorrentError):  # start at home instead
            start = typed_path(self._folder.value or start)
        title = _("Choose the folder for downloads")
        return await PathDialog(self._commands, title, start, folders_only=True).choose()


class _Link:
    """Buttons for other BitTorrent clients: a magnet link to copy, and a metainfo file."""

    def __init__(self, commands: CommandClient, group: str, name: str) -> None:
        self._commands = commands
        self._transfer = {"group": group, "name": name}
        with ui.row().classes("bar"):
            button(_("Copy magnet link"), self._copy, icon="link")
            button(_("Save .torrent"), self._save, icon="save_alt")
            self._shown = field(_("Magnet link")).props("readonly").classes("grow")
        self._shown.visible = False

    async def _save(self) -> None:
        await save_metainfo(self._commands, **self._transfer)

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


def _contents(session: SessionApi, group: str, name: str) -> tuple[bool, Sequence[ContentRow]]:
    """Return whether a file is being downloaded already, and the files if it is a folder."""
    if session.transfers.unfinished(group, [name]):
        return True, session.files.folder(group, name)
    return False, session.files.contents(group, name)


def _shared(session: SessionApi, names: Sequence[Mark]) -> set[Mark]:
    """Return those of the files that this client shares."""
    groups = {group for group, _name in names}
    return {
        (group, name)
        for group in groups
        for name in session.files.shared(group, [name for of, name in names if of == group])
    }
