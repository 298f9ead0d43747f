"""Every name in ARCHITECTURE.md exists."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
WALKS = TEXT.split("## Three walks")[1]
NAMES = sorted(set(re.findall(r"`((?:client|common|tracker)(?:\.\w+)+)`", TEXT)) - {"tracker.pem"})
PATHS = sorted(set(re.findall(r"`((?:[a-z_0-9]+/)+[a-z_0-9]+)(?:\.\w+)*`", TEXT)))


def found(name: str) -> object:
    """Return the module, class or function of a dotted name; raises LookupError."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            value: object = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            try:
                value = getattr(value, part)
            except AttributeError:
                raise LookupError(name) from None
        return value
    raise LookupError(name)


def test_the_document_has_three_walks() -> None:
    assert len(re.findall(r"(?m)^\*\*", WALKS)) == 3
    assert len(NAMES) > 20


@pytest.mark.parametrize("name", NAMES)
def test_each_dotted_name_exists(name: str) -> None:
    found(name)


@pytest.mark.parametrize("path", PATHS)
def test_each_path_is_a_file_or_a_folder(path: str) -> None:
    bases = (ROOT / folder / path for folder in ("", "client", "common", "tracker"))
    assert any(base.with_suffix(end).exists() for base in bases for end in ("", ".py", ".md"))


@pytest.mark.parametrize("name", ["client.nothing", "client.torrent.torrent.Torrent.nothing"])
def test_a_missing_name_is_noticed(name: str) -> None:
    with pytest.raises(LookupError):
        found(name)


def test_the_document_stays_short() -> None:
    assert len(TEXT.splitlines()) <= 250


LONGEST = 40
"""Lines of a function, with its docstring."""


def test_functions_stay_short() -> None:
    found = []
    for program in ("client", "common", "tracker"):
        for path in sorted((ROOT / program).rglob("*.py")):
            if "versions" in path.parts:  # a migration is one list of changes
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or 0) - node.lineno + 1
                    if lines > LONGEST:
                        found.append(f"{path.relative_to(ROOT)}: {node.name} has {lines}")
    assert found == []
