"""Others' text doesn't act on a terminal and forges no log line."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.text import (
    LONGEST_VALUE,
    guarded,
    guarded_event,
    harmless,
    harmless_event,
    visible,
)

HOSTILE = [
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "a\rb",
    "two\nlines",
    "nul\0",
    "rm\u202egnp.exe",
    "\u2066isolated\u2069",
    "\u200fright to left",
    "line\u2028and\u2029paragraph",
    "zero\u200bwidth",
    "\ufeffmark",
    "soft\u00adhyphen",
    "\ud800",
    "\ue000",
    "\U000e0041",
    "fill\u3164er",
    "\u200d\u200d\u200d",
    "z" + "\u0335" * 50,
]
CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}


def acts(char: str) -> bool:
    return unicodedata.category(char) in CATEGORIES and char not in "\u200c\u200d"


@pytest.mark.parametrize("text", HOSTILE)
def test_control_characters_are_escaped(text: str) -> None:
    shown = visible(text)
    assert shown != text
    assert "\\" in shown
    assert not any(map(acts, shown))


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "",
        "naïve café",
        "日本語 файл",
        "👩\u200d👧 and 🏳️\u200d🌈",
        "می\u200cخواهم",
        "e\u0301\u0323",
        "C:\\x",
    ],
)
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert visible(text) == harmless(text) == guarded(text) == text


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_no_control_character_remains(text: str) -> None:
    shown = visible(text)
    assert not any(map(acts, shown))
    assert "\u200d\u200d" not in shown
    assert visible(shown) == shown
    shown.encode()


@given(st.text(alphabet=st.characters(exclude_categories=[])), st.integers(0, 50))
def test_long_text_is_cut(text: str, most: int) -> None:
    shown = harmless(text, most)
    assert len(shown) <= 10 * most + 40
    assert not any(map(acts, shown))
    assert len(text) > most or shown == visible(text)


def test_combining_marks_are_bounded_per_letter() -> None:
    assert visible("a" + "\u0301" * 6 + "b" + "\u0301" * 6).count("\\") == 0
    assert visible("a" + "\u0301" * 9).count("\\") == 3


def test_only_our_own_lines_and_colours_pass_the_last_filter() -> None:
    ours = "\x1b[32mD\x1b[0m café\nsecond line"
    assert guarded(ours) == ours
    assert guarded("a\x1b[2Jb\x1b[1;31mc\r\u202e") == "a\\x1b[2Jb\x1b[1;31mc\\r\\u202e"
    assert guarded_event(None, "info", "x\x07\ny") == "x\\x07\n  y"


def test_event_values_are_harmless_and_bounded() -> None:
    event = {"event": "forged\nline", "n": 7, "b": b"x" * 10_000, "l": ["\x1b"], "s": "y" * 10_000}
    made = harmless_event(None, "info", event)
    assert made["event"] == "forged\\nline"
    assert made["n"] == 7
    assert made["l"] == r"['\x1b']"
    assert all(len(made[name]) < LONGEST_VALUE + 50 for name in "bs")
