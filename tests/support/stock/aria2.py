"""aria2 as a peer, driven over its JSON-RPC."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from common.types import Endpoint
from tests.support.ports import free_port
from tests.support.programs.processes import ManagedProcess
from tests.support.stock import Torrent, place
from tests.support.waiting import wait_until

TUNED = (
    "--enable-dht=false",
    "--bt-enable-lpd=false",
    "--enable-peer-exchange=false",
    "--seed-ratio=0.0",
    "--bt-seed-unverified=true",
    "--file-allocation=none",
    "--allow-overwrite=true",
)
"""Assumes existing content is complete, and keeps seeding after a download."""

SHIPPED = ("--check-integrity=true", "--max-concurrent-downloads=20", "--seed-ratio=0.0")
"""The first lets it seed existing content, which counts for the second."""


class Aria2(ManagedProcess):
    """An aria2 daemon; as shipped it keeps its data in `home`."""

    def __init__(
        self, where: str | Endpoint = "127.0.0.1", *options: str, home: Path | None = None
    ) -> None:
        self.address = place(where)
        host = self.address.host
        rpc_port = free_port()
        self._rpc = f"http://127.0.0.1:{rpc_port}/jsonrpc"
        self._torrents: dict[Torrent, str] = {}
        super().__init__(
            [
                *(() if home is None else ("env", f"HOME={home}")),
                "aria2c",
                "--enable-rpc",
                f"--rpc-listen-port={rpc_port}",
                f"--interface={host}",
                f"--listen-port={self.address.port}",
                "--no-conf",
                "--quiet",
                *(TUNED if home is None else SHIPPED),
                *options,
            ]
        )

    def start(self) -> None:
        """Start it and wait until it takes commands."""
        super().start()
        wait_until(self._is_up, 20, "aria2 to answer")

    def add(self, torrent: Torrent, folder: Path) -> None:
        """Download into the folder, or seed complete content there without a check."""
        options = {"dir": str(folder)}
        if isinstance(torrent, str):
            self._torrents[torrent] = self._call("addUri", [torrent], options)
        else:
            content = base64.b64encode(torrent.read_bytes()).decode()
            self._torrents[torrent] = self._call("addTorrent", content, [], options)

    def is_complete(self, torrent: Torrent) -> bool:
        """Whether it has all of the torrent; a stopped download fails with aria2's reason."""
        status = self._call("tellStatus", self._torrents[torrent])
        assert status["status"] != "error", status
        if "followedBy" in status:  # it has fetched the metadata, and gone on as another download
            (self._torrents[torrent],) = status["followedBy"]
            return False
        done, size = int(status["completedLength"]), int(status["totalLength"])
        if "info" not in status["bittorrent"]:  # only the metadata, so far
            return False
        return done == size and status["status"] in ("active", "complete")

    def announce(self, torrent: Torrent) -> None:
        """Make it announce to the trackers again, even after a refusal."""
        for method in ("forcePause", "unpause"):
            wait_until(partial(self._tried, method, self._torrents[torrent]), 20, f"it to {method}")

    def peers(self, torrent: Torrent) -> list[dict[str, str]]:
        """The peers that it knows of and is, or was just now, connected to."""
        found: list[dict[str, str]] = self._call("getPeers", self._torrents[torrent])
        return found

    def _tried(self, method: str, number: str) -> bool:
        """Return whether it accepted the command: it isn't always ready."""
        with suppress(urllib.error.HTTPError):
            return bool(self._call(method, number))
        return False

    def _is_up(self) -> bool:
        with suppress(OSError):
            return bool(self._call("getVersion"))
        return False

    def _call(self, method: str, *parameters: object) -> Any:
        request = {"jsonrpc": "2.0", "id": "", "method": f"aria2.{method}", "params": parameters}
        with urllib.request.urlopen(self._rpc, json.dumps(request).encode(), 20) as reply:
            return json.load(reply)["result"]
