"""What NiceGUI logs, written where the client's own log goes."""

from __future__ import annotations

import logging

import structlog


class _Forward(logging.Handler):
    """Hands records on to structlog, so that none tears a prompt."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info, source=record.name)


def forward(name: str) -> None:
    """Have what the logger of this name, or one below it, says go to the client's log."""
    logger = logging.getLogger(name)
    logger.handlers = [_Forward()]
    logger.propagate = False
