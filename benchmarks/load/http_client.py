"""Announces over HTTP, as a stock client sends them."""

from __future__ import annotations

import socket
from urllib.parse import quote
from zlib import crc32

from benchmarks.load.session import SECONDS, LostError
from common.types import Endpoint


def announce_path(prefix: str, info_hash: bytes, peer_id: bytes, downloaded: int) -> bytes:
    """Return the path of an announce under `prefix`, such as /announce or /announce/KEY.

    Each peer has a port of its own: some trackers tell peers apart by their address only.
    """
    port = 10_000 + crc32(peer_id) % 50_000
    query = (
        f"info_hash={quote(info_hash)}&peer_id={quote(peer_id)}&port={port}&uploaded=0"
        f"&downloaded={downloaded}&left=1&compact=1&numwant=50"
    )
    return f"{prefix}?{query}".encode()


def scrape_path(prefix: str, info_hash: bytes) -> bytes:
    """Return the path of a scrape, with the path of a member's announces as `prefix`."""
    return f"{prefix.replace('announce', 'scrape', 1)}?info_hash={quote(info_hash)}".encode()


class HttpClient:
    """GET requests to one server, over one connection or a new one for each."""

    def __init__(self, address: Endpoint, *, keep_alive: bool) -> None:
        self._address = address
        self._keep_alive = keep_alive
        self._host = str(address).encode()
        self._socket: socket.socket | None = None

    def announce(self, path: bytes) -> bytes:
        """Return the answer to an announce. Raises LostError, also if it is a refusal."""
        body = self.get(path)
        if not body.startswith(b"d") or b"failure reason" in body:
            raise LostError(body[:200].decode(errors="replace"))
        return body

    def get(self, path: bytes) -> bytes:
        """Return the body of an answer. Raises LostError."""
        try:
            if self._socket is None:
                self._socket = socket.create_connection(self._address, SECONDS)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wish = b"keep-alive" if self._keep_alive else b"close"
            head = b"GET %b HTTP/1.1\r\nHost: %b\r\nConnection: %b\r\n\r\n"
            self._socket.sendall(head % (path, self._host, wish))
            return self._read()
        except OSError as error:
            self.close()
            raise LostError(str(error)) from error
        finally:
            if not self._keep_alive:
                self.close()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _read(self) -> bytes:
        head, _, body = self._receive_until(b"\r\n\r\n")
        status, *lines = head.split(b"\r\n")
        if status.split()[1] != b"200":
            raise ConnectionError(status.decode(errors="replace"))
        fields = dict(line.lower().split(b":", 1) for line in lines)
        while len(body) < int(fields[b"content-length"]):
            body += self._receive()
        if fields.get(b"connection", b"").strip() == b"close":
            self.close()
        return body

    def _receive_until(self, end: bytes) -> tuple[bytes, bytes, bytes]:
        data = b""
        while end not in data:
            data += self._receive()
        return data.partition(end)

    def _receive(self) -> bytes:
        assert self._socket is not None
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data
