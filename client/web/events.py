"""Notices and the client's state as server-sent events (HTML standard, section 9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from client.results.overview import Notice

if TYPE_CHECKING:
    from client.services.api import SessionApi

_INTERVAL = 1.0
"""Seconds between two overviews."""

_QUIET = 15
"""Unchanged overviews after which a comment shows that the stream is alive."""

_MOST_NOTICES = 100
"""Notices queued for a slow reader; when full, the oldest is dropped."""

MOST_STREAMS = 16
"""Streams open at once."""

_Listener = tuple[asyncio.AbstractEventLoop, "asyncio.Queue[Notice]"]


class Events:
    """Sends the session's notices and state to every open stream."""

    def __init__(self, session: SessionApi) -> None:
        self._session = session
        self._listeners: set[_Listener] = set()
        self._is_listening = False
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="web events")

    @property
    def is_full(self) -> bool:
        """Whether the maximum number of streams is open."""
        return len(self._listeners) >= MOST_STREAMS

    async def stream(self) -> AsyncGenerator[str, None]:
        """Yield `overview` events, at most one per second and only changes, and every `notice`."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Notice] = asyncio.Queue(_MOST_NOTICES)
        listener = (loop, queue)
        self._listeners.add(listener)
        if not self._is_listening:
            self._is_listening = True
            self._session.notices.listen(self._on_notice)
        try:
            last, quiet = "", 0
            while True:
                overview = await loop.run_in_executor(self._pool, self._session.overview)
                current = overview.model_dump_json()
                if current != last:
                    yield f"event: overview\ndata: {current}\n\n"
                    quiet = 0
                elif (quiet := quiet + 1) % _QUIET == 0:
                    yield ": nothing new\n\n"
                last = current
                async for notice in _until(loop.time() + _INTERVAL, queue):
                    yield f"event: notice\ndata: {notice.model_dump_json()}\n\n"
        finally:
            self._listeners.discard(listener)

    def _on_notice(self, notice: Notice) -> None:
        for loop, queue in tuple(self._listeners):
            loop.call_soon_threadsafe(_put, queue, notice)


async def _until(end: float, queue: asyncio.Queue[Notice]) -> AsyncIterator[Notice]:
    """Yield what arrives in a queue before `end`, a time by the event loop's clock."""
    loop = asyncio.get_running_loop()
    while (left := end - loop.time()) > 0:
        try:
            yield await asyncio.wait_for(queue.get(), left)
        except TimeoutError:
            return


def _put(queue: asyncio.Queue[Notice], notice: Notice) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(notice)
