"""Rows of files, transfers, peers and trackers, as the fake session shows them."""

from __future__ import annotations

from client.results.health import TrackerRow
from client.results.transfers import DownloadRow, PeerRow, ShareRow, TransferState
from common.api import files

HASH = "0123456789abcdef0123456789abcdef01234567"


def download(name: str = "film.mkv", **changes: object) -> DownloadRow:
    """A running download, at 45 % of 2 GiB."""
    stamps: dict[str, object] = {
        "group": "lab",
        "name": name,
        "state": TransferState.DOWNLOADING,
        "progress": 0.45,
        "done": 966367641,
        "size": 2 << 30,
        "down_rate": 12.5 * (1 << 20),
        "up_rate": 0.0,
        "peers": 3,
        "eta": 94.0,
        "error": None,
    }
    return DownloadRow.model_validate({**stamps, **changes})


def file_rows() -> list[files.FileRow]:
    """The files of lab."""
    return [
        files.FileRow(
            name=name,
            size=2 << 30,
            pieces=2048,
            info_hash=HASH,
            owner="bob",
            seeders=2,
            leechers=1,
        )
        for name in ("film.mkv", "two words.txt", "it's.txt")
    ]


SHARE = ShareRow(
    group="lab", name="notes.txt", path="/home/ann/notes.txt", size=1234, uploaded=5678, peers=1
)
PEER = PeerRow(
    address="127.0.0.1:6881",
    client="Minitorrent 0.1",
    user="bob",
    progress=1.0,
    down_rate=2048.0,
    up_rate=0.0,
    downloaded=4096,
    uploaded=0,
    flags="DX",
    route="direct",
)
TRACKERS = [
    TrackerRow(address="127.0.0.1:7001", state="connected", current=True, fingerprint=None),
    TrackerRow(address="127.0.0.1:7002", state="offline", current=False, fingerprint=None),
]
