"""Answers announces and scrapes past the web framework: they are many, small and all alike.

Requests that `read_request` understands are answered by the sessions' workers; all others, and
those that arrive in pieces, go the usual way, to the same StockAnswers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from common.party import party_of
from tracker.frontend.http.stock import CONTENT_TYPE, StockAnswers, StockRequest
from tracker.frontend.workers import Workers
from tracker.services.rate_limits import RequestThrottle

_HEAD = f"HTTP/1.1 200 OK\r\ncontent-type: {CONTENT_TYPE}\r\n".encode()


class ShortCut:
    """Has requests answered by workers, at the pace that each party is allowed."""

    def __init__(
        self, answers: StockAnswers, request_throttle: RequestThrottle, workers: Workers
    ) -> None:
        self._answers = answers
        self._request_throttle = request_throttle
        self._workers = workers

    def answer(
        self,
        loop: asyncio.AbstractEventLoop,
        request: StockRequest,
        address: str,
        send: Callable[[bytes], None],
    ) -> None:
        """Call `send` in the loop with the answer's body."""

        def work(asked_at: float) -> None:
            waited = time.monotonic() - asked_at
            body = self._answers.answer(request.path, request.query, address, waited)
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(send, body)

        def start() -> None:
            self._workers.run(partial(work, time.monotonic()))

        delay = self._request_throttle.delay(party_of(address))
        if delay > 0:
            loop.call_later(delay, start)
        else:
            start()


def response(body: bytes, headers: list[tuple[bytes, bytes]], *, keep_alive: bool) -> bytes:
    """Return an answer as it is sent."""
    lines = [_HEAD, b"content-length: %d\r\n" % len(body)]
    lines += [name + b": " + value + b"\r\n" for name, value in headers]
    if not keep_alive:
        lines.append(b"connection: close\r\n")
    return b"".join((*lines, b"\r\n", body))
