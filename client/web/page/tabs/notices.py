"""The Notices tab: recent events in the groups and on this client."""

from __future__ import annotations

from nicegui import ui

from client.core.notices.folding import fold
from client.core.notices.notice_kinds import presentation_of
from client.results.lists import NoticeRow, NoticesResult
from client.web.page.command_client import CommandClient
from client.web.page.parts.controls import heading
from client.web.page.sentences import in_page_words
from client.web.page.translation import _
from common.errors import MinitorrentError
from common.text import local_time


class NoticesTab:
    """The tab with all notices, the newest first."""

    def __init__(self, commands: CommandClient) -> None:
        self._commands = commands
        self._shown: list[NoticeRow] | None = None
        heading(_("Notices"))
        self._list = ui.element("ul").classes("notices")
        self._list.props["aria-label"] = _("Notices")

    async def refresh(self) -> None:
        """Update the list of notices if it has changed."""
        try:
            found = (await self._commands.ask(NoticesResult, "notices")).notices
        except MinitorrentError:
            return  # the header shows the tracker's state
        if found != self._shown:
            self._shown = found
            self._draw(found)

    def _draw(self, notices: list[NoticeRow]) -> None:
        self._list.clear()
        with self._list:
            for line in reversed(fold(notices, lambda row: row.seconds)):
                with ui.element("li"):
                    ui.label(local_time(line.newest.at)).classes("quiet")
                    ui.label(_(presentation_of(line.newest.kind).heading)).classes("quiet")
                    ui.label(in_page_words(line.text)).classes("name")
            if not notices:
                with ui.element("li"):
                    ui.label(_("No notices yet. Requests and completed downloads appear here."))
