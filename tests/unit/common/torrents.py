"""Metainfo for tests, changed at will, and how it is refused."""

from __future__ import annotations

import hashlib
from typing import Any

import bencode2
import pytest

from common.errors import MinitorrentError
from common.geometry import KIB
from common.metainfo import (
    parse,
)

PIECE = 16 * KIB


def hashes(count: int) -> bytes:
    return b"".join(hashlib.sha1(bytes([n])).digest() for n in range(count))


def single(**changes: Any) -> dict[bytes, Any]:
    info: dict[bytes, Any] = {
        b"length": 20_000,
        b"name": b"file.bin",
        b"piece length": PIECE,
        b"pieces": hashes(2),
    }
    return changed(info, changes)


def folder(*paths: list[bytes], **changes: Any) -> dict[bytes, Any]:
    entries = [{b"length": 10, b"path": path} for path in paths or ([b"a"], [b"d", b"b"])]
    info: dict[bytes, Any] = {
        b"files": entries,
        b"name": b"stuff",
        b"piece length": PIECE,
        b"pieces": hashes(1),
    }
    return changed(info, changes)


def changed(info: dict[bytes, Any], changes: dict[str, Any]) -> dict[bytes, Any]:
    for key, value in changes.items():
        info[key.replace("_", " ").encode()] = value
    return {key: value for key, value in info.items() if value is not None}


def torrent(info: object, **others: Any) -> bytes:
    root = {key.replace("_", "-").encode(): value for key, value in others.items()}
    return bencode2.bencode({b"info": info, **root})


def refusal(data: bytes) -> MinitorrentError:
    with pytest.raises(MinitorrentError) as caught:
        parse(data)
    assert caught.value.message.isprintable()
    return caught.value
