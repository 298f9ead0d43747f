"""A libtorrent session that takes commands, one JSON array a line, and answers each.

`["add", TORRENT, FOLDER, CREDENTIALS]`, `["seed", TORRENT, FOLDER, CREDENTIALS]`, where
CREDENTIALS may be null, `["connect", TORRENT, HOST, PORT]`, `["status", TORRENT]`,
`["wait", TORRENT, SECONDS]`, `["magnet", TORRENT]`. It ends with its input.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any, cast

import libtorrent as lt


class Child:
    """The session and its torrents, by the path of their metainfo or their magnet link."""

    def __init__(self, settings: dict[str, Any]) -> None:
        categories = lt.alert.category_t
        mask = categories.error_notification | categories.tracker_notification
        mask |= categories.peer_notification | categories.connect_notification
        self.session = lt.session(cast("lt.settings_pack", settings | {"alert_mask": mask}))
        self.handles: dict[str, lt.torrent_handle] = {}
        self.tracker_errors: list[str] = []
        self.peer_errors: list[str] = []

    def add(self, torrent: str, folder: str, credentials: str | None, extra_flags: int = 0) -> None:
        """Start a torrent, unmanaged: no queue decides when it runs.

        It is paused until it has its credentials: without them it would be in error at once.
        """
        if torrent.startswith("magnet:"):
            parameters = lt.parse_magnet_uri(torrent)
        else:
            parameters = lt.add_torrent_params()
            parameters.ti = lt.torrent_info(torrent)
        parameters.save_path = folder
        flags = lt.torrent_flags
        parameters.flags = extra_flags | flags.paused | (parameters.flags & ~flags.auto_managed)
        handle = self.handles[torrent] = self.session.add_torrent(parameters)
        if credentials is not None:
            names = ("certificate.pem", "key.pem", "dhparams.pem")
            handle.set_ssl_certificate(*(str(Path(credentials) / name) for name in names))
        handle.resume()

    def seed(self, torrent: str, folder: str, credentials: str | None) -> None:
        """Start a torrent whose content is assumed complete."""
        self.add(torrent, folder, credentials, lt.torrent_flags.seed_mode)

    def magnet(self, torrent: str) -> str:
        """A link to a torrent that it has."""
        return str(lt.make_magnet_uri(self.handles[torrent]))

    def connect(self, torrent: str, host: str, port: int) -> None:
        """Dial a peer."""
        self.handles[torrent].connect_peer((host, port))

    def status(self, torrent: str) -> dict[str, Any]:
        """Return the status for the parent."""
        for alert in self.session.pop_alerts():
            if isinstance(alert, lt.tracker_error_alert):
                self.tracker_errors.append(alert.message())
            if isinstance(alert, (lt.peer_error_alert, lt.peer_disconnected_alert)):
                self.peer_errors.append(alert.message())
        status = self.handles[torrent].status()
        return {
            "complete": bool(status.is_seeding),
            "progress": status.progress,
            "peers": status.num_peers,
            "error": status.errc.message() if status.errc.value() else None,
            "tracker_errors": self.tracker_errors,
            "peer_errors": self.peer_errors,
        }

    def wait(self, torrent: str, seconds: float) -> bool:
        """Wait until the torrent is complete; False when the time runs out."""
        deadline = time.monotonic() + seconds
        while not self.handles[torrent].status().is_seeding:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True


def main() -> None:
    """Answer until the input ends."""
    child = Child(json.loads(sys.argv[1]))
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        answer = getattr(child, name)(*arguments)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
