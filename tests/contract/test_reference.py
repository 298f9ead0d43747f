"""Man pages and completions are up to date and valid."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from client.commands.registry import COMMANDS
from docs.reference import DOCS, documents
from tests.support.needs import require

COMPLETIONS = DOCS / "completions"
LIMIT = 60.0


def said(*command: str) -> str:
    """Return the output of a command that must succeed without a warning."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_generated_documents_are_up_to_date() -> None:
    for path, text in documents():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is old: run make docs"


def completed(program: str, *words: str) -> list[str]:
    """Return bash's completions for the last word of a line."""
    line = " ".join(map(repr, (program, *words)))
    function = f"_{program.replace('-', '_')}"
    script = f"""
        source {COMPLETIONS / program}.bash
        COMP_WORDS=({line}) COMP_CWORD={len(words)}
        {function}
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return said("bash", "-euc", script).split()


def test_bash_completes(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    assert completed("minitorrent", "--js") == ["--json"]
    assert completed("minitorrent", "-c", "list_g") == ["list_groups"]
    assert completed("minitorrent", "-c", "") == list(COMMANDS)
    assert completed("minitorrent", "--log-level", "d") == ["debug"]
    assert completed("minitorrent", "--data-dir", f"{tmp_path}/f") == [f"{tmp_path}/folder"]
    assert completed("minitorrent", "h:1", f"{tmp_path}/fi") == [f"{tmp_path}/file"]
    assert completed("minitorrent-tracker", "--log-format", "") == ["text", "json"]
    assert completed("minitorrent-tracker", "ini") == ["init"]
    assert completed("minitorrent-tracker", "tracker_info.txt", "ini") == []
    assert completed("minitorrent-tracker", "init", "--") == ["--help", "--port"]


def test_fish_completes() -> None:
    require("fish")
    for program, typed, offered in (
        ("minitorrent", "--js", "--json"),
        ("minitorrent", "-c list_g", "list_groups"),
        ("minitorrent-tracker", "--log-format js", "json"),
        ("minitorrent-tracker", "ini", "init"),
    ):
        script = f"source {COMPLETIONS / program}.fish; complete -C '{program} {typed}'"
        assert said("fish", "--no-config", "-c", script).split("\t")[0].strip() == offered


@pytest.mark.parametrize("program", ["minitorrent", "minitorrent-tracker"])
def test_zsh_reads_it(program: str) -> None:
    require("zsh")
    said("zsh", "-n", str(COMPLETIONS / f"_{program}"))
    script = f"""
        autoload -U compinit; compinit -u -D
        fpath=({COMPLETIONS} $fpath); autoload -U _{program}
        _arguments() {{ print -rl -- "$@" }}
        _{program}
    """
    assert "-h[show this help message and exit]" in said("zsh", "-fc", script)


@pytest.mark.parametrize("program", ["minitorrent", "minitorrent-tracker"])
def test_the_man_pages_are_well_formed(program: str) -> None:
    require("mandoc")
    page = str(DOCS / "man" / f"{program}.1")
    complaints = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", page],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    ).stdout.splitlines()
    assert [line for line in complaints if "missing date" not in line] == []
    assert f"\n       {program} - " in said("mandoc", "-T", "ascii", page)
