"""The page that a browser shows: the session's commands as buttons, lists and graphs (NiceGUI)."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from nicegui import app as framework
from nicegui import ui
from nicegui.translations import translations

from client.web.page.command_client import CommandClient
from client.web.page.layout import Layout
from client.web.page.log import forward
from client.web.pool import CommandPool

_ABSENCE = 60.0
"""Seconds for which a page may be out of reach, or too busy to answer, and then goes on as it was.

After that it is loaded anew, and what was typed or asked in it is lost.
"""

_AWAY = {
    "connection_lost": "The client doesn’t answer.",
    "trying_to_reconnect": "If it has ended, start it again: this page goes on by itself.",
}
"""What a page says that has lost its connection."""


def attach(app: FastAPI, pool: CommandPool, data_dir: Path, token: str) -> None:
    """Serve the page at `/` of `app`, beside what is there already; its commands run in `pool`.

    Files that are dropped on the page are kept in `data_dir`. What the page asks for by itself
    carries `token`. To be called once a process.
    """
    forward("nicegui")
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
