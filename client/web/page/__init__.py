"""The page that a browser shows: the session's commands as buttons, lists and graphs (NiceGUI)."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from nicegui import ui

from client.web.page.desk import Desk
from client.web.page.layout import Layout
from client.web.page.log import forward
from client.web.pool import CommandPool

_ABSENCE = 60.0
"""Seconds for which a page may be out of reach, or too busy to answer, and then goes on as it was.

After that it is loaded anew, and what was typed or asked in it is lost.
"""


def attach(app: FastAPI, pool: CommandPool, data_dir: Path) -> None:
    """Serve the page at `/` of `app`, beside what is there already; its commands run in `pool`.

    Files that are dropped on the page are kept in `data_dir`. To be called once a process.
    """
    forward("nicegui")
    desk = Desk(pool, data_dir / "dropped")

    @ui.page("/", title="Minitorrent")
    async def page() -> None:
        await Layout(desk).open()

    ui.run_with(
        app,
        title="Minitorrent",
        dark=None,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=_ABSENCE,
    )
