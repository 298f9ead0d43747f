from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ErrorCode, MinitorrentError
from common.paths import (
    MAX_DEPTH,
    MAX_FILES,
    Tree,
    _thorough_fault_of,
    check_component,
    check_count,
    check_relative,
    fault_in,
    fault_of,
)

GOOD = [
    "a",
    "report 2026.pdf",
    "Überraschung.txt",
    "日本語.txt",
    ".hidden",
    "...x",
    " leading",
    "console.txt",
    "com10",
    "nuller",
    "ab:c",
    "12:30 notes",
    "x" * 255,
    "é" * 127,
    "👩‍🔬.png",
]
BAD = [
    "",
    ".",
    "..",
    "...",
    "a/b",
    "/etc",
    "..\\x",
    "a\\b",
    "a\0b",
    "a\nb",
    "\x1b[31m",
    "\x7f",
    "a\x85b",
    "a\u2028b",
    "\u202egpj.exe",
    "\udc80",
    "a\ud800",
    "x" * 256,
    "é" * 128,
    "a.",
    "a ",
    "CON",
    "con.txt",
    "Nul",
    "aux .tar.gz",
    "COM1",
    "lpt9.doc",
    "com¹",
    "CONIN$",
    "C:evil",
    "c:",
]


@pytest.mark.parametrize("name", GOOD)
def test_valid_components(name: str) -> None:
    assert check_component(name) == name


@pytest.mark.parametrize("name", BAD)
def test_invalid_components(name: str) -> None:
    with pytest.raises(MinitorrentError) as caught:
        check_component(name)
    assert caught.value.code is ErrorCode.INVALID_NAME
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 200


REFUSED = {"Cc", "Cs", "Zl", "Zp"}


def test_every_refused_category_is_refused() -> None:
    for number in range(0x110000):
        character = chr(number)
        if unicodedata.category(character) in REFUSED:
            with pytest.raises(MinitorrentError):
                check_component(f"a{character}b")


ODD = st.sampled_from("abcC:nN.1 ¹$_-oOxlLpPtT/\\uUK")


@given(st.text(ODD, max_size=8))
def test_the_fast_path_accepts_only_valid_names(name: str) -> None:
    assert fault_of(name) == _thorough_fault_of(name)


@given(st.text(st.characters(), max_size=300))
def test_accepted_names_are_harmless(name: str) -> None:
    try:
        passed = check_component(name)
    except MinitorrentError as error:
        assert error.code is ErrorCode.INVALID_NAME
    else:
        assert passed == name
        assert passed not in ("", ".", "..")
        assert not set(passed) & set("/\\")
        assert not {unicodedata.category(character) for character in passed} & REFUSED
        assert 0 < len(passed.encode()) <= 255


def test_relative_path() -> None:
    assert check_relative(["a", "b c", "d.txt"]) == ("a", "b c", "d.txt")
    assert check_relative(["d"] * MAX_DEPTH)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        ["a", ".."],
        ["a", "", "b"],
        ["", "etc"],
        ["d"] * (MAX_DEPTH + 1),
        ["x" * 255] * 17,
    ],
)
def test_invalid_relative_path(parts: list[str]) -> None:
    with pytest.raises(MinitorrentError) as caught:
        check_relative(parts)
    assert caught.value.code is ErrorCode.INVALID_NAME


def fits(paths: list[tuple[str, ...]]) -> bool:
    """Whether these paths can coexist."""
    tree = Tree()
    return all(tree.add(path) for path in paths)


def test_valid_trees() -> None:
    assert fits([])
    assert fits([("a",), ("b", "a"), ("b", "c", "a"), ("b", "d"), ("ab",)])


@pytest.mark.parametrize(
    "paths",
    [
        [("a",), ("a",)],
        [("d", "a"), ("d", "a")],
        [("a",), ("A",)],
        [("Straße",), ("STRASSE",)],
        [("é",), ("e\u0301",)],
        [("É",), ("e\u0301",)],
        [("d", "x"), ("D", "y")],
        [("a",), ("a", "b")],
        [("a", "b"), ("a",)],
        [("a", "b"), ("A",)],
        [("A",), ("a", "b")],
    ],
)
def test_trees_that_collide(paths: list[tuple[str, ...]]) -> None:
    assert not fits(paths)


def test_too_many_files() -> None:
    with pytest.raises(MinitorrentError, match="archive"):
        check_count(MAX_FILES + 1)
    check_count(MAX_FILES)


def test_folders_and_files_of_a_tree_are_bounded() -> None:
    tree = Tree(max_files=3, max_folders=3)
    assert tree.add(("a", "b", "x"))
    assert tree.add(("a", "c", "x"))
    with pytest.raises(MinitorrentError, match="more than 3 folders") as caught:
        tree.add(("d", "x"))
    assert caught.value.code is ErrorCode.INVALID_NAME
    with pytest.raises(MinitorrentError, match="more than 3 files"):
        tree.add(("y",))


def test_a_tree_has_at_most_a_hundred_thousand_files() -> None:
    tree = Tree()
    for number in range(MAX_FILES):
        tree.add((str(number),))
    with pytest.raises(MinitorrentError, match="archive"):
        tree.add(("one more",))


def test_the_fault_of_a_path_is_that_of_a_part_or_of_the_whole() -> None:
    assert fault_in(("a", "b")) is None
    assert fault_in(("a", "con")) == fault_of("con")
    assert "parts" in (fault_in(("a",) * (MAX_DEPTH + 1)) or "")
