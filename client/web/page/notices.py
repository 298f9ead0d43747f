"""The list of what happened: in the groups, as the tracker tells it, and on this client."""

from __future__ import annotations

from nicegui import ui

from client.core.notices import presentation_of
from client.engine.lists import NoticesResult
from client.web.page.command_client import CommandClient
from client.web.page.controls import heading, moment
from common.api.events import NoticeRow
from common.errors import MinitorrentError


class NoticeList:
    """The tab of notices, the newest first."""

    def __init__(self, commands: CommandClient) -> None:
        self._commands = commands
        self._shown: list[NoticeRow] | None = None
        heading("Notices")
        self._list = ui.element("ul").classes("notices").props("aria-label=Notices")

    async def refresh(self) -> None:
        """Ask for what happened, and draw the list again if there is anything new."""
        try:
            found = (await self._commands.ask(NoticesResult, "notices")).notices
        except MinitorrentError:
            return  # the state of the tracker is shown at the top
        if found != self._shown:
            self._shown = found
            self._draw(found)

    def _draw(self, notices: list[NoticeRow]) -> None:
        self._list.clear()
        with self._list:
            for row in reversed(notices):
                with ui.element("li"):
                    ui.label(moment(row.at)).classes("quiet")
                    ui.label(presentation_of(row.kind).heading).classes("quiet")
                    ui.label(row.text).classes("name")
            if not notices:
                with ui.element("li"):
                    ui.label("Nothing yet: requests to join and ended downloads show here.")
