"""The health checks on the Settings tab."""

from __future__ import annotations

from nicegui import ui

from client.results import ChecksResult
from client.web.page.command_client import CommandClient, tell_error
from client.web.page.parts.controls import button
from common.errors import MinitorrentError


class HealthChecks:
    """A card with a button that runs the checks and lists their results."""

    def __init__(self, commands: CommandClient) -> None:
        self._commands = commands
        with ui.card().classes("card"):
            ui.label("Health checks").classes("subtitle").props("role=heading aria-level=3")
            button("Run checks", self._check)
            self._list = ui.element("ul").classes("notices").props("aria-label=Checks")
        self._list.visible = False

    async def _check(self) -> None:
        try:
            found = await self._commands.ask(ChecksResult, "doctor")
        except MinitorrentError as error:
            tell_error(error)
            return
        self._list.clear()
        with self._list:
            for check in found.checks:
                with ui.element("li"):
                    ui.icon("check_circle" if check.ok else "error").classes(
                        "good" if check.ok else "bad"
                    )
                    ui.label(f"{check.name}: {check.hint}")
        self._list.visible = True
