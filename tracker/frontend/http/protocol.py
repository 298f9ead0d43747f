"""uvicorn's HTTP/1.1 protocol with time limits: by itself it waits forever for any client.

Each connection is checked at an interval, by default every REQUEST_SECONDS. It is closed if no
complete request has arrived since the last check and none is being answered, or if the client reads
an answer too slowly.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from tracker.frontend.http.connection_slots import ConnectionSlots
from tracker.frontend.http.short_cut import ShortCut, response
from tracker.frontend.http.stock import StockRequest, read_request

REQUEST_SECONDS = 20.0
"""Time limit for receiving a request."""

_SLOWEST_READER = 4 * 1024  # bytes a second

_LINGER_SECONDS = 0.2
_NO_ROOM = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Retry-After: 5\r\nConnection: close\r\nContent-Length: 56\r\n\r\n"
    b"This tracker has too many connections; try again later.\n"
)


def protocol_for(
    slots: ConnectionSlots, request_seconds: float, short_cut: ShortCut | None = None
) -> type[H11Protocol]:
    """Return the protocol class of a server with these connection slots and this time limit."""

    class Protocol(ImpatientProtocol):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(slots, request_seconds, short_cut, *arguments, **options)

    return Protocol


class ImpatientProtocol(H11Protocol):
    """One HTTP connection."""

    _timer: asyncio.TimerHandle | None = None
    _last_seen: tuple[RequestResponseCycle | None, int] = None, 0
    _last_unread = 0
    _is_turned_away = False

    def __init__(
        self,
        slots: ConnectionSlots,
        request_seconds: float,
        short_cut: ShortCut | None,
        *arguments: object,
        **options: object,
    ) -> None:
        super().__init__(*arguments, **options)  # type: ignore[arg-type] # uvicorn's own matter
        self._slots = slots
        self._request_seconds = request_seconds
        self._short_cut = short_cut
        self._is_answering = False  # by the short cut
        self._answered = 0  # requests, by the short cut
        self._waiting = b""  # received meanwhile
        self._is_stopping = False

    def connection_made(  # type: ignore[override] # as the class above narrows it too
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        if self.client is not None and not self._slots.enter(self, self.client[0]):
            self._turn_away()
        else:
            self._set_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._slots.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Handle input; ignore it after a refusal."""
        if self._is_turned_away:
            return
        if self._is_answering:
            self._waiting += data
            self.flow.pause_reading()
            return
        request = read_request(data) if self._is_between_requests() else None
        if request is None:
            super().data_received(data)
        else:
            self._take_short_cut(request)

    def shutdown(self) -> None:
        """Close the connection, after the answer to a request that is here."""
        self._is_stopping = True
        if not self._is_answering:
            super().shutdown()

    def on_response_complete(self) -> None:
        """Treat the connection as new after a complete answer."""
        self._slots.refresh(self)
        super().on_response_complete()

    def is_idle(self) -> bool:
        """Return whether we are waiting for a request, the rest of one, or the client to read."""
        if self.transport.get_write_buffer_size():
            return True
        if self._is_answering:
            return False
        current: RequestResponseCycle | None = self.cycle
        return current is None or current.more_body or current.response_complete

    def displace(self) -> None:
        """Close at once, to free the place for another connection."""
        self.transport.abort()

    def _is_between_requests(self) -> bool:
        return (
            self._short_cut is not None
            and self.client is not None
            and self.conn.states == {h11.CLIENT: h11.IDLE, h11.SERVER: h11.IDLE}
            and not self.conn.trailing_data[0]
        )

    def _take_short_cut(self, request: StockRequest) -> None:
        if self._short_cut is None or self.client is None:
            raise AssertionError("only with a short cut, and from a client")
        self._unset_keepalive_if_required()
        self._is_answering = True

        def send(body: bytes) -> None:
            self._send(body, keep_alive=request.keep_alive and not self._is_stopping)

        self._short_cut.answer(self.loop, request, self.client[0], send)

    def _send(self, body: bytes, *, keep_alive: bool) -> None:
        """Send the answer to the request in work, and go on with what has arrived meanwhile."""
        self._is_answering = False
        self._answered += 1
        if self.transport.is_closing():
            return
        headers = self.server_state.default_headers
        self.transport.write(response(body, headers, keep_alive=keep_alive))
        if not keep_alive:
            self.transport.close()
            return
        self.on_response_complete()
        if self._waiting:
            waiting, self._waiting = self._waiting, b""
            self.data_received(waiting)

    def _turn_away(self) -> None:
        """Send "no room" and linger briefly, or a reset would overtake it."""
        self._is_turned_away = True
        self.transport.write(_NO_ROOM)
        self.transport.write_eof()
        seconds = _LINGER_SECONDS if self._slots.may_linger(self) else 0.0
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _set_timer(self) -> None:
        self._timer = self.loop.call_later(self._request_seconds, self._look)

    def _look(self) -> None:
        unread = self.transport.get_write_buffer_size()
        is_slow = unread > self._last_unread - _SLOWEST_READER * self._request_seconds
        current: RequestResponseCycle | None = self.cycle
        is_done = not self._is_answering and (current is None or current.response_complete)
        seen = current, self._answered
        if unread and self._last_unread and is_slow:
            self.transport.abort()
            return
        if seen == self._last_seen and is_done and not unread:
            self.transport.close()
            return
        self._last_unread = unread
        self._last_seen = seen
        self._set_timer()
