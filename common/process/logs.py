"""The log: one line per event, as text or JSON, libraries' records included."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal, TextIO, cast

import structlog
from structlog.typing import Processor

from common.text import guarded_event, harmless_event

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]


@contextmanager
def logging_to(
    stream: TextIO, level: Level, form: Format = "text", *, colors: bool = False
) -> Iterator[None]:
    """Write the log to `stream`, from `level` up; libraries' records from warnings up."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            harmless_event,
            *_renderers(form, colors=colors),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, LogStream(stream))),
    )
    root, bridge = logging.getLogger(), _ToStructlog(logging.WARNING)
    root.addHandler(bridge)
    try:
        yield
    finally:
        root.removeHandler(bridge)
        structlog.reset_defaults()


def _renderers(form: Format, *, colors: bool) -> list[Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # Plain tracebacks: the pretty ones print local variables, including passwords.
    console = structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback
    )
    return [console, guarded_event]


class LogStream:
    """A log's output stream; text that can't be written is dropped without an error."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # disk full, reader gone, or stream closed
            return self._stream.write(text)
        return 0

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


class _ToStructlog(logging.Handler):
    """Forwards libraries' log records to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(library=record.name).log(
            record.levelno, record.getMessage(), exc_info=record.exc_info
        )
