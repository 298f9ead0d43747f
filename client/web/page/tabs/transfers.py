"""The Transfers tab: downloads and shares with their rates, progress and actions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.results import DownloadRow, Overview, SharesResult
from client.web.page.command_client import CommandClient
from client.web.page.parts.controls import heading
from client.web.page.parts.dialogs import confirm, stop_sharing
from client.web.page.parts.rate_graph import RateGraph
from client.web.page.parts.tables import ACTIONS, Action, Column, Table, search
from client.web.page.tabs.transfer_dialog import TransferDialog
from client.web.page.translation import N_, _
from common.errors import MinitorrentError
from common.text import duration, percent, rate, size, visible

_COLUMNS = (
    Column("name", N_("Name")),
    Column("progress", N_("Progress")),
    Column("down_rate", N_("Down"), right=True, wide=True, shown="down"),
    Column("up_rate", N_("Up"), right=True, wide=True, shown="up"),
    Column("left", N_("Time left"), right=True, wide=True),
    Column("peers", N_("Peers"), right=True, wide=True),
    ACTIONS,
)
_NAME = """
<q-td :props="props"><span class="name">{{ props.row.shown }}</span>
<div class="quiet">{{ props.row.about }}</div></q-td>
"""
_PROGRESS = """
<q-td :props="props" class="progress">
<q-linear-progress :value="props.row.progress" size="8px" rounded
 :class="'bar-' + props.row.state" :aria-label="props.row.label"/>
<div class="quiet">{{ props.row.percent }} · {{ props.row.status }}<span class="narrow-only"
 v-if="props.row.down_rate > 0"> · {{ props.row.down }}</span></div></q-td>
"""
_RUNNING = "['queued', 'checking', 'downloading', 'seeding'].includes(row.state)"
_ACTIONS = (
    Action("pause", "pause", N_("Pause"), _RUNNING),
    Action("resume", "play_arrow", N_("Resume"), "['paused', 'failed'].includes(row.state)"),
    Action("recheck", "fact_check", N_("Check again")),
    Action("cancel", "delete", N_("Cancel and delete"), "!row.complete"),
    Action("stop", "link_off", N_("Stop sharing"), "row.complete"),
    Action("details", "info", N_("Details of")),
)


class TransfersTab:
    """The tab with all transfers."""

    def __init__(self, commands: CommandClient) -> None:
        self._commands = commands
        with ui.row().classes("bar"):
            heading(_("Transfers"))
            ui.space()
            total = ui.label()
        self._rates = RateGraph(total)
        self._table = Table(
            _COLUMNS,
            "key",
            _("No transfers yet. Download or share a file."),
            cells={"name": _NAME, "progress": _PROGRESS},
            actions=_ACTIONS,
        )
        self._table.classes("tall")
        with self._table.add_slot("top"):
            search(self._table)
        for command in ("pause", "resume", "recheck"):
            self._table.on(command, self._simple(command))
        self._table.on("cancel", self._cancel)
        self._table.on("stop", self._stop)
        self._table.on("details", self._details)

    @property
    def pause(self) -> int:
        """Seconds between updates of the list; longer for long lists."""
        return 1 + len(self._table.rows) // 500

    def sample(self, overview: Overview) -> None:
        """Record the current rates; called once per second, whichever tab is visible."""
        self._rates.sample(overview.down_rate, overview.up_rate)

    async def refresh(self) -> None:
        """Update the list of transfers."""
        try:
            found = await self._commands.query(lambda session: session.transfers.all())
            shares = await self._commands.ask(SharesResult, "show_shares")
        except MinitorrentError:
            return  # the session has just ended, and the page will show that
        uploaded = {(row.group, row.name): row.uploaded for row in shares.shares}
        rows = [_row(row, uploaded.get((row.group, row.name))) for row in found.downloads]
        self._table.show(rows)

    def _simple(self, command: str) -> Callable[[GenericEventArguments], Awaitable[None]]:
        async def run(event: GenericEventArguments) -> None:
            name, group = event.args
            await self._commands.do(command, group=group, name=name)
            await self.refresh()

        return run

    async def _cancel(self, event: GenericEventArguments) -> None:
        name, group = event.args
        question = _("Cancel the download of {name} and delete the partial data?").format(
            name=visible(name)
        )
        if await confirm(question, _("Delete"), _("Keep")):
            await self._commands.do("cancel", group=group, name=name)
            await self.refresh()

    async def _stop(self, event: GenericEventArguments) -> None:
        name, group = event.args
        if await stop_sharing(self._commands, group, name):
            await self.refresh()

    async def _details(self, event: GenericEventArguments) -> None:
        name, group = event.args
        rows = {row["key"]: row for row in self._table.rows}
        row = rows.get(f"{group}/{name}", {"state": "", "complete": False})
        detail = TransferDialog(
            self._commands,
            group,
            name,
            is_waiting=row["state"] == "queued",
            is_complete=row["complete"],
        )
        await detail.show()


def _row(row: DownloadRow, uploaded: int | None) -> dict[str, object]:
    """Return a row of the table; `uploaded` is None for incomplete transfers."""
    parts = [row.group]
    if uploaded is None:
        parts.append(_("{done} of {size}").format(done=size(row.done), size=size(row.size)))
    else:
        parts += [size(row.size), _("{size} uploaded").format(size=size(uploaded))]
    return {
        "key": f"{row.group}/{row.name}",
        "name": row.name,
        "group": row.group,
        "shown": visible(row.name),
        "about": row.error or " · ".join(parts),
        "progress": row.progress,
        "complete": uploaded is not None,
        "percent": percent(row.progress),
        "state": row.state.value,
        "status": _(row.state.value),
        "label": _("Progress of {name}").format(name=visible(row.name)),
        "down_rate": row.down_rate,
        "down": rate(row.down_rate),
        "up_rate": row.up_rate,
        "up": rate(row.up_rate),
        "left": "" if row.eta is None else duration(row.eta),
        "peers": row.peers,
    }
