"""The settings of a client: their names and meanings, and how they are typed and shown. Pure.

What they apply to is known by client.services.settings.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from client.core.notices.notice_kinds import NoticeKind
from common.errors import ErrorCode, MinitorrentError
from common.rates import parse_rate
from common.text import harmless, rate
from common.types import Endpoint

LANGUAGES: Final = ("auto", "en", "de")
"""The languages of the page; auto is the browser's."""

SWITCH: Final = ("on", "off")
"""The values of what is done or not."""

NONE: Final = "none"
"""How an empty list is typed and shown."""

_LONGEST_NAME: Final = 80  # characters shown of a wrong name

_SMALL_NUMBER = re.compile("[0-9]{1,4}")

ValueT = TypeVar("ValueT", str, int, tuple[str, ...])


@dataclass(frozen=True, slots=True)
class Setting(Generic[ValueT]):
    """A setting. `parse` raises MinitorrentError(usage) for what can't be a value."""

    name: str
    meaning: str
    parse: Callable[[str], ValueT]
    show: Callable[[ValueT], str]
    choices: tuple[str, ...] = ()
    """Values to choose from, where there are few."""


def _text(typed: str) -> str:
    return typed


def _address(typed: str) -> str:
    return str(Endpoint.parse(typed))


def _small_number(typed: str) -> int:
    if not _SMALL_NUMBER.fullmatch(typed):
        raise _refused("active", typed, "a number from 0 to 9999; 0 is no limit")
    return int(typed)


def _language(typed: str) -> str:
    if typed not in LANGUAGES:
        raise _refused("language", typed, f"one of {', '.join(LANGUAGES)}")
    return typed


def _switch(typed: str) -> str:
    if typed not in SWITCH:
        raise _refused("port_mapping", typed, " or ".join(SWITCH))
    return typed


def _kinds(typed: str) -> tuple[str, ...]:
    """Parse kinds of notices, separated by commas, or none."""
    chosen = set() if typed == NONE else {word.strip() for word in typed.split(",")}
    unknown = sorted(chosen.difference(NoticeKind))
    if unknown:
        known = ", ".join(NoticeKind)
        raise _refused("hidden_notices", unknown[0], f"{NONE}, or kinds with commas: {known}")
    return tuple(kind.value for kind in NoticeKind if kind in chosen)


def _refused(name: str, typed: str, wanted: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.USAGE, f"{name} takes {wanted}; not {harmless(typed, 80)!r}.")


def _number_shown(value: int) -> str:
    return str(value) if value else "no limit"


def _rate_shown(value: int) -> str:
    return rate(value) if value else "no limit"


def _kinds_shown(value: tuple[str, ...]) -> str:
    return ",".join(value) or NONE


DOWNLOAD_FOLDER: Final = Setting(
    "download_folder", "where downloads go unless you name a place", _text, _text
)
LISTEN: Final = Setting(
    "listen", "where this client accepts peers, as HOST:PORT, from its next start", _address, _text
)
PORT_MAPPING: Final = Setting(
    "port_mapping",
    "whether the router is asked to pass connections on (UPnP, NAT-PMP), from the next start",
    _switch,
    _text,
    SWITCH,
)
ACTIVE: Final = Setting(
    "active", "downloads to run at once, 0 for no limit", _small_number, _number_shown
)
LIMIT_DOWN: Final = Setting(
    "limit_down", "limit of all downloads together, as in: limit down 2M", parse_rate, _rate_shown
)
LIMIT_UP: Final = Setting(
    "limit_up", "limit of all uploads together, as in: limit up 500K", parse_rate, _rate_shown
)
LANGUAGE: Final = Setting(
    "language", "language of the page; auto is the browser's", _language, _text, LANGUAGES
)
HIDDEN_NOTICES: Final = Setting(
    "hidden_notices",
    "kinds of notices that the prompt and scripts don't show, with commas, or none",
    _kinds,
    _kinds_shown,
    (NONE, *(kind.value for kind in NoticeKind)),
)

SETTINGS: Final[Mapping[str, Setting[Any]]] = MappingProxyType(
    {
        setting.name: setting
        for setting in (
            DOWNLOAD_FOLDER,
            LISTEN,
            PORT_MAPPING,
            ACTIVE,
            LIMIT_DOWN,
            LIMIT_UP,
            LANGUAGE,
            HIDDEN_NOTICES,
        )
    }
)
"""Every setting by name, in the order in which they are listed."""


def find(name: str) -> Setting[Any]:
    """Return a setting by its name; raises MinitorrentError(usage)."""
    if name not in SETTINGS:
        known = ", ".join(SETTINGS)
        near = difflib.get_close_matches(name[:_LONGEST_NAME], SETTINGS, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"No setting {harmless(name, _LONGEST_NAME)!r}; the settings are {known}.{meant}",
        )
    return SETTINGS[name]
