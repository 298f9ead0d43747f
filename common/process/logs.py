"""The log: one line per event, as text or JSON, libraries' records included."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, TextIO, cast

import structlog
from pydantic import ValidationError
from structlog.typing import EventDict, Processor

from common.text import guarded_event, harmless_event

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]

_CALLS = 12
"""Innermost calls that are logged of an exception."""


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
            _one_line,
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
        return [structlog.processors.JSONRenderer()]
    return [structlog.dev.ConsoleRenderer(colors=colors), guarded_event]


def _one_line(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Turn an exception into `error` and `trace`, the calls that led to it: one line of the log.

    A structlog processor. The trace has no values, which may be passwords.
    """
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = f"{type(error).__name__}: {_said(error)}"
        event["trace"] = " > ".join(_calls(error))
    return event


def _said(error: BaseException) -> str:
    """Return an error's message, without the values that a model refuses: they may be secrets."""
    if isinstance(error, ValidationError):
        problems = error.errors(include_input=False, include_context=False, include_url=False)
        return f"{error.title}: {problems}"
    return str(error)


def _calls(error: BaseException) -> Iterator[str]:
    """Yield the innermost calls, outermost first; those of an error's causes before its own."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _calls(cause)
        yield type(cause).__name__
    for frame in traceback.extract_tb(error.__traceback__, limit=-_CALLS):
        yield f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}"


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
