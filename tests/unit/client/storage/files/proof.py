"""Content, and the proof that it is right before a download ends."""

from __future__ import annotations

from client.storage.files.torrent_files import TorrentFiles
from client.storage.recheck import verify
from tests.unit.client.storage.contents import (
    PIECE,
    random_bytes,
)

CONTENT = random_bytes(8 * PIECE + 5)
FOLDER = {"a": random_bytes(2 * PIECE + 3, 1), "d/b": random_bytes(PIECE, 2), "c": b"c" * 50}


def prove(files: TorrentFiles) -> None:
    files.look_at_all()
    doubtful = files.unproven()
    assert verify(files, among=doubtful) == doubtful, "wrong pieces"
