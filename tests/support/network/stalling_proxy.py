"""A network that can be cut without either side being told."""

from __future__ import annotations

import select
import socket
import threading
from typing import Self

from common.types import Endpoint
from tests.support.ports import free_port

_CHUNK = 1 << 16


class StallingProxy:
    """Passes connections on to a server. While it stalls, it takes bytes and connections, and
    nothing comes out; afterwards only new connections are passed on.
    """

    def __init__(self, server: Endpoint) -> None:
        self._server = server
        self.address = Endpoint("127.0.0.1", free_port())
        self._listener = socket.create_server(self.address)
        self._ended, self._reading = socket.socketpair()
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._swallowed: list[socket.socket] = []
        self._is_stalled = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.close()
        self._thread.join()
        for one in [self._listener, self._reading, *self._pairs, *self._swallowed]:
            one.close()

    def stall(self) -> None:
        """Pass nothing on from now on."""
        self._is_stalled.set()

    def resume(self) -> None:
        """Pass on new connections again."""
        self._is_stalled.clear()

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._reading, self._listener, *self._pairs], [], [])
            if self._reading in ready:
                return
            if self._is_stalled.is_set():
                self._swallowed += self._pairs
                self._pairs.clear()
            for one in ready:
                if one is self._listener:
                    self._accept()
                elif one in self._pairs:
                    self._pass_on(one)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._is_stalled.is_set():
            self._swallowed.append(client)
            return
        server = socket.create_connection(self._server)
        self._pairs[client], self._pairs[server] = server, client

    def _pass_on(self, one: socket.socket) -> None:
        try:
            data = one.recv(_CHUNK)
            if data:
                self._pairs[one].sendall(data)
                return
        except OSError:
            pass
        other = self._pairs.pop(one)
        self._pairs.pop(other, None)
        for end in (one, other):
            end.close()
