"""Carries out the commands of other programs in this client, beside its own prompt or script."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Final

import structlog

from client.config import ClientConfig
from client.control.caller_script import run_lines
from client.control.connection import Connection
from client.control.protocol import VERSION, Greeting, OpenPage, Page, Refusal, Start
from common import __version__
from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.services.api import SessionApi

MOST_CALLERS: Final = 32
"""Programs connected at the same time; each runs one command at a time."""

_POLL: Final = 0.1
_STOP_TIME: Final = 5.0
"""Seconds in which the commands of other programs have to end when the client does."""


log = structlog.get_logger(__name__)


@contextmanager
def serving(
    session: SessionApi,
    listening: socket.socket | None,
    config: ClientConfig,
    serve_page: Callable[[], Page],
) -> Iterator[ControlServer | None]:
    """Carry out the commands of other programs while inside the context, if it listens."""
    if listening is None:
        yield None
        return
    server = ControlServer(session, listening, config, serve_page)
    server.start()
    with closing(server):
        yield server


class ControlServer:
    """Serves a session at a socket in its own thread, from `start` to `close`.

    `serve_page` returns the links to the page, which it serves if necessary.
    """

    def __init__(
        self,
        session: SessionApi,
        listening: socket.socket,
        config: ClientConfig,
        serve_page: Callable[[], Page],
    ) -> None:
        self._session = session
        self._listening = listening
        self._serve_page = serve_page
        self._greeting = Greeting(
            VERSION,
            __version__,
            os.getpid(),
            str(config.listen),
            tuple(map(str, config.trackers)),
        )
        self._connections: set[Connection] = set()
        self._is_closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="control", daemon=True)

    def start(self) -> None:
        """Start serving; returns at once."""
        self._thread.start()

    def wait_for_callers(self, stopped: Callable[[], bool]) -> None:
        """Wait until no other program uses this client, or `stopped` returns True."""
        while self._connections and not stopped():
            time.sleep(_POLL)

    def close(self) -> None:
        """Stop serving; commands that run are stopped, which takes a few seconds at most."""
        self._started.wait()
        self._is_closing = True
        if self._loop is not None and self._wake is not None:
            with suppress(RuntimeError):  # it has failed before
                self._loop.call_soon_threadsafe(self._wake.set)
        self._thread.join(2 * _STOP_TIME)

    def _serve(self) -> None:
        try:
            asyncio.run(self._serve_connections())
        except Exception:  # logged here, because nothing else reports why the thread ended
            log.exception("commands of other programs can't be carried out any more")
        finally:
            self._started.set()

    async def _serve_connections(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_unix_server(self._connect, sock=self._listening)
        self._started.set()
        try:
            await self._wake.wait()
        finally:
            server.close()
            await self._close_connections()

    def _connect(self) -> Connection:
        refusal = None
        if len(self._connections) >= MOST_CALLERS:
            refusal = MinitorrentError(
                ErrorCode.BUSY,
                f"{MOST_CALLERS} programs are already using the running client; end one of them"
                " first.",
            )
        connection = Connection(self._greeting, self._serve_caller, self._ended, refusal)
        self._connections.add(connection)
        return connection

    def _serve_caller(self, connection: Connection, message: Start | OpenPage) -> None:
        """Do what a caller wants, in a thread of its own."""
        if isinstance(message, Start):
            if run_lines(self._session, connection, message):
                _end_program()
            return
        try:
            connection.send(self._serve_page())
        except MinitorrentError as error:
            connection.send(Refusal(error.code.value, error.message))

    def _ended(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if self._is_closing and not self._connections:
            assert self._wake is not None
            self._wake.set()

    async def _close_connections(self) -> None:
        """Have all commands stop, and the connections end with them."""
        assert self._wake is not None
        self._wake.clear()
        for connection in tuple(self._connections):
            connection.give_up()
        if self._connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _STOP_TIME)
        for connection in tuple(self._connections):
            connection.cut()
        await asyncio.sleep(0)  # the transports close in the loop's next turn


def _end_program() -> None:
    """End the program as SIGTERM does: state is kept, and downloads resume next time."""
    os.kill(os.getpid(), signal.SIGTERM)
