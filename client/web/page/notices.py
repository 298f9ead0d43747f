"""The list of what happened: in the groups, as the tracker tells it, and on this client."""

from __future__ import annotations

from datetime import datetime

from nicegui import ui

from client.engine.lists import NoticesResult
from client.web.page.command_client import CommandClient
from client.web.page.controls import heading, moment
from common.errors import MinitorrentError

_OWN_KINDS = ("warning", "tracker", "download_completed", "download_failed")
"""What this client tells by itself; the tracker's list has all the rest."""


class NoticeList:
    """The tab of notices, the newest first."""

    def __init__(self, commands: CommandClient) -> None:
        self._commands = commands
        self._shown: list[tuple[datetime, str]] | None = None
        heading("Notices")
        self._list = ui.element("ul").classes("notices").props("aria-label=Notices")

    async def refresh(self) -> None:
        """Ask for what happened, and draw the list again if there is anything new."""
        try:
            told = await self._commands.ask(NoticesResult, "notices")
        except MinitorrentError:
            return  # the state of the tracker is shown at the top
        found = [(datetime.fromisoformat(row.at), row.text) for row in told.notices]
        found += [
            (heard.at, heard.notice.text)
            for heard in self._commands.heard.after(0)
            if heard.notice.kind in _OWN_KINDS
        ]
        found.sort(reverse=True)
        if found != self._shown:
            self._shown = found
            self._draw(found)

    def _draw(self, notices: list[tuple[datetime, str]]) -> None:
        self._list.clear()
        with self._list:
            for at, text in notices:
                with ui.element("li"):
                    ui.label(moment(at)).classes("quiet")
                    ui.label(text).classes("name")
            if not notices:
                with ui.element("li"):
                    ui.label("Nothing yet: requests to join and ended downloads show here.")
