"""What goes to stdout and to stderr."""

from __future__ import annotations

import io

import pytest

from client.shell.output import Output

MESSAGE = "There is nothing at '/somewhere/in a long path/that nobody has made'; check the path."


class Terminal(io.StringIO):
    """A stream that says to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_an_error_is_one_line_for_a_program() -> None:
    err = io.StringIO()
    Output(io.StringIO(), err).error(MESSAGE)
    assert err.getvalue() == f"error: {MESSAGE}\n"


def test_an_error_is_wrapped_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    err = Terminal()
    Output(io.StringIO(), err).error(MESSAGE)
    lines = err.getvalue().splitlines()
    assert len(lines) == 2
    assert " ".join(lines) == f"error: {MESSAGE}"
    assert all(len(line) <= 60 for line in lines)
