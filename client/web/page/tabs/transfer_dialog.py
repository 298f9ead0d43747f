"""The dialog with details of one transfer: rates over time, pieces and peers."""

from __future__ import annotations

from pathlib import Path

from nicegui import ui

from client.results.transfers import PeersResult
from client.web.page.command_client import CommandClient
from client.web.page.parts import graph
from client.web.page.parts.controls import button, heading
from client.web.page.parts.dialogs import PathDialog, named
from client.web.page.parts.limit_form import LimitForm, PriorityForm
from client.web.page.parts.rate_graph import RateGraph
from client.web.page.parts.tables import Column, Table
from client.web.page.tabs.folder_section import FolderSection
from client.web.page.toasts import show_message
from client.web.page.translation import N_, _
from common.errors import MinitorrentError
from common.text import percent, rate, visible

_CELLS = 640
"""Cells of the map of pieces, at most."""

_LEGEND = {
    "here": N_("complete"),
    "partly": N_("partly here"),
    "there": N_("connected peers have it"),
    "nowhere": N_("no connected peer has it"),
}
"""The kinds of cells in the map of pieces."""

_FLAGS = N_(
    "D downloading from the peer, d the peer chokes us, U uploading to the peer, u we choke the "
    "peer, O optimistic unchoke, I incoming connection, S snubbed, X the peer has everything, "
    "E encrypted, e encrypted handshake"
)
_COLUMNS = (
    Column("address", N_("Peer")),
    Column("user", N_("User")),
    Column("client", N_("Client"), wide=True),
    Column("progress", N_("Has"), right=True, shown="percent"),
    Column("down_rate", N_("Down"), right=True, shown="down"),
    Column("up_rate", N_("Up"), right=True, wide=True, shown="up"),
    Column("flags", N_("Flags"), wide=True),
    Column("route", N_("Route"), wide=True, shown="how"),
)


class TransferDialog:
    """Shows one transfer, updated every second while the dialog is open.

    `is_waiting` means that it is queued, `is_complete` that this client shares it, `is_upload` that
    it was never downloaded.
    """

    def __init__(
        self,
        commands: CommandClient,
        group: str,
        name: str,
        *,
        is_waiting: bool,
        is_complete: bool,
        is_upload: bool,
    ) -> None:
        self._commands = commands
        self._group = group
        self._name = name
        with (
            ui.dialog().props(named(_("Details"))) as self._dialog,
            ui.card().classes("dialog big"),
        ):
            heading(visible(name))
            self._rates = RateGraph(ui.row())
            self._count = ui.label()
            self._pieces = ui.html("", sanitize=False).classes("pieces-box")
            with ui.row().classes("key quiet"):
                for kind, meaning in _LEGEND.items():
                    with ui.element("span").classes("entry"):
                        ui.element("span").classes(f"cell {kind}")
                        ui.label(_(meaning))
            self._files = None if is_upload else FolderSection(commands, group, name)
            self._limits = LimitForm(commands, group=group, name=name)
            if is_waiting:
                PriorityForm(commands, group, name)
            with ui.row().classes("buttons"):
                button(_("Why isn’t it moving?"), self._why)
                if is_complete:
                    button(_("Relocate"), self._relocate)
                button(_("Close"), self._dialog.close, main=True)
            self._peers = Table(_COLUMNS, "address", _("No connected peers.")).classes("peers")
            ui.label(_(_FLAGS)).classes("quiet")

    async def show(self) -> None:
        """Open the dialog, filled, and keep it up to date until it is closed."""
        await self._limits.refresh()
        if self._files is not None:
            await self._files.open()
        if await self._refresh():
            with self._dialog:
                timer = ui.timer(1.0, self._refresh, immediate=False)
            await self._dialog
            timer.cancel()
        self._dialog.delete()

    async def _refresh(self) -> bool:
        """Update the dialog; if the transfer is gone, close it and return False."""
        try:
            peers = await self._commands.ask(
                PeersResult, "peers", group=self._group, name=self._name
            )
            pieces, totals = await self._commands.query(
                lambda session: (
                    session.transfers.piece_map(self._group, self._name, _CELLS),
                    session.transfers.totals(self._group, self._name),
                )
            )
        except MinitorrentError:
            self._dialog.close()
            return False
        down = sum(peer.down_rate for peer in peers.peers)
        self._rates.sample(down, sum(peer.up_rate for peer in peers.peers), totals)
        if self._files is not None:
            await self._files.refresh()
        text = _("{done:,} of {pieces:,} pieces complete")
        self._count.text = text.format(done=pieces.done, pieces=pieces.pieces)
        self._pieces.content = graph.pieces(pieces.here, pieces.elsewhere)
        rows = [
            peer.model_dump()
            | {
                "user": peer.user or "",
                "client": visible(peer.client),
                "percent": percent(peer.progress),
                "how": _(peer.route),
                "down": rate(peer.down_rate),
                "up": rate(peer.up_rate),
            }
            for peer in peers.peers
        ]
        self._peers.show(rows)
        return True

    async def _why(self) -> None:
        await self._commands.explain(self._group, self._name)

    async def _relocate(self) -> None:
        title = _("Choose the moved file, or a folder to search for it")
        path = await PathDialog(self._commands, title, Path.home(), folders_only=False).choose()
        if path is None:
            return
        show_message(_("Searching; this takes as long as reading the file."))
        if await self._commands.do("relocate", group=self._group, name=self._name, path=path):
            show_message(
                _("Found {name}; it is shared from there now.").format(name=visible(self._name))
            )
