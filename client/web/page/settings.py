"""Limits, trackers, sessions and the password."""

from __future__ import annotations

from nicegui import ui

from client.engine.status import TrackersResult
from client.web.page.controls import Column, button, field, heading, table
from client.web.page.desk import Desk, tell, tell_error
from common.errors import MinitorrentError

_TRACKERS = (
    Column("address", "Tracker"),
    Column("state", "State"),
    Column("fingerprint", "Certificate", wide=True),
)


class Settings:
    """The tab of settings."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        heading("Settings")
        if desk.knows("limit"):
            self._limits()
        self._password()
        with ui.card().classes("card"):
            ui.label("Trackers").classes("subtitle").props("role=heading aria-level=3")
            self._trackers = table(_TRACKERS, "address", "No tracker.")

    async def refresh(self) -> None:
        """Ask for the trackers' states again."""
        try:
            found = await self._desk.ask(TrackersResult, "trackers")
        except MinitorrentError as error:
            tell_error(error)
            return
        rows = [
            {
                "address": row.address,
                "state": f"{row.state} (in use)" if row.current else row.state,
                "fingerprint": row.fingerprint or "none",
            }
            for row in found.trackers
        ]
        if rows != self._trackers.rows:
            self._trackers.rows = rows

    def _limits(self) -> None:
        with ui.card().classes("card"):
            ui.label("Limits").classes("subtitle").props("role=heading aria-level=3")
            ui.label("As 500K or 2M bytes a second; 0 is no limit.").classes("quiet")
            for way, label in (("down", "Download rate"), ("up", "Upload rate")):
                with ui.row().classes("bar"):
                    self._limit(way, field(label))

    def _limit(self, way: str, value: ui.input) -> None:
        async def set_limit() -> None:
            if await self._desk.do("limit", way, value.value):
                tell("The limit is set.")

        button("Set", set_limit).props["aria-label"] = f"Set the {way}load limit"

    def _password(self) -> None:
        with ui.card().classes("card"):
            ui.label("Password").classes("subtitle").props("role=heading aria-level=3")
            with ui.row().classes("bar"):
                old = field("Old password", secret=True).props("autocomplete=current-password")
                new = field("New password", secret=True).props("autocomplete=new-password")

                async def change() -> None:
                    if await self._desk.do("passwd", old.value, new.value):
                        old.value = new.value = ""
                        tell("The password is changed; your other sessions have ended.")

                button("Change", change)
