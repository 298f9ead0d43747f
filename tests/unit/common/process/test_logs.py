"""The log includes libraries' messages; outside text forges no line of it, and does nothing to
the operator's terminal.
"""

from __future__ import annotations

import io
import json
import logging
import re
from pathlib import Path

import pytest
import structlog
from pydantic import ValidationError

from common.api.accounts import CreateUser
from common.process.logs import Format, LogStream, logging_to

EVIL = "\x1b]0;owned\x07\u202e\n2026-01-01 [info] forged"


def written(form: Format) -> list[str]:
    stream = io.StringIO()
    with logging_to(stream, "info", form):
        log = structlog.get_logger()
        log.info("knocked", who=EVIL, sent=EVIL.encode())
        try:
            raise ValueError(EVIL)
        except ValueError:
            log.exception("failed")
    return stream.getvalue().splitlines()


def test_text() -> None:
    lines = written("text")
    assert "knocked" in lines[0]
    assert "forged" in lines[0]
    assert len(lines) == 2
    assert "failed" in lines[1]
    assert "error='ValueError: " in lines[1]
    assert "forged" in lines[1]
    assert re.search(r"common/process/test_logs.py:\d+ written", lines[1])
    assert not any(char in line for line in lines for char in "\x1b\x07\u202e")


def test_json() -> None:
    lines = written("json")
    assert [json.loads(line)["event"] for line in lines] == ["knocked", "failed"]
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert json.loads(lines[1])["error"].startswith("ValueError: ")


def test_the_cause_of_an_error_is_in_its_line() -> None:
    stream = io.StringIO()
    with logging_to(stream, "info", "json"):
        try:
            try:
                raise KeyError("first")
            except KeyError as cause:
                raise ValueError("second") from cause
        except ValueError as error:
            structlog.get_logger().error("failed", exc_info=error)
            logging.getLogger("library").error("theirs", exc_info=error)
            logging.getLogger("library").error("nothing", exc_info=False)
    ours, theirs, nothing = map(json.loads, stream.getvalue().splitlines())
    assert " > KeyError > " in ours["trace"]
    assert theirs["trace"] == ours["trace"]
    assert "trace" not in nothing


def test_values_that_a_model_refuses_are_not_logged() -> None:
    stream = io.StringIO()
    with logging_to(stream, "info", "json"):
        try:
            CreateUser.model_validate({"user": "ann", "password": ["pa55"], "more": "pa55"})
        except ValidationError as error:
            structlog.get_logger().error("failed", exc_info=error)
    assert "CreateUser" in stream.getvalue()
    assert "pa55" not in stream.getvalue()


def test_libraries_write_to_the_log() -> None:
    stream = io.StringIO()
    handlers = list(logging.getLogger().handlers)
    with logging_to(stream, "info"):
        structlog.get_logger().info("ours", who=EVIL)
        logging.getLogger("nicegui").warning("theirs: %s", EVIL)
        logging.getLogger("nicegui").info("not shown")
    assert logging.getLogger().handlers == handlers
    ours, theirs = stream.getvalue().splitlines()
    assert "ours" in ours
    assert "theirs" in theirs
    assert "library=nicegui" in theirs
    assert not set("\x1b\x07") & set(stream.getvalue())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_an_unwritable_log() -> None:
    stream = Path("/dev/full").open("w", buffering=1)  # noqa: SIM115 - its end is looked at
    log = LogStream(stream)
    assert log.write("line\n") == 0
    log.flush()
    with pytest.raises(OSError):
        stream.close()
    assert log.write("after the end\n") == 0


def test_a_writable_log() -> None:
    stream = io.StringIO()
    LogStream(stream).write("line\n")
    assert stream.getvalue() == "line\n"
