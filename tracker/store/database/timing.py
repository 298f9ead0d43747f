"""The time that each thread spends in the database."""

from __future__ import annotations

import threading
import time

from sqlalchemy import Engine, event


class _Spent(threading.local):
    """Seconds of this thread in the database, and when its current statement began."""

    seconds = 0.0
    began = 0.0


_spent = _Spent()


def database_seconds() -> float:
    """Return the seconds that this thread has spent in the database; they only grow.

    They include waiting for other writers' transactions, but not for a connection of the pool.
    """
    return _spent.seconds


def measure(engine: Engine) -> None:
    """Count the time of all statements and commits of an engine, at about a microsecond each."""
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)
    event.listen(engine, "handle_error", _end)
    # There is no event after a commit; but the connection goes back to the pool right then.
    event.listen(engine, "commit", _begin)
    event.listen(engine.pool, "checkin", _end)


def _begin(*_: object) -> None:
    _spent.began = time.perf_counter()


def _end(*_: object) -> None:
    if _spent.began:
        _spent.seconds += time.perf_counter() - _spent.began
        _spent.began = 0.0
