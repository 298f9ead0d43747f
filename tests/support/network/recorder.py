"""A recording proxy: it carries TCP connections to another address and keeps every byte."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self

from common.types import Endpoint


class Recorder:
    """Carries connections from `address` to `target`; `recorded` has their bytes."""

    def __init__(self, target: Endpoint) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Endpoint(*self._listener.getsockname())
        self._lock = threading.Lock()
        self._recorded: list[bytes] = []
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, name="recorder")]

    @property
    def recorded(self) -> bytes:
        """All bytes so far, of both directions."""
        with self._lock:
            return b"".join(self._recorded)

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(10.0)
        self._listener.close()
        for sock in self._sockets:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10.0)
        for sock in self._sockets:
            sock.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(near)
            with suppress(OSError):
                far = socket.create_connection(self._target, 10.0)
                far.settimeout(None)
                self._sockets.append(far)
                for source, sink in ((near, far), (far, near)):
                    thread = threading.Thread(target=self._carry, args=(source, sink))
                    self._threads.append(thread)
                    thread.start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                with self._lock:
                    self._recorded.append(data)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)
