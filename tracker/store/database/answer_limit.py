"""A limit on how long a unit of work may wait for PostgreSQL.

The system ends a connection whose packets get lost. It doesn't where a server, or a proxy in
between, acknowledges them and never answers: then the waiting thread would wait for ever.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress

import structlog
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

ANSWER_SECONDS = 25.0
"""Longest time from a connection's checkout to its return: longer than waiting for writers."""

_LOOKS = 8  # within the limit


class AnswerLimit:
    """Cuts connections that have been in use for `seconds`; what waits for them fails."""

    def __init__(self, seconds: float, *engines: Engine) -> None:
        self._seconds = seconds
        self._lost = engines[0].dialect.loaded_dbapi.Error
        self._lock = threading.Lock()  # held while one is cut, so that it isn't closed meanwhile
        self._in_use: dict[ConnectionPoolEntry, tuple[float, int]] = {}
        self._stopped = threading.Event()
        for engine in engines:
            # First of all, as whoever checks a connection waits for it, too.
            event.listen(engine, "checkout", self._begin, insert=True)
            for end in ("checkin", "invalidate", "close"):
                event.listen(engine, end, self._end)
        self._thread = threading.Thread(target=self._watch, name="answer limit", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._stopped.set()
        self._thread.join()

    def _begin(
        self, connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object
    ) -> None:
        try:
            descriptor = connection.pgconn.socket
        except self._lost:  # its next use finds out
            return
        with self._lock:
            self._in_use[record] = time.monotonic(), descriptor

    def _end(self, _connection: object, record: ConnectionPoolEntry, *_: object) -> None:
        with self._lock:
            self._in_use.pop(record, None)

    def _watch(self) -> None:
        while not self._stopped.wait(self._seconds / _LOOKS):
            with self._lock:
                now = time.monotonic()
                for record, (since, descriptor) in list(self._in_use.items()):
                    if now - since > self._seconds:
                        del self._in_use[record]
                        _cut(descriptor)


def _cut(descriptor: int) -> None:
    """Shut a connection down; its descriptor stays its owner's."""
    structlog.get_logger().warning("the database does not answer; its connection is cut")
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as shared:
        shared.shutdown(socket.SHUT_RDWR)
