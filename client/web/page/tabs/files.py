"""The Files tab: sharing files by path or by dropping them, and downloading."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from nicegui import ui
from nicegui.events import GenericEventArguments, UploadEventArguments

from client.results.files import UploadResult
from client.results.lists import FilesResult
from client.storage.paths.os_errors import translating
from client.web.page.command_client import CommandClient
from client.web.page.parts import dropped
from client.web.page.parts.choice import Choice
from client.web.page.parts.controls import button, clear, field, heading, icon_button
from client.web.page.parts.dialogs import PathDialog, stop_sharing
from client.web.page.parts.list_window import Fields
from client.web.page.parts.marks import BulkAction, Mark, Marks
from client.web.page.parts.own_groups import update_own_groups
from client.web.page.parts.paged_search import PagedSearch
from client.web.page.parts.tables import Table
from client.web.page.tabs.download_bar import DownloadBar
from client.web.page.tabs.file_rows import CELLS, COLUMNS, ROW_ACTIONS, begun, empty_text, row_of
from client.web.page.tabs.hashing import HashBar
from client.web.page.tabs.other_clients import publish
from client.web.page.toasts import show_error, show_message
from client.web.page.translation import N_, _
from common.errors import MinitorrentError

_PAUSE = 5  # seconds


class FilesTab:
    """The tab with the files of the chosen group."""

    def __init__(self, commands: CommandClient, choice: Choice) -> None:
        self._commands = commands
        self._choice = choice
        with ui.row().classes("bar"):
            heading(_("Files"))
            self._group = ui.select([], label=_("Group"), on_change=self._choose)
            self._group.props("outlined dense").classes("field")
        with ui.row().classes("bar"):
            self._path = field(_("Path of a file or folder to share")).classes("grow")
            self._path.on("keydown.enter", self._share_path)
            icon_button("folder_open", _("Choose a file or folder"), self._browse)
            button(_("Share"), self._share_path, main=True)
            button(_("Publish a .torrent"), self._publish)
        self._make_drop()
        self._hashing = HashBar()
        self._download_bar = DownloadBar(commands, lambda: choice.show("transfers"))
        self._table = self._make_table()
        self._marks = Marks(self._table, self._everything)
        self._search = PagedSearch(
            self._table,
            self.refresh,
            self._make_bulk,
            lambda text: choice.search("files", text),
            choice.filter_of("files"),
        )

    def _make_drop(self) -> None:
        drop = ui.upload(multiple=True, auto_upload=True, on_upload=self._share_dropped)
        drop.props["headers"] = [
            {"name": "Authorization", "value": f"Bearer {self._commands.token}"}
        ]
        with drop.props("flat bordered").classes("drop").add_slot("header"):
            with ui.element("label").classes("unseen"):
                ui.label(_("Files to share"))
                ui.element("q-uploader-add-trigger")
            with ui.row().classes("bar"):
                ui.label(_("Drop files here to share them, or"))
                choose = ui.button(_("choose files"), color=None).props("flat dense no-caps")
                choose.classes("plain").on("click", js_handler="() => props.pickFiles()")

    def _make_table(self) -> Table:
        made = Table(COLUMNS, "name", "", cells=CELLS, actions=ROW_ACTIONS)
        made.classes("tall")
        made.on("show", lambda: self._choice.show("transfers"))
        made.on("download", self._download)
        made.on("options", self._options)
        made.on("stop", self._stop)
        return made

    def _make_bulk(self) -> None:
        """Create what is beside the search field: what can be done to the selected files."""
        label = N_("Download selected")
        action = BulkAction(N_("Download"), label, "download", self._download_selected)
        self._marks.make_bar([action])

    @property
    def pattern(self) -> str:
        """What is searched for."""
        return self._search.text

    @pattern.setter
    def pattern(self, text: str) -> None:
        self._search.text = text

    @property
    def pause(self) -> int:
        """Seconds between updates of the list; longer for long lists."""
        return max(_PAUSE, len(self._table.rows) // 100)

    async def refresh(self) -> None:
        """Update the list of the group's files."""
        if not self._choice.groups:
            with suppress(MinitorrentError):  # the banner shows that the tracker is gone
                await update_own_groups(self._commands, self._choice)
        group = self._choice.group
        self._group.set_options(self._choice.groups, value=group)
        self._table.props["no-data-label"] = empty_text(group, self._search.text)
        if group is None:
            self._table.show([])
            return
        for fields in self._search.requests(group):
            if await self._show(group, fields):
                return

    async def _show(self, group: str, fields: Fields) -> bool:
        """Request some of the files and show them; return whether no more requests are needed."""
        try:
            found = await self._commands.ask(FilesResult, "list_files", group=group, **fields)
            names = [file.name for file in found.files]
            mine, unfinished = await self._commands.query(
                lambda session: (
                    session.files.shared(group, names),
                    session.transfers.unfinished(group, names),
                )
            )
        except MinitorrentError:
            return True  # the header shows the tracker's state
        if group != self._choice.group or not self._search.is_wanted(fields):
            return True  # the user has chosen something else meanwhile
        rows = [
            row_of(
                group,
                file,
                mine=file.name in mine,
                download=unfinished.get(file.name),
                marked=self._marks.has(group, file.name),
            )
            for file in found.files
        ]
        self._table.show(rows)
        return self._search.show_count(len(found.files), found.total, group)

    async def follow(self) -> None:
        """Update the progress of downloads that have begun; called once per second."""
        group = self._choice.group
        names = [row["name"] for row in self._table.rows if row["begun"]]
        if group is None or not names:
            return
        try:
            found = await self._commands.query(
                lambda session: session.transfers.unfinished(group, names)
            )
        except MinitorrentError:
            return  # the session has just ended, and the page will show that
        if len(found) < len(names):
            await self.refresh()  # one has ended
            return
        self._table.show(
            [
                row | {"begun": begun(found[row["name"]])}
                if row["begun"] and row["group"] == group and row["name"] in found
                else row
                for row in self._table.rows
            ]
        )

    async def _everything(self) -> list[Mark]:
        """Return all files of the group that match the search."""
        group, pattern = self._choice.group, str(self._search.fields["pattern"] or "")
        try:
            found = await self._commands.query(
                lambda session: session.files.list(group, pattern, limit=0)
            )
        except MinitorrentError as error:
            show_error(error)
            return []
        return [(found.group, file.name) for file in found.files]

    async def _download_selected(self) -> None:
        await self._download_bar.many(self._marks.names)
        self._marks.clear()

    async def _choose(self) -> None:
        if self._group.value != self._choice.group:
            self._choice.group = self._group.value
            self._search.reset()
            self._marks.clear()
            await self.refresh()

    async def _browse(self) -> None:
        title = _("Choose a file or folder to share")
        chosen = await PathDialog(self._commands, title, Path.home(), folders_only=False).choose()
        self._path.value = chosen or self._path.value

    async def _share_path(self) -> None:
        path = self._path.value
        if await self._share(path):
            clear(self._path, path)

    async def _publish(self) -> None:
        group = self._choice.group
        if group is None:
            show_message(_("Choose or create a group first."))
        elif await publish(self._commands, group):
            await self.refresh()

    async def _share_dropped(self, event: UploadEventArguments) -> None:
        try:
            path = dropped.place(self._commands.folder, event.file.name)
            with translating(path):
                await event.file.save(path)
        except MinitorrentError as error:
            show_error(error)
            return
        if not await self._share(str(path)):
            await self._commands.work(lambda: dropped.discard(path))

    async def _share(self, path: str) -> bool:
        if self._choice.group is None:
            show_message(_("Choose or create a group first."))
            return False
        try:
            with self._hashing as hashing:
                shared = await self._commands.ask(
                    UploadResult, "upload_file", hashing.report, path=path, group=self._choice.group
                )
        except MinitorrentError as error:
            show_error(error)
            return False
        show_message(_("Sharing {name} with {group}.").format(name=shared.name, group=shared.group))
        await self.refresh()
        return True

    async def _download(self, event: GenericEventArguments) -> None:
        name, group = event.args
        await self._download_bar.file(group, name)

    async def _options(self, event: GenericEventArguments) -> None:
        name, group = event.args
        await self._download_bar.options(group, name)

    async def _stop(self, event: GenericEventArguments) -> None:
        name, group = event.args
        if await stop_sharing(self._commands, group, name):
            await self.refresh()
