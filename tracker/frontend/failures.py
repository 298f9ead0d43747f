"""Failures that are not the client's: a log line for the operator, an error for the client.

The line has a reference, which is in the client's error, too. A failure that repeats is logged
once and then counted, and its repetitions have the reference of the line that was logged.
"""

from __future__ import annotations

import secrets
import threading
import time
import traceback
from collections.abc import Hashable

import structlog

from common.errors import ErrorCode, MinitorrentError
from common.text import waiting_time
from tracker.domain.folding import FailureFolder, Told
from tracker.services.busy import tracker_busy
from tracker.store.database.errors import (
    DatabaseBusyError,
    DatabaseError,
    DatabaseLostError,
    InDoubtError,
)

_log = structlog.get_logger()

COUNT_SECONDS = 30.0
"""Interval at which repetitions of a failure are counted."""

_REFERENCE_BYTES = 4
_LOST = 2.0  # seconds after which to ask again


class OutcomeUnknownError(MinitorrentError):
    """Whether a request was carried out is unknown: neither yes nor no would be true."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            ErrorCode.INTERNAL,
            "The tracker's database failed at that moment, so this may or may not have been done"
            f" (request {reference}); check before you try again.",
        )


class _FailureLog:
    """The failures of this process, as its log is one. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder = FailureFolder(COUNT_SECONDS)

    def take(self, key: Hashable) -> Told:
        """Take a failure, with a new reference."""
        with self._lock:
            reference = secrets.token_hex(_REFERENCE_BYTES)
            return self._folder.take(key, reference, time.monotonic())

    def tell_repeated(self) -> None:
        """Log the counts that are due."""
        with self._lock:
            repeated = self._folder.due(time.monotonic())
        for one in repeated:
            _log.error("the same failure again", request=one.reference, times=one.times)

    def forget(self) -> None:
        """Forget all failures, so that each is new."""
        with self._lock:
            self._folder = FailureFolder(COUNT_SECONDS)


_failures = _FailureLog()
tell_repeated = _failures.tell_repeated
forget = _failures.forget


def report(event: str, error: Exception, **where: str) -> str:
    """Log a failure; `where` says where it happened. Returns its reference."""
    if isinstance(error, DatabaseBusyError):  # whatever it happens to, it is one failure
        told = _failures.take(DatabaseBusyError)
        if told.is_new:
            _log.warning("the database is overloaded", request=told.reference, reason=str(error))
    elif isinstance(error, DatabaseLostError):  # so is this
        told = _failures.take(DatabaseLostError)
        if told.is_new:
            _log.error("the database can't be reached", request=told.reference, reason=str(error))
    elif isinstance(error, DatabaseError):
        told = _failures.take((str(error), *where.items()))
        if told.is_new:
            reason = str(error)
            _log.error("the database failed", request=told.reference, reason=reason, **where)
    else:
        told = _failures.take((event, type(error), _place_of(error), *where.items()))
        if told.is_new:
            _log.error(event, request=told.reference, exc_info=error, **where)
    return told.reference


def answer_to(event: str, error: Exception, **where: str) -> MinitorrentError:
    """Log a failure, and return the error for the client."""
    reference = report(event, error, **where)
    if isinstance(error, DatabaseBusyError):
        return tracker_busy(error.retry_after)
    if isinstance(error, DatabaseLostError):
        sentence = f"The tracker can't reach its database; try again in {waiting_time(_LOST)}."
        return MinitorrentError(ErrorCode.BUSY, sentence, _LOST)
    if isinstance(error, InDoubtError):
        return OutcomeUnknownError(reference)
    if isinstance(error, DatabaseError) and error.disk_full:
        return MinitorrentError(
            ErrorCode.DISK_FULL,
            "The tracker's disk is full; try again when its operator has freed some space.",
        )
    return MinitorrentError(
        ErrorCode.INTERNAL,
        f"The tracker failed to do this (request {reference}); its operator can find the reason in"
        " its log.",
    )


def _place_of(error: Exception) -> tuple[str, int]:
    """Return the file and line where an error was raised."""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    return (frames[-1].filename, frames[-1].lineno or 0) if frames else ("", 0)
