"""The page of a user who is logged in: the tabs and the one shown."""

from __future__ import annotations

from dataclasses import replace

from nicegui import ui

from client.results.overview import Overview
from client.web.page.command_client import CommandClient
from client.web.page.parts import desktop
from client.web.page.parts.address import Address
from client.web.page.parts.choice import Choice
from client.web.page.sentences import in_page_words
from client.web.page.tabs.files import FilesTab
from client.web.page.tabs.groups import GroupsTab
from client.web.page.tabs.notices import NoticesTab
from client.web.page.tabs.settings import SettingsTab
from client.web.page.tabs.transfers import TransfersTab
from client.web.page.toasts import count_more, show_message
from client.web.page.translation import N_, _, ngettext

TABS = {
    "groups": (N_("Groups"), "groups"),
    "files": (N_("Files"), "folder"),
    "transfers": (N_("Transfers"), "swap_vert"),
    "notices": (N_("Notices"), "notifications"),
    "settings": (N_("Settings"), "settings"),
}
_FIRST = "groups"
_PAUSES = {"groups": 5, "notices": 5, "settings": 5}
"""Seconds between updates of a visible tab; the other two tabs choose their own."""

_REST = 3
"""Seconds between updates because of news: thousands of shares may arrive, one after another."""

_MOST_TOLD = 3
"""New notices shown as messages at once, the newest; others are counted. The tab has all."""


class MainView:
    """The page of a user who is logged in; it begins at the place that `start` names."""

    def __init__(self, commands: CommandClient, start: Address) -> None:
        self._commands = commands
        self._last_shown = commands.notice_log.count
        self._seconds = 0
        self._refreshed_at = -_REST
        self._is_stale = False  # there is news that the visible tab doesn't show yet
        start = replace(start, tab=start.tab or _FIRST)
        self._choice = Choice(self._show, start)
        self._make_tabs()
        with ui.tab_panels(self._tabs, value=start.tab).classes("panels") as self._panels:
            self._panels.props(remove="animated")
            with ui.tab_panel("groups"):
                self._groups = GroupsTab(commands, self._choice, start.invitation)
            with ui.tab_panel("files"):
                self._files = FilesTab(commands, self._choice)
            with ui.tab_panel("transfers"):
                self._transfers = TransfersTab(commands, self._choice)
            with ui.tab_panel("notices"):
                self._notices = NoticesTab(commands)
            with ui.tab_panel("settings"):
                self._settings = SettingsTab(commands)
        self._panels.on_value_change(self._on_tab)

    def _make_tabs(self) -> None:
        with ui.tabs().classes("tabs") as self._tabs:
            self._tabs.props("no-caps mobile-arrows align=justify")
            made = {name: ui.tab(name, _(label), icon) for name, (label, icon) in TABS.items()}
        self._groups_tab = made["groups"]
        with self._groups_tab:
            self._badge = ui.badge().props("floating").classes("asking")
        self._badge.visible = False

    async def tick(self, overview: Overview) -> None:
        """Show new notices and update the visible tab; called once per second."""
        self._seconds += 1
        self._transfers.sample(overview)
        self._show_waiting(overview.pending_requests)
        news = self._commands.notice_log.after(self._last_shown)
        for notice in news[-_MOST_TOLD:]:
            text = in_page_words(notice.text)
            show_message(text)
            desktop.notify(notice.kind, text)
        if len(news) > _MOST_TOLD:
            count_more(len(news) - _MOST_TOLD)
        self._last_shown += len(news)
        if self._panels.value == "files":
            await self._files.follow()
        pauses = {"files": self._files.pause, "transfers": self._transfers.pause, **_PAUSES}
        self._is_stale = self._is_stale or bool(news)
        rest = min(pauses[self._panels.value], _REST)
        is_rested = self._seconds - self._refreshed_at >= rest
        if self._seconds % pauses[self._panels.value] == 0 or (self._is_stale and is_rested):
            self._is_stale, self._refreshed_at = False, self._seconds
            await self.refresh()

    def _show_waiting(self, waiting: int) -> None:
        """Mark the tab of groups with the number of requests that the user may decide on."""
        asking = ngettext("{number} request to join", "{number} requests to join", waiting)
        self._badge.visible = waiting > 0
        if waiting:
            self._badge.text = f"{waiting}" if waiting < 100 else "99+"
        self._groups_tab.props["title"] = asking.format(number=waiting) if waiting else ""

    async def refresh(self) -> None:
        """Update the visible tab."""
        match self._panels.value:
            case "notices":
                await self._notices.refresh()
            case "transfers":
                await self._transfers.refresh()
            case "settings":
                await self._settings.refresh()
            case "files":
                await self._files.refresh()
            case _:
                await self._groups.refresh()

    async def go(self, address: Address) -> None:
        """Show another place, which the browser's address names already."""
        if address.invitation:
            self._show(_FIRST)
            self._groups.show_invitation(address.invitation)
            return
        address = replace(address, tab=address.tab or _FIRST)
        self._choice.adopt(address)
        self._groups.pattern = self._choice.filter_of("groups")
        self._files.pattern = self._choice.filter_of("files")
        self._transfers.show_place()
        self._show(address.tab)
        await self.refresh()

    def show_notices(self) -> None:
        """Show the tab of notices."""
        self._choice.show("notices")

    async def _on_tab(self) -> None:
        self._choice.shown(self._panels.value)
        await self.refresh()

    def _show(self, tab: str) -> None:
        self._tabs.value = tab
