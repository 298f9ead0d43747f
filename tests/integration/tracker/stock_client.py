"""A bare stock client of the tracker's HTTP announces."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import quote_from_bytes, urlsplit

import bencode2

PEER = b"-TR4000-\x00\xff&=%+ abc12"[:20]


class StockClient:
    """Asks like a stock client of one member."""

    def __init__(self, url: str, info_hash: str) -> None:
        address = urlsplit(url)
        self.path = address.path
        self.info_hash = bytes.fromhex(info_hash)
        self.connection = http.client.HTTPConnection(address.netloc, timeout=10)

    def close(self) -> None:
        """Drop the connection."""
        self.connection.close()

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self.connection.request("GET", path)
        response = self.connection.getresponse()
        return response.status, response.read()

    def ask(self, path: str, query: str) -> dict[bytes, Any]:
        """The bencoded answer."""
        status, body = self.get(f"{path}?{query}")
        assert status == 200
        answer: dict[bytes, Any] = bencode2.bdecode(body)
        return answer

    def announce(
        self, left: int, *, peer_id: bytes = PEER, port: int = 7001, **more: object
    ) -> dict[bytes, Any]:
        """Announce the file, with additional query parameters."""
        values = {"info_hash": self.info_hash, "peer_id": peer_id, "port": port, "left": left}
        return self.ask(self.path, query(**values, **more))

    def scrape(self, *hashes: bytes) -> dict[bytes, Any]:
        """Scrape these info-hashes."""
        path = self.path.replace("announce", "scrape")
        return self.ask(path, "&".join(query(info_hash=value) for value in hashes))


def query(**values: object) -> str:
    """A query string of these values; bytes as they are."""
    encoded = {
        key: value if isinstance(value, bytes) else str(value).encode()
        for key, value in values.items()
    }
    return "&".join(f"{key}={quote_from_bytes(value, safe='')}" for key, value in encoded.items())
