"""A TLS connection: one thread at a time reads and writes, others queue lines to send.

Only the thread that serves the channel uses the socket and the TLS engine, so neither needs a lock.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from common.tls import TlsEngine
from tracker.frontend.waker import Poller, Waker
from tracker.waits import waiting

_CHUNK = 16 * 1024
"""Bytes received, encrypted and sent at a time: TLS keeps its buffers at their largest size."""

_WRITE_SECONDS = 30.0
_SLOWEST_WRITE = 64 * 1024  # bytes a second; longer answers get more time
_LINGER_SECONDS = 1.0
_MAX_QUEUED = 1000  # lines for a client that doesn't read them
_MAX_QUEUED_BYTES = 1024 * 1024


class ChannelClosedError(Exception):
    """The other side has disconnected or doesn't read."""


class Channel:
    """A bidirectional byte stream, with an outbox that any thread may fill.

    Begin with `handshake`, in the thread that serves the channel. It takes what has arrived with
    `receive`, and needs no thread while it waits for more: see `call_back`. The other side has
    `write_seconds` to read what is sent, and more for long answers.
    """

    def __init__(
        self,
        sock: socket.socket,
        tls: TlsEngine,
        poller: Poller,
        write_seconds: float = _WRITE_SECONDS,
    ) -> None:
        self._write_seconds = write_seconds
        self._socket = sock
        self._tls = tls
        self._waker = Waker(sock, poller)
        self._outbox: deque[bytes] = deque()
        self._queued = 0  # bytes in the outbox
        self._outbox_lock = threading.Lock()
        self._closing = threading.Event()
        self._farewell = b""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_alive(sock)

    def post(self, line: bytes) -> None:
        """Queue a line from any thread; `receive` sends it.

        Closes the connection of a client that lets too many lines or bytes pile up.
        """
        with self._outbox_lock:
            self._queued += len(line)
            fits = len(self._outbox) < _MAX_QUEUED and self._queued <= _MAX_QUEUED_BYTES
            if fits:
                self._outbox.append(line)
        if fits:
            self._waker.wake()
        else:
            self.interrupt()

    def interrupt(self, farewell: bytes = b"") -> None:
        """Make the thread that serves the channel raise ChannelClosedError; for any thread.

        `farewell` is sent first, if the other side reads it at once.
        """
        self._farewell = farewell
        self._closing.set()
        self._waker.wake()

    def begins_with(self, first: bytes, seconds: float) -> bool:
        """Wait for the first byte, so long at most; return whether it is this one."""
        with waiting():
            has_input = self._waker.wait(seconds)
        try:
            return has_input and self._socket.recv(1, socket.MSG_PEEK) == first
        except OSError:
            return False

    def hand_over(self) -> socket.socket:
        """Return the socket, which is no longer this channel's."""
        return socket.socket(fileno=self._socket.detach())

    def handshake(self, seconds: float) -> None:
        """Perform the TLS handshake; raises ChannelClosedError if it fails or takes longer."""
        deadline = time.monotonic() + seconds
        try:
            while not self._tls.handshake():
                self._flush(seconds)
                left = deadline - time.monotonic()
                if left <= 0:
                    raise ChannelClosedError
                with waiting():
                    has_input = self._waker.wait(left)
                if has_input:
                    self._fetch()
                if self._closing.is_set():
                    raise ChannelClosedError
            self._flush(seconds)
        except OSError:
            with contextlib.suppress(OSError):
                self._flush(_LINGER_SECONDS)  # the TLS alert, for the other side's log
            raise ChannelClosedError from None

    def call_back(self, callback: Callable[[], None], deadline: float) -> bool:
        """Have `callback` called by any thread when there is something to do for `receive`.

        At the latest soon after `deadline` (time.monotonic). Returns False if it is time now.
        """
        return self._waker.call(callback, deadline)

    def receive(self) -> bytes:
        """Return the bytes that have arrived, `b""` if there are none yet; sends queued lines.

        Raises ChannelClosedError.
        """
        while line := self._next_posted():
            self.send(line)
        while not (data := self._read()) and not self._closing.is_set():
            if not self._waker.has_input():
                return b""
            self._fetch()
        if self._closing.is_set():
            with contextlib.suppress(OSError):
                self._tls.write(self._farewell)
                self._flush(_LINGER_SECONDS)
            raise ChannelClosedError
        return data

    def _next_posted(self) -> bytes:
        with self._outbox_lock:
            if not self._outbox:
                return b""
            line = self._outbox.popleft()
            self._queued -= len(line)
            return line

    def _read(self) -> bytes:
        """Return decrypted bytes; empty before a whole record has arrived."""
        if not self._tls.unread and not self._tls.has_failed:
            return b""
        plaintext = memoryview(bytearray(_CHUNK))
        try:
            count = self._tls.read_into(plaintext)
        except OSError:
            raise ChannelClosedError from None
        if count == 0:
            raise ChannelClosedError
        return bytes(plaintext[:count]) if count else b""

    def _fetch(self) -> None:
        try:
            data = self._socket.recv(_CHUNK)
        except OSError:
            raise ChannelClosedError from None
        if not data:
            raise ChannelClosedError
        self._tls.feed(data)

    def pause(self, seconds: float) -> None:
        """Sleep; raises ChannelClosedError when interrupted."""
        if seconds > 0:
            with waiting():
                self._closing.wait(seconds)
            if self._closing.is_set():
                raise ChannelClosedError

    def send(self, data: bytes) -> None:
        """Send all of `data`; raises ChannelClosedError if the other side doesn't read it in
        time.
        """
        deadline = time.monotonic() + self._write_seconds + len(data) / _SLOWEST_WRITE
        try:
            for start in range(0, len(data), _CHUNK):
                self._tls.write(data[start : start + _CHUNK])
                self._flush(deadline - time.monotonic())
        except OSError:
            raise ChannelClosedError from None

    def _flush(self, seconds: float) -> None:
        data = memoryview(self._tls.take())
        self._socket.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            data = data[self._socket.send(data) :]
        if data:
            self._socket.settimeout(max(0.0, seconds))
            with waiting():
                self._socket.sendall(data)

    def close(self, linger: float = _LINGER_SECONDS) -> None:
        """Close the connection so that the last data sent still arrives.

        Closing with unread input would reset the connection, so received data is discarded for up
        to `linger` seconds first.
        """
        with contextlib.suppress(OSError):
            if not self._closing.is_set():
                self._drain(linger)
        self._socket.close()

    def _drain(self, linger: float) -> None:
        self._tls.end()
        self._flush(linger)
        self._socket.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + linger
        while (left := deadline - time.monotonic()) > 0:
            with waiting():
                has_input = self._waker.wait(left)
            if has_input and not self._socket.recv(_CHUNK):
                return


def _keep_alive(sock: socket.socket) -> None:
    """Enable TCP keepalive, which detects a vanished peer within two minutes."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
