"""One transfer in a dialog: its rates over time, its pieces, and its peers."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from nicegui import ui

from client.commands.units import percent, rate, visible
from client.engine.results import PeersResult
from client.web.page import graph
from client.web.page.command_client import CommandClient, tell
from client.web.page.controls import button, heading
from client.web.page.dialogs import PathDialog, named
from client.web.page.limit_form import Limits, Priority
from client.web.page.tables import Column, Table
from common.errors import MinitorrentError

_SPAN = 120
_CELLS = 640
_LEGEND = " (filled); peers have the grey ones, nobody connected has the outlined"
_FLAGS = (
    "D downloading from it, d choked by it, U uploading to it, u it is choked, "
    "O optimistic unchoke, I it dialled us, S snubbed, X it has everything"
)
_COLUMNS = (
    Column("address", "Peer"),
    Column("user", "User"),
    Column("client", "Client", wide=True),
    Column("progress", "Has", right=True, shown="percent"),
    Column("down_rate", "Down", right=True, shown="down"),
    Column("up_rate", "Up", right=True, wide=True, shown="up"),
    Column("flags", "Flags", wide=True),
)


class Detail:
    """What is known of one transfer, drawn anew every second while the dialog is open.

    `is_waiting` tells that it waits for its turn, `is_complete` that it is shared from here.
    """

    def __init__(
        self, commands: CommandClient, group: str, name: str, *, is_waiting: bool, is_complete: bool
    ) -> None:
        self._commands = commands
        self._group = group
        self._name = name
        self._down: deque[float] = deque(maxlen=_SPAN)
        self._up: deque[float] = deque(maxlen=_SPAN)
        with ui.dialog().props(named("Details")) as self._dialog, ui.card().classes("dialog big"):
            heading(visible(name))
            self._rates = ui.label().classes("quiet rates")
            self._graph = ui.html(graph.rates([], [], _SPAN), sanitize=False).classes("graph-box")
            self._count = ui.label().classes("quiet")
            self._pieces = ui.html("", sanitize=False).classes("pieces-box")
            self._limits = Limits(commands, group=group, name=name)
            if is_waiting:
                Priority(commands, group, name)
            with ui.row().classes("buttons"):
                button("Why is it not moving?", self._why)
                if is_complete:
                    button("It was moved", self._relocate)
                button("Close", self._dialog.close, main=True)
            self._peers = Table(_COLUMNS, "address", "Nobody is connected.").classes("peers")
            ui.label(_FLAGS).classes("quiet")

    async def show(self) -> None:
        """Open the dialog, filled, and keep it up to date until it is closed."""
        await self._limits.refresh()
        if await self._refresh():
            with self._dialog:
                timer = ui.timer(1.0, self._refresh, immediate=False)
            await self._dialog
            timer.cancel()
        self._dialog.delete()

    async def _refresh(self) -> bool:
        """Show what is the case now; False, and the dialog closes, when the transfer is gone."""
        try:
            peers = await self._commands.ask(
                PeersResult, "peers", group=self._group, name=self._name
            )
            pieces = await self._commands.piece_map(self._group, self._name, _CELLS)
        except MinitorrentError:
            self._dialog.close()
            return False
        self._down.append(sum(peer.down_rate for peer in peers.peers))
        self._up.append(sum(peer.up_rate for peer in peers.peers))
        self._rates.text = f"↓ {rate(self._down[-1])}   ↑ {rate(self._up[-1])}"
        self._graph.content = graph.rates(self._down, self._up, _SPAN)
        self._count.text = f"{pieces.done} of {pieces.pieces} pieces are here{_LEGEND}"
        self._pieces.content = graph.pieces(pieces.here, pieces.elsewhere)
        rows = [
            peer.model_dump()
            | {
                "user": peer.user or "",
                "client": visible(peer.client),
                "percent": percent(peer.progress),
                "down": rate(peer.down_rate),
                "up": rate(peer.up_rate),
            }
            for peer in peers.peers
        ]
        if rows != self._peers.rows:
            self._peers.rows = rows
        return True

    async def _why(self) -> None:
        await self._commands.explain(self._group, self._name)

    async def _relocate(self) -> None:
        title = "Choose where it is now, or a folder to search"
        path = await PathDialog(self._commands, title, Path.home(), folders_only=False).choose()
        if path is None:
            return
        tell("Looking for it; that takes as long as reading it.")
        if await self._commands.do("relocate", group=self._group, name=self._name, path=path):
            tell(f"{visible(self._name)} is found, and shared from there.")
