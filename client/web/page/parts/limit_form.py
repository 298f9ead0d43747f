"""Forms for rate limits, of the client or of one transfer, and for a download's priority."""

from __future__ import annotations

from nicegui import ui

from client.results.settings import LimitRow, LimitsResult
from client.web.page.command_client import CommandClient
from client.web.page.parts.controls import button, clear, field
from client.web.page.toasts import show_message
from client.web.page.translation import N_, _
from common.errors import MinitorrentError
from common.text import rate

_LABELS = {"down": N_("Download limit"), "up": N_("Upload limit")}
_BUTTONS = {"down": N_("Set the download limit"), "up": N_("Set the upload limit")}


class LimitForm:
    """Inputs for the limits of a transfer, given as `group` and `name`, or of the client."""

    def __init__(self, commands: CommandClient, **transfer: str) -> None:
        self._commands = commands
        self._transfer = transfer
        ui.label(_("In bytes per second, such as 500K or 2M; 0 for no limit.")).classes("quiet")
        with ui.row().classes("bar"):
            for way in ("down", "up"):
                self._input(way)
        self._now = ui.label("\u00a0").classes("quiet")  # reserve the line

    async def refresh(self) -> None:
        """Show the current limits."""
        try:
            found = await self._commands.ask(LimitsResult, "limit")
        except MinitorrentError:
            return  # the session has just ended, and the page will show that
        wanted = (self._transfer.get("group"), self._transfer.get("name"))
        rows = [row for row in found.limits if (row.group, row.name) == wanted]
        self._now.text = _text(rows[0]) if rows else _("Current: no limit of its own.")

    def _input(self, way: str) -> None:
        value = field(_(_LABELS[way]))

        async def set_limit() -> None:
            typed = value.value
            if await self._commands.do("limit", direction=way, rate=typed, **self._transfer):
                clear(value, typed)
                await self.refresh()

        value.on("keydown.enter", set_limit)
        button(_("Set"), set_limit).props["aria-label"] = _(_BUTTONS[way])


class PriorityForm:
    """An input for the priority of a queued download."""

    def __init__(self, commands: CommandClient, group: str, name: str) -> None:
        with ui.row().classes("bar"):
            value = field(_("Priority (-100 to 100)"))

            async def set_priority() -> None:
                if await commands.do("priority", group=group, name=name, n=value.value):
                    show_message(_("Priority set to {value}.").format(value=value.value))

            value.on("keydown.enter", set_priority)
            button(_("Set"), set_priority).props["aria-label"] = _("Set the priority")


def _text(row: LimitRow) -> str:
    down, up = (rate(value) if value else _("no limit") for value in (row.down, row.up))
    return _("Current: down {down}, up {up}.").format(down=down, up=up)
