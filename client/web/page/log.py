"""Forwards NiceGUI's log to the client's log."""

from __future__ import annotations

import logging

import structlog


class _Forward(logging.Handler):
    """Passes records to structlog, so that none disturbs the prompt."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info, source=record.name)


def forward(name: str) -> None:
    """Forward the logger of this name and its children to the client's log."""
    logger = logging.getLogger(name)
    logger.handlers = [_Forward()]
    logger.propagate = False
