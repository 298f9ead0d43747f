"""The web page (NiceGUI): the session's commands as buttons, lists and graphs."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from nicegui import app as framework
from nicegui import ui
from nicegui.language import Language
from nicegui.translations import translations

from client.web.page.command_client import CommandClient
from client.web.page.layout import Layout
from client.web.page.translation import LANGUAGES, N_, catalogue, choose_language, set_language
from client.web.pool import CommandPool

_ABSENCE = 60.0
"""Seconds for which a page may be disconnected, or too busy to answer, and still keep its state.

After that the page reloads, and text typed into it is lost.
"""

_AWAY = {
    "connection_lost": N_("The client doesn’t respond."),
    "trying_to_reconnect": N_("If it has quit, start it again; this page reconnects by itself."),
}
"""The texts of a page that has lost its connection."""

_PLACE = "minitorrent-place"
"""The header in which the entry page sends the address's fragment."""

_FRAMEWORK_NAMES: Final[dict[str, Language]] = {"en": "en-US", "de": "de"}
"""The framework's own names of our languages, for its elements and the document's language."""


def attach(app: FastAPI, pool: CommandPool, data_dir: Path, token: str) -> None:
    """Add the page to `app` at `/`; its commands run in `pool`.

    Files dropped on the page are stored in `data_dir`. The page's own requests carry `token`.
    Call this once per process.
    """
    commands = CommandClient(pool, data_dir / "dropped", token)

    @ui.page("/", title="Minitorrent")
    async def page() -> None:
        headers = ui.context.client.request.headers
        chosen = await commands.query(lambda session: session.settings.language)
        if chosen not in LANGUAGES:
            chosen = choose_language(headers.get("accept-language", ""))
        _speak(chosen)
        await Layout(commands, headers.get(_PLACE, "")).open()

    ui.run_with(
        app,
        title="Minitorrent",
        dark=None,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=_ABSENCE,
    )
    for name in LANGUAGES:
        texts = {key: catalogue(name).gettext(text) for key, text in _AWAY.items()}
        translations[_FRAMEWORK_NAMES[name]].update(texts)
    framework.config.socket_io_js_query_params = {"token": token}


def _speak(language: str) -> None:
    """Use a language in the new window, also for the framework's own elements."""
    set_language(language)
    window = ui.context.client
    window.page = copy(window.page)
    window.page.language = _FRAMEWORK_NAMES[language]
