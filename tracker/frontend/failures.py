"""Reporting of database failures: a log line for the operator, an error for the client."""

from __future__ import annotations

import structlog

from common.errors import ErrorCode, MinitorrentError
from tracker.store.unit_of_work import DatabaseError

_log = structlog.get_logger()


def database_failed(error: DatabaseError, **where: str) -> MinitorrentError:
    """Log the failure, without its uninformative traceback, and return the client's error."""
    _log.error("the database failed", reason=str(error), **where)
    if error.disk_full:
        return MinitorrentError(
            ErrorCode.DISK_FULL,
            "The tracker's disk is full; try again when its operator has freed some space.",
        )
    return MinitorrentError(
        ErrorCode.INTERNAL,
        "The tracker failed to do this; its operator can find the reason in its log.",
    )
