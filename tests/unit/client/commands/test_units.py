"""Sizes, times, bars, and names made safe."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.commands import units

any_text = st.text()


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (1024, "1.00 KiB"),
        (12.5 * (1 << 20), "12.5 MiB"),
        (999 << 20, "999 MiB"),
        (1023 << 20, "1.00 GiB"),
        (1 << 40, "1.00 TiB"),
        (5 << 60, "5.12e+03 PiB"),
    ],
)
def test_sizes(count: float, text: str) -> None:
    assert units.size(count) == text


@given(st.floats(min_value=0, max_value=1 << 50))
def test_sizes_are_short(count: float) -> None:
    assert len(units.size(count)) <= 8
    assert len(units.rate(count)) <= 10


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0s"),
        (0.4, "0s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (94, "1m34s"),
        (3600, "1h00m"),
        (86399, "23h59m"),
        (90000, "1d01h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert units.duration(seconds) == text


def test_a_download_is_complete_only_when_it_is() -> None:
    assert units.percent(0.99999) == "99.9%"
    assert units.percent(1) == "100%"
    assert units.percent(0) == "0.0%"


def test_counts() -> None:
    assert [units.count(n, "peer") for n in (0, 1, 2)] == ["0 peers", "1 peer", "2 peers"]


def test_bars() -> None:
    assert units.bar(0.5, 4, unicode=True) == "██░░"
    assert units.bar(0.99, 4, unicode=False) == "###."
    assert units.bar(7, 4, unicode=False) == "####"
    assert units.bar(-1, 4, unicode=False) == "...."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name.txt", "plain name.txt"),
        ("Grüße 日本 🎬.mkv", "Grüße 日本 🎬.mkv"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\nb\rc\0", "a\\nb\\rc\\x00"),
        ("gpj.\u202eexe", "gpj.\\u202eexe"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u2028b", "a\\u2028b"),
        ("bad\udc80byte", "bad\\udc80byte"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
    ],
)
def test_names_are_neutralised(text: str, shown: str) -> None:
    assert units.visible(text) == shown


@given(any_text)
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = units.visible(text)
    shown.encode()
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in shown)


@given(any_text, st.integers(0, 40), st.booleans())
def test_shortened_names_fit(text: str, width: int, unicode: bool) -> None:
    text = units.visible(text)
    short = units.shorten(text, width, unicode=unicode)
    assert units.columns(short) <= width
    assert short == text or units.columns(text) > width
    assert units.columns(units.pad(short, width)) == width


def test_endings_survive_shortening() -> None:
    assert units.shorten("a very long name.tar.gz", 11, unicode=True) == "a ver…ar.gz"
    assert units.shorten("a very long name.tar.gz", 11, unicode=False) == "a ve...r.gz"
    assert units.shorten("日本日本日本", 7, unicode=True) == "日本…本"


def test_columns_are_not_characters() -> None:
    assert [units.columns(text) for text in ("ab", "日本", "e\u0301", "\u200d")] == [2, 4, 1, 0]
