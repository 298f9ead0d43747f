"""uvicorn's HTTP/1.1, made impatient: by itself it waits for ever for a request to be complete."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

REQUEST_SECONDS = 20.0
"""A connection on which no whole request came for so long is closed."""


class ImpatientProtocol(H11Protocol):
    """One HTTP connection, looked at every REQUEST_SECONDS: did a request come since last time?"""

    _timer: asyncio.TimerHandle
    _last_seen: RequestResponseCycle | None = None

    def connection_made(  # type: ignore[override] # as the class above narrows it too
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        self._set_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def _set_timer(self) -> None:
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._look)

    def _look(self) -> None:
        current: RequestResponseCycle | None = self.cycle
        if current is self._last_seen and (current is None or current.response_complete):
            self.transport.close()
        else:
            self._last_seen = current
            self._set_timer()
