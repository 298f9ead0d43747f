"""rtorrent as a daemon, driven by XML-RPC over SCGI."""

from __future__ import annotations

import socket
import xmlrpc.client
from contextlib import suppress
from pathlib import Path
from typing import Any

from common.types import Endpoint
from tests.support.programs.processes import ManagedProcess
from tests.support.stock import Torrent, info_hash_of, place
from tests.support.waiting import wait_until


class Rtorrent(ManagedProcess):
    """An rtorrent, as shipped but for the lines in `rc`; its session and socket are in `folder`."""

    def __init__(self, folder: Path, where: str | Endpoint, rc: str = "") -> None:
        self.address = place(where)
        host = self.address.host
        port = self.address.port
        folder.mkdir(parents=True, exist_ok=True)
        self._socket = folder / "rpc"
        (folder / "rc").write_text(rc)
        options = [
            f"network.bind_address.set={host}",
            f"network.port_range.set={port}-{port}",
            f"network.scgi.open_local={self._socket}",
            f"session.path.set={folder}",
            "system.daemon.set=true",
            f"import={folder / 'rc'}",
        ]
        command = ["rtorrent", "-n"]
        for option in options:
            command += ["-o", option]
        super().__init__(command)

    def start(self) -> None:
        """Start it and wait until it takes commands."""
        super().start()
        wait_until(self._is_up, 20, "rtorrent to answer")

    def add(self, torrent: Torrent, folder: Path) -> None:
        """Download into the folder, or check and seed its content."""
        folder.mkdir(parents=True, exist_ok=True)
        where = f'd.directory.set="{folder}"'
        if isinstance(torrent, str):
            self._call("load.start", "", torrent, where)
        else:
            data = xmlrpc.client.Binary(torrent.read_bytes())
            self._call("load.raw_start", "", data, where)

    def is_complete(self, torrent: Torrent) -> bool:
        """Whether it has all of the torrent, has checked it and runs it."""
        name = info_hash_of(torrent).upper()
        with suppress(xmlrpc.client.Fault):  # not accepted yet
            return bool(
                self._call("d.complete", name)
                and self._call("d.is_active", name)
                and not self._call("d.hashing", name)
            )
        return False

    def message(self, torrent: Torrent) -> str:
        """Return its error for the torrent, or for its tracker."""
        return str(self._call("d.message", info_hash_of(torrent).upper()))

    def _is_up(self) -> bool:
        with suppress(OSError):
            return bool(self._call("system.client_version"))
        return False

    def _call(self, method: str, *parameters: Any) -> Any:
        """One request, as SCGI wraps it: headers in a netstring, then the body."""
        body = xmlrpc.client.dumps(parameters, method).encode()
        fields = {"CONTENT_LENGTH": str(len(body)), "SCGI": "1"}
        headers = "".join(f"{name}\0{value}\0" for name, value in fields.items())
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(20)
            sock.connect(str(self._socket))
            sock.sendall(f"{len(headers)}:{headers},".encode() + body)
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
        (result,), _ = xmlrpc.client.loads(answer.partition(b"\r\n\r\n")[2])
        return result
