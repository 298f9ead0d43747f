"""The place that a window shows, as the fragment of its address. Pure.

A fragment never leaves the browser by itself, so that an invitation in it reaches no server but
this client, which the page asks to open it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode

MOST_CHARACTERS: Final = 8000
"""Of a longer fragment, nothing is read."""


@dataclass(frozen=True)
class Address:
    """A tab, the chosen group, what is searched for in the tab, and an invitation to accept.

    `state` is that of the transfers shown, "" for all.
    """

    tab: str = ""
    group: str | None = None
    filter: str = ""
    state: str = ""
    invitation: str = ""

    @classmethod
    def parse(cls, fragment: str, tabs: Collection[str]) -> Address:
        """Read a fragment; anything unknown in it is ignored."""
        text = fragment.removeprefix("#")
        if len(text) > MOST_CHARACTERS:
            return cls()
        try:
            found = parse_qs(text, errors="strict", max_num_fields=10)
        except ValueError:
            return cls()
        values = {key: value[0] for key, value in found.items()}
        tab = values.get("tab", "")
        return cls(
            tab if tab in tabs else "",
            values.get("group"),
            values.get("filter", ""),
            values.get("state", ""),
            values.get("join", ""),
        )

    def encode(self) -> str:
        """Return the fragment, without the invitation, which must not stay in the history."""
        parts = {
            "tab": self.tab,
            "group": self.group or "",
            "state": self.state,
            "filter": self.filter,
        }
        text = urlencode({key: value for key, value in parts.items() if value})
        return f"#{text}" if text else ""
