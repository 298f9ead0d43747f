"""The web page (NiceGUI): the session's commands as buttons, lists and graphs."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from nicegui import app as framework
from nicegui import ui
from nicegui.translations import translations

from client.web.page.command_client import CommandClient
from client.web.page.layout import Layout
from client.web.pool import CommandPool

_ABSENCE = 60.0
"""Seconds for which a page may be disconnected, or too busy to answer, and still keep its state.

After that the page reloads, and text typed into it is lost.
"""

_AWAY = {
    "connection_lost": "The client doesn’t respond.",
    "trying_to_reconnect": "If it has quit, start it again; this page reconnects by itself.",
}
"""The texts of a page that has lost its connection."""


def attach(app: FastAPI, pool: CommandPool, data_dir: Path, token: str) -> None:
    """Add the page to `app` at `/`; its commands run in `pool`.

    Files dropped on the page are stored in `data_dir`. The page's own requests carry `token`.
    Call this once per process.
    """
    commands = CommandClient(pool, data_dir / "dropped", token)

    @ui.page("/", title="Minitorrent")
    async def page() -> None:
        await Layout(commands).open()

    ui.run_with(
        app,
        title="Minitorrent",
        dark=None,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=_ABSENCE,
    )
    translations["en-US"].update(_AWAY)
    framework.config.socket_io_js_query_params = {"token": token}
