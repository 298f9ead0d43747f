"""The client's log: one line an event, those of libraries included."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import structlog

from common.text import guarded_event, harmless_event


@contextmanager
def logging_to(stream: TextIO, level: str) -> Iterator[None]:
    """Write the log to `stream`, from `level` on; libraries' records from warning on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            harmless_event,
            # Plain tracebacks: the pretty ones print local variables, passwords among them.
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
            guarded_event,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    root, bridge = logging.getLogger(), _ToStructlog(logging.WARNING)
    root.addHandler(bridge)
    try:
        yield
    finally:
        root.removeHandler(bridge)
        structlog.reset_defaults()


class _ToStructlog(logging.Handler):
    """Passes the records of libraries to structlog, so that none tears a prompt."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(library=record.name).log(
            record.levelno, record.getMessage(), exc_info=record.exc_info
        )
