"""Text cut, padded and drawn to columns of a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from client.shell.terminal import widths
from common.text import visible


def test_bars() -> None:
    assert widths.bar(0.5, 4, unicode=True) == "██░░"
    assert widths.bar(0.99, 4, unicode=False) == "###."
    assert widths.bar(7, 4, unicode=False) == "####"
    assert widths.bar(-1, 4, unicode=False) == "...."


@given(st.text(), st.integers(0, 40), st.booleans())
def test_shortened_names_fit(text: str, width: int, unicode: bool) -> None:
    text = visible(text)
    short = widths.shorten(text, width, unicode=unicode)
    assert widths.cell_width(short) <= width
    assert short == text or widths.cell_width(text) > width
    assert widths.cell_width(widths.pad(short, width)) == width


def test_endings_survive_shortening() -> None:
    assert widths.shorten("a very long name.tar.gz", 11, unicode=True) == "a ver…ar.gz"
    assert widths.shorten("a very long name.tar.gz", 11, unicode=False) == "a ve...r.gz"
    assert widths.shorten("日本日本日本", 7, unicode=True) == "日本…本"


def test_widths_count_columns_not_characters() -> None:
    assert [widths.cell_width(text) for text in ("ab", "日本", "e\u0301", "\u200d")] == [2, 4, 1, 0]
