"""The parts by which names are looked up."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.name_parts import parts_of

LETTERS = "aAbBiIkKſsSßẞäÄσΣςіІцЦ😀İ\u0307\u212aꭰᎠ01 ."


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("", ()),
        ("ab", ()),
        ("abc", ("abc",)),
        ("ABcd", ("abc", "bcd")),
        ("a*b?c", ()),
        ("*0009*", ("000", "009")),
        ("aaaa", ("aaa",)),
        ("Äpfel", ("äpf", "pfe", "fel")),
        ("Фильм", ("фил", "иль", "льм")),
        ("映画の", ("映画の",)),
        ("Kino für", ("no ", "o f", " fü", "für")),  # no part with an i: it may be that of İ
        ("İab", ()),
        ("ΟΔΟΣ", ("οδο",)),  # a last Σ becomes another letter
        ("Ꭰab", ()),  # in SQLite's tables it is another letter than its small one
    ],
)
def test_parts(pattern: str, parts: tuple[str, ...]) -> None:
    assert parts_of(pattern) == parts


def test_very_long_patterns_have_few_parts() -> None:
    assert len(parts_of("".join(map(chr, range(0x4E00, 0x4EFF))))) == 16


@given(st.text(LETTERS, max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_a_name_has_the_parts_of_what_is_cut_from_it(name: str, start: int, end: int) -> None:
    """Ignoring case, as long as it is changed one letter at a time."""
    pattern = name[start:end].swapcase()
    folded = "".join(letter.lower() for letter in name)
    for part in parts_of(pattern):
        assert len(part) == 3
        if pattern.lower() in folded:
            assert re.search(re.escape(part), folded)
