"""A folder with files of every kind."""

from __future__ import annotations

from tests.unit.client.storage.contents import (
    PIECE,
    random_bytes,
)

FOLDER = {
    "a.txt": random_bytes(PIECE - 5, 1),
    "empty": b"",
    "sub/deep er/ü.bin": random_bytes(3 * PIECE + 7, 2),
    "sub/empty too": b"",
    "sub/one": b"1",
    "z": random_bytes(10, 3),
}
