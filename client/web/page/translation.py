"""The page's texts in the language of the browser (gettext).

The texts in the code are English. Each other language has a catalogue in `locale`; how to add one
is in CONTRIBUTING.md.
"""

from __future__ import annotations

import gettext
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from nicegui import Client, ui

DOMAIN: Final = "page"
FOLDER: Final = Path(__file__).with_name("locale")
ENGLISH: Final = "en"
LANGUAGE_NAMES: Final = {ENGLISH: "English", "de": "Deutsch"}
"""The languages of the page, each by its own name."""

LANGUAGES: Final = tuple(LANGUAGE_NAMES)
"""English, the first, is used for browsers that ask for none of them."""

_MOST_RANGES = 32
"""Languages of a browser's list that are considered."""

_of_windows: WeakKeyDictionary[Client, str] = WeakKeyDictionary()


def _(message: str) -> str:
    """Return an English text in the language of the window that is being drawn.

    Put values in by `format` afterwards: `_("Created group {group}.").format(group=group)`.
    """
    return catalogue(language()).gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the text for this number in the language of the window; see `_`."""
    return catalogue(language()).ngettext(singular, plural, number)


def N_(message: str) -> str:  # noqa: N802 - gettext's name for it
    """Return an English text unchanged; it is translated by `_` where it is shown.

    This marks texts of constants, which have no window.
    """
    return message


def language() -> str:
    """Return the language of the window that is being drawn, English outside of one."""
    try:
        window = ui.context.client
    except RuntimeError:
        return ENGLISH
    return _of_windows.get(window, ENGLISH)


def set_language(chosen: str) -> None:
    """Use one of `LANGUAGES` in the window that is being drawn; call this before drawing."""
    _of_windows[ui.context.client] = chosen


def choose_language(accepted: str, languages: Sequence[str] = LANGUAGES) -> str:
    """Return the language that a browser likes best, by its Accept-Language header.

    A header that can't be read counts as none.
    """
    best, weight = ENGLISH, 0.0
    for part in accepted.split(",")[:_MOST_RANGES]:
        tag, _sep, parameter = part.strip().partition(";")
        name = tag.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        if name in languages and quality > weight:
            best, weight = name, quality
    return best


def _quality(parameter: str) -> float:
    """Return the weight in `q=0.5`, 1 without one, and 0 if it can't be read."""
    name, _sep, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if name.strip() == "q" and 0 <= quality <= 1 else 0.0


@cache
def catalogue(name: str) -> gettext.NullTranslations:
    """Return the texts of one of `LANGUAGES`."""
    if name == ENGLISH:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, FOLDER, [name])
