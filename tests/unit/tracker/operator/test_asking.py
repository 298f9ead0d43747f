"""What the operator is asked at the terminal."""

from __future__ import annotations

import argparse
import getpass
import io
import sys
from collections.abc import Iterator

import pytest

from common.errors import MinitorrentError
from tracker.operator.asking import add_confirmation, add_password, confirm, new_password
from tracker.operator.subcommand import CommandFailedError


class Terminal(io.StringIO):
    """Input that is typed."""

    def isatty(self) -> bool:
        return True


def type_lines(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Type these lines, which a password prompt takes without a terminal's own ways."""
    terminal = Terminal("".join(f"{line}\n" for line in lines))
    answers: Iterator[str] = iter(lines)
    monkeypatch.setattr(sys, "stdin", terminal)

    def ask(_prompt: str) -> str:
        try:
            return next(answers)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr(getpass, "getpass", ask)


def options_of(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_password(parser)
    add_confirmation(parser)
    return parser.parse_args(words)


def test_a_password_is_typed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    type_lines(monkeypatch, "secret123", "secret123")
    assert new_password(options_of(), "ann") == "secret123"


@pytest.mark.parametrize(
    ("lines", "said"), [(["secret123", "secret124"], "passwords don't match"), ([], "no password")]
)
def test_a_password_that_is_not_typed_well_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, lines: list[str], said: str
) -> None:
    type_lines(monkeypatch, *lines)
    with pytest.raises(CommandFailedError, match=said):
        new_password(options_of(), "ann")


def test_a_password_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"secret123\r\nmore\n")))
    assert new_password(options_of("--password-file", "-"), "ann") == "secret123"


def test_a_password_must_be_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\n")))
    with pytest.raises(MinitorrentError, match="not a text file"):
        new_password(options_of("--password-file", "-"), "ann")


def test_only_a_yes_is_a_yes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    type_lines(monkeypatch, "Y")
    confirm(options_of(), "Really?")
    assert capsys.readouterr().err == "Really? [y/N] "
    for line in ("", "no"):
        type_lines(monkeypatch, line)
        with pytest.raises(CommandFailedError, match="nothing was changed"):
            confirm(options_of(), "Really?")
    confirm(options_of("--yes"), "Really?")
