"""A minimal HTTP tracker, for testing stock clients against each other without ours."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import bencode2

from common.types import Endpoint
from tests.support.ports import free_port


class _Announce(BaseHTTPRequestHandler):
    """Returns all announced peers, whatever the torrent."""

    peers: set[Endpoint]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        answer = self._announce(url.query) if url.path == "/announce" else {"files": {}}
        body = bencode2.bencode(answer)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _announce(self, query: str) -> dict[str, object]:
        port = parse_qs(query, encoding="latin-1")["port"][0]
        self.peers.add(Endpoint(self.client_address[0], int(port)))
        compact = b"".join(
            ipaddress.IPv4Address(peer.host).packed + peer.port.to_bytes(2, "big")
            for peer in tuple(self.peers)  # another thread may add one
        )
        return {"interval": 60, "peers": compact}


@contextmanager
def stand_in_tracker(host: str) -> Iterator[str]:
    """Serve announces until the context ends; the announce URL."""
    handler = type("Announce", (_Announce,), {"peers": set()})
    server = ThreadingHTTPServer((host, free_port()), handler)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="stand-in tracker")
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}/announce"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
