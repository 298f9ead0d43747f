"""Answers announces and scrapes past the web framework: they are many, small and all alike.

Requests that `read_request` understands are answered by threads of their own; all others, and those
that arrive in pieces, go the usual way, to the same StockAnswers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from common.party import party_of
from tracker.frontend.http.stock import CONTENT_TYPE, StockAnswers, StockRequest
from tracker.services.rate_limits import RequestThrottle

_THREADS = 16
"""Announces and scrapes answered at once."""

_HEAD = f"HTTP/1.1 200 OK\r\ncontent-type: {CONTENT_TYPE}\r\n".encode()


class ShortCut:
    """The threads that answer, at the pace that each party is allowed."""

    def __init__(self, answers: StockAnswers, request_throttle: RequestThrottle) -> None:
        self._answers = answers
        self._request_throttle = request_throttle
        self._threads = ThreadPoolExecutor(_THREADS, "http announce")

    def answer(
        self,
        loop: asyncio.AbstractEventLoop,
        request: StockRequest,
        address: str,
        send: Callable[[bytes], None],
    ) -> None:
        """Call `send` in the loop with the answer's body."""

        def work() -> None:
            body = self._answers.answer(request.path, request.query, address)
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(send, body)

        def start() -> None:
            with suppress(RuntimeError):  # the server is stopping
                self._threads.submit(work)

        delay = self._request_throttle.delay(party_of(address))
        if delay > 0:
            loop.call_later(delay, start)
        else:
            start()

    def close(self) -> None:
        """Answer no more requests."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def response(body: bytes, headers: list[tuple[bytes, bytes]], *, keep_alive: bool) -> bytes:
    """Return an answer as it is sent."""
    lines = [_HEAD, b"content-length: %d\r\n" % len(body)]
    lines += [name + b": " + value + b"\r\n" for name, value in headers]
    if not keep_alive:
        lines.append(b"connection: close\r\n")
    return b"".join((*lines, b"\r\n", body))
