"""qBittorrent without a window, driven over its Web API."""

from __future__ import annotations

import json
import secrets
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from common.types import Endpoint
from tests.support.ports import free_port
from tests.support.programs.processes import ManagedProcess
from tests.support.stock import Torrent, info_hash_of, place
from tests.support.waiting import wait_until

SETTINGS = """\
[LegalNotice]
Accepted=true

[BitTorrent]
Session\\InterfaceAddress={host}
Session\\Port={port}
Session\\Encryption={encryption}

[Preferences]
WebUI\\Address=127.0.0.1
WebUI\\LocalHostAuth=false
WebUI\\Port={web}
"""


class QBittorrent(ManagedProcess):
    """A qbittorrent-nox whose settings and data are in `folder`.

    It is as shipped, except that it may refuse peers without `encryption` (MSE).
    """

    def __init__(
        self, folder: Path, where: str | Endpoint, *, requires_encryption: bool = False
    ) -> None:
        self.address = place(where)
        host = self.address.host
        web = free_port()
        self._api = f"http://127.0.0.1:{web}/api/v2"
        config = folder / "qBittorrent" / "config" / "qBittorrent.conf"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(
            SETTINGS.format(
                host=host, port=self.address.port, web=web, encryption=int(requires_encryption)
            )
        )
        super().__init__(["qbittorrent-nox", f"--profile={folder}"])

    def start(self) -> None:
        """Start it and wait until it takes commands."""
        super().start()
        wait_until(self._is_up, 30, "qbittorrent-nox to answer")

    def add(self, torrent: Torrent, folder: Path) -> None:
        """Download into the folder, or check and seed its content.

        It is started by force: of four that seed, its queue would let only three run.
        """
        fields = {"savepath": str(folder), "autoTMM": "false", "root_folder": "true"}
        if isinstance(torrent, str):
            self._post("torrents/add", fields | {"urls": torrent})
        else:
            self._post("torrents/add", fields, torrent)
        wait_until(lambda: self._find(torrent), 20, "qBittorrent to have taken a torrent")
        hashes = info_hash_of(torrent)
        self._post("torrents/setForceStart", {"hashes": hashes, "value": "true"})

    def is_complete(self, torrent: Torrent) -> bool:
        """Whether it has all of the torrent and seeds it."""
        status = self.status(torrent)
        return status["progress"] == 1 and status["state"] in ("forcedUP", "uploading", "stalledUP")

    def status(self, torrent: Torrent) -> dict[str, Any]:
        """Its view of the torrent, in the terms of its Web API."""
        found = self._find(torrent)
        assert found, f"qBittorrent has no {torrent}"
        return found[0]

    def trackers(self, torrent: Torrent) -> list[dict[str, Any]]:
        """Return its view of the torrent's trackers."""
        return list(self._get(f"torrents/trackers?hash={info_hash_of(torrent)}"))

    def _find(self, torrent: Torrent) -> list[dict[str, Any]]:
        return list(self._get(f"torrents/info?hashes={info_hash_of(torrent)}"))

    def _is_up(self) -> bool:
        with suppress(OSError):
            return bool(self._get("app/preferences"))
        return False

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self._api}/{path}", timeout=20) as reply:
            return json.load(reply)

    def _post(self, path: str, fields: Mapping[str, str], torrent: Path | None = None) -> None:
        kind, body = "application/x-www-form-urlencoded", urlencode(fields).encode()
        if torrent is not None:
            kind, body = _form(fields, torrent)
        request = urllib.request.Request(f"{self._api}/{path}", body, {"Content-Type": kind})
        with urllib.request.urlopen(request, timeout=20) as reply:
            assert reply.read() in (b"", b"Ok."), path


def _form(fields: Mapping[str, str], torrent: Path) -> tuple[str, bytes]:
    """The content type and the body of a form with a file in it (RFC 7578)."""
    boundary = secrets.token_hex(16)
    head = f"--{boundary}\r\nContent-Disposition: form-data; name="
    parts = [f'{head}"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    parts += [
        f'{head}"torrents"; filename="{torrent.name}"\r\n'.encode(),
        b"Content-Type: application/x-bittorrent\r\n\r\n",
        torrent.read_bytes(),
        f"\r\n--{boundary}--\r\n".encode(),
    ]
    return f"multipart/form-data; boundary={boundary}", b"".join(parts)
