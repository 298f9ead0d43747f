"""Logs on stderr, one line per event, as text or JSON."""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO, cast

import structlog
from structlog.typing import Processor

from common.text import guarded_event, harmless_event
from tracker.streams import LogStream

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def configure(level: Level, form: Format) -> None:
    """Set up logging for the process; libraries' logs use the same format, from warnings up."""
    # Plain tracebacks: the pretty ones print local variables, including passwords.
    ending: list[Processor]
    if form == "json":
        ending = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        ending = [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
            guarded_event,
        ]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            harmless_event,
            *ending,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_: structlog.PrintLogger(cast(TextIO, LogStream(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_ToStructlog()])
    # A client's bad HTTP request is answered; it doesn't belong in the operator's log.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)


class _ToStructlog(logging.Handler):
    """Forwards libraries' log records to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger(library=record.name).log(
            record.levelno, record.getMessage(), exc_info=record.exc_info
        )
