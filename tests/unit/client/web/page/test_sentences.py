"""What the page says instead of the services' sentences."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from client.web.page.sentences import TEMPLATES, in_page_words, without_commands

ROOT = Path(__file__).parents[5]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("There is no group lab; see: list_groups", "There is no group lab."),
        (
            "You are logged in as ann; type logout first.",
            "You are logged in as ann; log out first.",
        ),
        ("a {b} asks to join lab.", "a {b} asks to join lab."),
        (
            "x.iso has stopped: There is no group lab; see: list_groups",
            "x.iso has stopped: There is no group lab.",
        ),
    ],
)
def test_sentences_are_replaced(said: str, shown: str) -> None:
    assert in_page_words(said) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("One thing; see: list_new_things", "One thing."),
        ("A path is wrong.", "A path is wrong."),
        ("'x' is no number; for example: wait 60", "'x' is no number."),
        ("name is missing. Usage: create_group GROUP", "name is missing."),
        ("x is complete; stop_share ends sharing it.", "x is complete."),
        ("The clock is wrong. Check it with doctor.", "The clock is wrong."),
        ("Why? Because.", "Why? Because."),
        ("see: list_groups", "see: list_groups"),
    ],
)
def test_other_sentences_lose_their_commands(said: str, shown: str) -> None:
    assert without_commands(said) == shown


def test_no_sentence_of_the_page_names_a_command() -> None:
    for text in TEMPLATES.values():
        assert without_commands(text).rstrip(".") == text.rstrip(".")


def test_a_very_long_sentence_takes_no_time() -> None:
    assert in_page_words("{user} left " * 10_000).startswith("{user} left")


def test_every_replaced_sentence_exists() -> None:
    """Each piece of a template between its placeholders is a text of the services or tracker."""
    spoken = "\n".join(text for folder in ("client", "common", "tracker") for text in said(folder))
    for template in TEMPLATES:
        for piece in re.split(r"\{\w+\}", template):
            assert piece.strip(" .;:,") in spoken, template


def said(folder: str) -> list[str]:
    """Return all texts in a folder's code, but for the page's."""
    texts: list[str] = []
    for path in (ROOT / folder).rglob("*.py"):
        if ROOT / "client" / "web" / "page" not in path.parents:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            texts += [
                node.value
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
    return texts
