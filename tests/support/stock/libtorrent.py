"""libtorrent as a peer, in a separate process (`libtorrent_child.py`)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from common.types import Endpoint
from tests.support.programs.processes import ManagedProcess
from tests.support.stock import Torrent, place

TUNED: dict[str, Any] = {
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "in_enc_policy": 2,
    "out_enc_policy": 2,
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "allow_multiple_connections_per_ip": True,
    "hashing_threads": 2,
    "send_buffer_watermark": 4 * 1024 * 1024,
    "send_buffer_low_watermark": 1024 * 1024,
    "max_out_request_queue": 1500,
    "mixed_mode_algorithm": 0,
}
"""The fastest of the tested settings: TCP only, no encryption (2 is `pe_disabled`)."""


class Libtorrent(ManagedProcess):
    """A libtorrent session; `settings` override the tuned ones, or the defaults.

    With credentials, the folder that `export_credentials` wrote, it is one for SSL torrents: it
    accepts peers only inside TLS, and announces that port.
    """

    def __init__(
        self,
        where: str | Endpoint = "127.0.0.1",
        settings: dict[str, Any] | None = None,
        credentials: Path | None = None,
        *,
        tuned: bool = True,
    ) -> None:
        self.address = place(where)
        host = self.address.host
        self._credentials = None if credentials is None else str(credentials)
        interface = f"{self.address}s" if credentials else str(self.address)
        listen = {"listen_interfaces": interface, "outgoing_interfaces": host}
        pack = json.dumps((TUNED if tuned else {}) | listen | (settings or {}))
        super().__init__([sys.executable, "-m", "tests.support.stock.libtorrent_child", pack])

    def add(self, torrent: Torrent, folder: Path) -> None:
        """Download into the folder; existing content is checked first."""
        self._ask("add", str(torrent), str(folder), self._credentials)

    def seed(self, torrent: Torrent, folder: Path) -> None:
        """Seed the folder's content without a check."""
        self._ask("seed", str(torrent), str(folder), self._credentials)

    def connect(self, torrent: Torrent, peer: Endpoint) -> None:
        """Dial a peer."""
        self._ask("connect", str(torrent), *peer)

    def magnet(self, torrent: Torrent) -> str:
        """Its own magnet link to a torrent that it has."""
        return str(self._ask("magnet", str(torrent)))

    def is_complete(self, torrent: Torrent) -> bool:
        """Whether it has all of the torrent."""
        return bool(self.status(torrent)["complete"])

    def status(self, torrent: Torrent) -> dict[str, Any]:
        """Its view: complete, progress (0 to 1), peers, error, tracker and peer errors."""
        answer = self._ask("status", str(torrent))
        assert isinstance(answer, dict)
        return answer

    def wait_complete(self, torrent: Torrent, timeout: float) -> None:
        """Wait until it has all of the torrent, to within a few milliseconds."""
        assert self._ask("wait", str(torrent), timeout, time_limit=timeout + 5), self.story()

    def _ask(self, *command: object, time_limit: float = 20) -> object:
        self.send(json.dumps(command))
        answer = self.output.next(time_limit)
        assert answer is not None, f"libtorrent gave no answer to {command}\n{self.story()}"
        return json.loads(answer)
