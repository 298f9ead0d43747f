"""The page's own words for sentences of the services and the tracker.

Those often name the shell's next command, and they are English. A sentence that isn't listed
here is shown in English, without its clauses about commands.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from client.commands.registry import COMMANDS
from client.web.page.sentence_list import REPLACED, TRANSLATED
from client.web.page.translation import _, ngettext
from client.web.page.words import ROLES_GIVEN

_PEERS: Final = re.compile(r"([0-9]{1,9}) peers?")
_LONGEST: Final = 4000
"""Characters of the longest sentence that is looked up; matching takes time."""

_NAMES: Final = "|".join(sorted(filter(lambda name: "_" in name, COMMANDS)))
_COMMAND: Final = re.compile(
    rf"\b(?:{_NAMES}|doctor)\b|\b(?:type|see|with|example): |\bUsage: |(?<!\S)--\w"
)
"""What only the prompt understands."""


def in_page_words(message: str) -> str:
    """Return a sentence of a service or the tracker as the page says it, in its language."""
    found = _look_up(message[:_LONGEST])
    if found is None:
        return without_commands(message)
    text, values = found
    return _(text).format(**{name: _inner(name, value) for name, value in values.items()})


def _inner(name: str, value: str) -> str:
    """Return a value as the page says it: a reason is a sentence of its own, a role a word."""
    if name == "reason":
        return in_page_words(value)
    peers = _PEERS.fullmatch(value) if name == "peers" else None
    if peers is not None:
        number = int(peers[1])
        return ngettext("{number} peer", "{number} peers", number).format(number=number)
    return _(value) if name == "role" and value in ROLES_GIVEN else value


def without_commands(message: str) -> str:
    """Return an English text without the clauses that tell what to type at the prompt."""
    clauses = [part for part in re.split(r"(?<=[.;?]) ", message) if not _COMMAND.search(part)]
    text = " ".join(clauses).rstrip(";,: ")
    if not text:
        return message
    return text if text.endswith((".", "?", "!")) else f"{text}."


@lru_cache(maxsize=512)
def _look_up(message: str) -> tuple[str, dict[str, str]] | None:
    for pattern, text in _PATTERNS:
        match = pattern.fullmatch(message)
        if match is not None:
            return text, match.groupdict()
    return None


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = [f"(?P<{name}>.*?)" for name in parts[1::2]]
    return re.compile("".join(parts), re.DOTALL)


TEMPLATES: Final = {**REPLACED, **{text: text for text in TRANSLATED}}
"""The page's texts by the sentence that they replace."""

_PATTERNS: Final = [(_pattern(template), text) for template, text in TEMPLATES.items()]
