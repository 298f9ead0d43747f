"""Choosing files in a tree: ticks of folders, and the patterns that say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.transfers.piece_selection import match
from client.web.page.parts.file_tree import FileTree, Urgency

FILES = [("a/one", 1), ("a/b/two", 2), ("a/b/three", 4), ("four", 8), ("[5]", 16)]
PATHS = [path for path, _size in FILES]


@pytest.fixture
def tree() -> FileTree:
    return FileTree(FILES)


def rows(tree: FileTree) -> dict[str, bool | None]:
    return {node.path: node.tick for node in tree.shown()}


def test_a_folder_is_ticked_in_part(tree: FileTree) -> None:
    assert rows(tree) == {"a": True, "four": True, "[5]": True}
    assert tree.patterns() == ()
    tree.choose("a/b/two", is_chosen=False)
    tree.choose("[5]", is_chosen=False)
    tree.unfold("a", is_open=True)
    assert rows(tree) == {"a": None, "a/one": True, "a/b": None, "four": True, "[5]": False}
    assert tree.patterns() == ("a/one", "a/b/three", "four")
    tree.choose("a", is_chosen=True)
    assert tree.patterns() == ("a", "four")
    assert [node.size for node in tree.shown()] == [7, 1, 6, 8, 16]
    assert [node.count for node in tree.shown()] == [3, 1, 2, 1, 1]
    assert tree.count == 5


def test_what_is_fixed_stays_chosen(tree: FileTree) -> None:
    tree.fix({"a/one"})
    assert [file.path for file in tree.chosen] == ["a/one"]
    tree.choose("a", is_chosen=True)
    tree.choose("a", is_chosen=False)
    tree.choose_only({"four"})
    assert [file.path for file in tree.chosen] == ["a/one", "four"]


def test_urgencies_of_a_folder(tree: FileTree) -> None:
    tree.set_urgency("a/b", Urgency.HIGH)
    tree.set_urgencies({"[5]": Urgency.LOW})
    assert tree.urgent(Urgency.HIGH) == ("a/b",)
    assert tree.urgent(Urgency.LOW) == ("[[]5]",)
    assert [node.common_urgency for node in tree.shown()] == [None, Urgency.NORMAL, Urgency.LOW]


@given(st.sets(st.integers(0, 4)))
def test_patterns_match_exactly_the_chosen_files(chosen: set[int]) -> None:
    tree = FileTree(FILES)
    tree.choose_only({PATHS[number] for number in chosen})
    patterns = tree.patterns()
    assert (match(patterns, PATHS) if patterns else set(range(5)) if chosen else set()) == chosen
