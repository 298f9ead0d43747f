"""The client's log has what libraries say, too, in the same form."""

from __future__ import annotations

import io
import logging

import structlog

from client.logs import logging_to

EVIL = "\x1b]0;owned\x07\n2026-01-01 [info] forged"


def test_libraries_write_to_the_clients_log() -> None:
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
