"""The connection of one program that hands its commands to this client.

Its messages arrive in the event loop of the control server. What they ask for is done in a thread
of its own, by `serve`. Whatever that thread sends is passed to the event loop and never waited
for: a line is only asked for when the caller has read most of what it was sent, and notices and
progress that a caller doesn't read are left out. So a slow caller delays nobody but itself.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError as NotDrained
from contextlib import suppress
from typing import Final

import structlog

from client.control import protocol
from client.control.address import is_own_user
from client.shell.terminal.signals import Stopped
from common.errors import ErrorCode, MinitorrentError

_START_TIME: Final = 10.0
"""Seconds in which a caller has to say what it wants."""

_LINE_TIME: Final = 30.0
"""Seconds in which a line that has begun has to end."""

_LONGEST_STALL: Final = 3600.0
"""Seconds after which a caller that doesn't read is disconnected."""

_MOST_UNREAD: Final = 1 << 20
"""Bytes that a caller may leave unread before notices and progress are left out."""

log = structlog.get_logger(__name__)


class Connection(asyncio.Protocol):
    """One caller's connection, which is also what tells its commands to stop.

    `serve` does in a thread what the first message asks for. `ended` is called in the event loop
    when both the connection and the thread have ended.
    """

    def __init__(
        self,
        greeting: protocol.Greeting,
        serve: Callable[[Connection, protocol.Start | protocol.OpenPage], None],
        ended: Callable[[Connection], None],
        refusal: MinitorrentError | None = None,
    ) -> None:
        self._greeting = greeting
        self._serve = serve
        self._ended = ended
        self._refusal = refusal
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = protocol.LineBuffer(protocol.LONGEST_REQUEST)
        self._timer: asyncio.TimerHandle | None = None
        self._is_drained = asyncio.Event()
        self._is_drained.set()
        self._expected: tuple[type[protocol.Message], ...] = (protocol.Start, protocol.OpenPage)
        self._worker: threading.Thread | None = None
        self._stop = threading.Event()
        self._inbox: queue.SimpleQueue[protocol.Message] = queue.SimpleQueue()
        self.client_ends = False
        """Whether its commands stop because this client ends."""

    # --- in the event loop ------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=_MOST_UNREAD)
        if not is_own_user(transport.get_extra_info("socket")):
            log.warning("another user connected to the client's socket")
            transport.abort()
            return
        if self._refusal is not None:
            self._refuse(self._refusal)
            return
        self._write(self._greeting)
        self._set_timer(_START_TIME)

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._transport = None
        self._set_timer(None)
        self._is_drained.set()
        self._stop_commands()
        self._check_ended()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._is_drained.clear()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._is_drained.set()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._transport is None or self._transport.is_closing():
            return
        was_inside = self._buffer.is_inside_line
        try:
            lines = self._buffer.feed(data)
            for line in lines:
                self._take(protocol.decode(line))
        except protocol.ProtocolError as error:
            self._refuse(MinitorrentError(ErrorCode.USAGE, f"Bad message: {error}."))
            return
        if self._buffer.is_inside_line:
            if lines or not was_inside:
                self._set_timer(_LINE_TIME)
        elif self._worker is not None:
            self._set_timer(None)

    def give_up(self) -> None:
        """Have its commands stop, because this client ends, and the connection end with them."""
        self.client_ends = True
        self._stop_commands()
        if self._worker is None:
            self._close()

    def _take(self, message: protocol.Message) -> None:
        """Act on a message; raises protocol.ProtocolError if it is not its turn."""
        if isinstance(message, protocol.Cancel) and self._worker is not None:
            self._stop_commands()
            return
        if not isinstance(message, self._expected):
            raise protocol.ProtocolError(f"{type(message).__name__} is not expected now")
        self._expected = ()
        if isinstance(message, protocol.Start | protocol.OpenPage):
            self._worker = threading.Thread(
                target=self._work, args=(message,), name="control command", daemon=True
            )
            self._worker.start()
        else:
            self._inbox.put(message)

    def _refuse(self, error: MinitorrentError) -> None:
        """Say why the connection ends, and end it."""
        self._write(protocol.Refusal(error.code.value, error.message))
        self._close()

    def _close(self) -> None:
        """End the connection as soon as the caller has read what it was sent."""
        self._stop_commands()
        if self._transport is not None:
            self._transport.close()
            self._set_timer(_LONGEST_STALL)

    def _write(self, message: protocol.Message) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        is_optional = isinstance(message, protocol.Frame) or (
            isinstance(message, protocol.Printed) and message.is_error
        )
        if is_optional and self._transport.get_write_buffer_size() > _MOST_UNREAD:
            return
        if isinstance(message, protocol.Ready):
            self._expected = (protocol.Line, protocol.End)
        elif isinstance(message, protocol.Question):
            self._expected = (protocol.Secret,)
        self._transport.write(protocol.encode(message))

    def _set_timer(self, seconds: float | None) -> None:
        """Cut the connection after `seconds`, unless this is called again before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self._loop.call_later(seconds, self.cut)

    def cut(self) -> None:
        """End the connection now, whatever the caller has read."""
        if self._transport is not None:
            self._transport.abort()

    def _stop_commands(self) -> None:
        self._stop.set()
        self._inbox.put(protocol.Cancel())

    def _finish(self) -> None:
        """Take note that the thread has nothing left to do."""
        assert self._worker is not None
        self._worker.join()
        self._close()
        self._check_ended()

    def _check_ended(self) -> None:
        if self._transport is None and (self._worker is None or not self._worker.is_alive()):
            self._ended(self)

    # --- in the thread of its commands, or any other ----------------------------------------
    def _work(self, message: protocol.Start | protocol.OpenPage) -> None:
        try:
            self._serve(self, message)
        except Stopped:
            pass
        except Exception:  # logged here, because nothing else reports why the thread ended
            log.exception("the commands of another program failed")
        finally:
            self._call(self._finish)

    def send(self, message: protocol.Message) -> None:
        """Send a message; never waits."""
        self._call(self._write, message)

    def receive(self) -> protocol.Message:
        """Return the next message, which was asked for; raises Stopped."""
        message = self._inbox.get()
        self.check()
        return message

    def drain(self) -> None:
        """Wait until the caller has read most of what it was sent; raises Stopped."""
        waiting = asyncio.run_coroutine_threadsafe(self._is_drained.wait(), self._loop)
        try:
            waiting.result(_LONGEST_STALL)
        except NotDrained:
            waiting.cancel()
            self._call(self.cut)
            raise Stopped from None
        self.check()

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: the client ends
            self._loop.call_soon_threadsafe(function, *arguments)

    # --- see client.shell.terminal.signals.Stopping -----------------------------------------
    def stopped(self) -> bool:
        """Return whether the caller has asked to stop, or has gone."""
        return self._stop.is_set()

    def check(self) -> None:
        """Raise Stopped if it has."""
        if self._stop.is_set():
            raise Stopped

    def pause(self, seconds: float) -> None:
        """Wait for this time, or until it has."""
        self._stop.wait(seconds)

    def wait(self, descriptor: int | None = None) -> None:
        """Wait until it has, and raise Stopped."""
        assert descriptor is None, "only the caller has descriptors"
        self._stop.wait()
        raise Stopped
