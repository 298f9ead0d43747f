"""Text from outside forges no line of the log and does nothing to the operator's terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from tracker import logs

EVIL = "\x1b]0;owned\x07\u202e\n2026-01-01 [info] forged"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def written(form: logs.Format, capsys: pytest.CaptureFixture[str]) -> list[str]:
    logs.configure("info", form)
    log = structlog.get_logger()
    log.info("knocked", who=EVIL, sent=EVIL.encode())
    try:
        raise ValueError(EVIL)
    except ValueError:
        log.exception("failed")
    return capsys.readouterr().err.splitlines()


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    lines = written("text", capsys)
    assert "knocked" in lines[0]
    assert "forged" in lines[0]
    assert "failed" in lines[1]
    assert all(line.startswith("  ") for line in lines[2:])
    assert any("forged" in line for line in lines[2:])
    assert not any(char in line for line in lines for char in "\x1b\x07\u202e")


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    lines = written("json", capsys)
    assert [json.loads(line)["event"] for line in lines] == ["knocked", "failed"]
    assert all(line.isascii() and line.isprintable() for line in lines)
