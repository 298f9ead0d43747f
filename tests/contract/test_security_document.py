"""SECURITY.md: every promise names tests, and every named test exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
REFERENCE = re.compile(r"`(?=tests/|::)(tests/[\w/]+\.py)?(?:::(\w+))?`")


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def references() -> Iterator[tuple[str, str | None]]:
    """Yield the named tests; `::name` alone is in the file named before."""
    path = ""
    for match in REFERENCE.finditer(TEXT):
        path = match[1] or path
        yield path, match[2]


def promises() -> Iterator[str]:
    """Yield the list items before "Not promised", and the rows of the table of bounds."""
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE):
        promised, denied, _ = section.partition("**Not promised.**")
        if denied:
            yield from re.split(r"^- ", promised, flags=re.MULTILINE)[1:]
        if section.startswith("Who can exhaust what"):
            yield from re.findall(r"^\|.*\|$", section, flags=re.MULTILINE)[2:]


def test_every_named_test_exists() -> None:
    missing = [
        f"{path}::{name}"
        for path, name in references()
        if not (ROOT / path).is_file() or (name is not None and name not in names_in(path))
    ]
    assert not missing


def test_every_promise_names_a_test() -> None:
    found = list(promises())
    assert len(found) > 25
    bare = [item[:80] for item in found if not REFERENCE.search(item) and "No test" not in item]
    assert not bare
