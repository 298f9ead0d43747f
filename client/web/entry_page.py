"""The page that a browser gets before it has sent the link's token (see client.web.guard)."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from client.web.page.translation import N_, catalogue, choose_language

_HTML: Final = Path(__file__).with_name("entry.html").read_text(encoding="utf-8")
_NO_SCRIPT: Final = N_("This page needs JavaScript.")
_TEXTS: Final = {
    "open": N_("Open the link that the client printed at startup: “page at http://…”."),
    "wait": N_("The client doesn’t respond. Start it again; this page opens when it is running."),
    "renewed": N_(
        "This link is no longer valid, because it was renewed. Open the link that the client "
        "printed at startup: “page at http://…”."
    ),
}


def entry_page(accepted: str) -> str:
    """Return the entry page's HTML in the language that a browser's Accept-Language asks for."""
    return _entry_page(choose_language(accepted))


@cache
def _entry_page(language: str) -> str:
    translated = catalogue(language).gettext
    texts = json.dumps({key: translated(text) for key, text in _TEXTS.items()})
    return (
        _HTML.replace("LANGUAGE", language)
        .replace("NO_SCRIPT", escape(translated(_NO_SCRIPT)))
        .replace("OTHER_TEXTS", texts.replace("<", "\\u003c"))
    )
