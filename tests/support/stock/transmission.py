"""Transmission as a peer, driven over its RPC.

It talks to no peer on 127.0.0.0/8: run it inside `namespace.private_network()`.
"""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from common.types import Endpoint
from tests.support.ports import free_port
from tests.support.programs.processes import ManagedProcess
from tests.support.stock import Torrent, place
from tests.support.waiting import wait_until

TUNED: dict[str, Any] = {
    "dht-enabled": False,
    "encryption": 0,
    "lpd-enabled": False,
    "pex-enabled": False,
    "port-forwarding-enabled": False,
    "utp-enabled": False,
}


class Transmission(ManagedProcess):
    """A transmission-daemon whose settings are in `folder`; `more` override the others."""

    def __init__(
        self,
        folder: Path,
        where: str | Endpoint,
        *,
        tuned: bool = True,
        more: dict[str, Any] | None = None,
    ) -> None:
        self.address = place(where)
        host = self.address.host
        self._rpc_port = free_port()
        self._session_id = ""
        self._torrents: dict[Torrent, int] = {}
        folder.mkdir(parents=True, exist_ok=True)
        settings = {
            "bind-address-ipv4": host,
            "peer-port": self.address.port,
            "rpc-port": self._rpc_port,
            "rpc-whitelist-enabled": False,
        }
        if tuned:
            settings |= TUNED
        settings |= more or {}
        (folder / "settings.json").write_text(json.dumps(settings))
        super().__init__(["transmission-daemon", "--foreground", "--config-dir", str(folder)])

    def start(self) -> None:
        """Start it and wait until it takes commands."""
        super().start()
        wait_until(self._is_up, 20, "transmission-daemon to answer")

    def add(self, torrent: Torrent, folder: Path) -> None:
        """Download into the folder, or check and seed its content."""
        if isinstance(torrent, str):
            what = {"filename": torrent}
        else:
            what = {"metainfo": base64.b64encode(torrent.read_bytes()).decode()}
        answer = self._call("torrent-add", {**what, "download-dir": str(folder)})
        self._torrents[torrent] = answer["torrent-added"]["id"]

    def is_complete(self, torrent: Torrent) -> bool:
        """Return whether it has all of the torrent and has finished checking."""
        status = self.status(torrent)
        return bool(status["percentDone"] == 1 and status["status"] in (5, 6))

    def status(self, torrent: Torrent) -> dict[str, Any]:
        """Its view of the torrent, in the terms of its RPC."""
        return self._fields(
            torrent, "percentDone", "status", "errorString", "peersConnected", "trackerStats"
        )

    def magnet(self, torrent: Torrent) -> str:
        """Its own magnet link to a torrent that it has."""
        return str(self._fields(torrent, "magnetLink")["magnetLink"])

    def _fields(self, torrent: Torrent, *fields: str) -> dict[str, Any]:
        asked = {"ids": [self._torrents[torrent]], "fields": fields}
        answer: dict[str, Any] = self._call("torrent-get", asked)["torrents"][0]
        return answer

    def _is_up(self) -> bool:
        with suppress(OSError):
            return bool(self._call("session-get", {}))
        return False

    def _call(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps({"method": method, "arguments": arguments}).encode()
        url = f"http://127.0.0.1:{self._rpc_port}/transmission/rpc"
        for _ in range(2):
            header = {"X-Transmission-Session-Id": self._session_id}
            try:
                with urllib.request.urlopen(urllib.request.Request(url, body, header)) as reply:
                    answer: dict[str, Any] = json.load(reply)
                    assert answer["result"] == "success", answer
                    return dict(answer["arguments"])
            except urllib.error.HTTPError as refusal:
                with refusal:
                    if refusal.code != 409:
                        raise
                    self._session_id = refusal.headers["X-Transmission-Session-Id"]
        raise AssertionError("transmission-daemon does not accept its own session id")
