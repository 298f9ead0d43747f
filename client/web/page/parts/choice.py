"""What a window of the page shows, kept in its address so that reload and Back find it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

from nicegui import ui

from client.web.page.parts.address import Address


class Choice:
    """The tab, the group and the searches of a window. `groups` are the user's own groups.

    `show` draws another tab. A change of tab or group becomes an entry of the browser's history; a
    change of a search changes the current one.
    """

    def __init__(self, show: Callable[[str], None], start: Address) -> None:
        self._show = show
        self._window = ui.context.client
        self._group = start.group
        self._tab = start.tab
        self._filters = {start.tab: start.filter}
        self._state = start.state
        self._written: Address | None = None
        self._is_by_user = False
        self._is_due = False
        self.groups: list[str] = []

    @property
    def group(self) -> str | None:
        """The group that the user has chosen."""
        return self._group

    @group.setter
    def group(self, group: str | None) -> None:
        self._group = group
        self._write(by_user=True)

    def settle(self, group: str | None) -> None:
        """Choose a group because none is chosen, or because the user has left it."""
        self._group = group
        self._write(by_user=False)

    @property
    def tab(self) -> str:
        """The tab that is shown."""
        return self._tab

    def show(self, tab: str) -> None:
        """Show another tab."""
        self._show(tab)
        self.shown(tab)

    def shown(self, tab: str) -> None:
        """Keep in mind which tab the user has opened."""
        if tab != self._tab:
            self._tab = tab
            self._write(by_user=True)

    def filter_of(self, tab: str) -> str:
        """Return what is searched for in a tab."""
        return self._filters.get(tab, "")

    def search(self, tab: str, text: str) -> None:
        """Keep in mind what is searched for in a tab."""
        self._filters[tab] = text
        self._write(by_user=False)

    @property
    def state(self) -> str:
        """The state of the transfers that are shown, "" for all."""
        return self._state

    def show_state(self, state: str) -> None:
        """Keep in mind which transfers are shown."""
        self._state = state
        self._write(by_user=False)

    def adopt(self, address: Address) -> None:
        """Take over an address that the browser shows already, after Back or Forward."""
        self._tab, self._group = address.tab, address.group
        self._filters[address.tab] = address.filter
        self._state = address.state
        self._written = self._address

    @property
    def _address(self) -> Address:
        state = self._state if self._tab == "transfers" else ""
        return Address(self._tab, self._group, self._filters.get(self._tab, ""), state)

    def _write(self, *, by_user: bool) -> None:
        """Write the address once the current step is done, which may change more than one part."""
        self._is_by_user |= by_user
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._write_now)

    def _write_now(self) -> None:
        address, is_by_user = self._address, self._is_by_user
        self._is_due = self._is_by_user = False
        if address == self._written:
            return
        is_elsewhere = self._written is not None and address != replace(
            self._written, filter=address.filter, state=address.state
        )
        way = "pushState" if is_by_user and is_elsewhere else "replaceState"
        self._written = address
        place = json.dumps(address.encode())
        self._window.run_javascript(f"history.{way}(null, '', location.pathname + {place})")
