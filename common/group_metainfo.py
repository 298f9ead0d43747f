"""Metainfo made by any tool, adapted to a group.

The info dictionary is copied value by value, except for what decides where and with whom clients
exchange its content. Its pieces stay as they are, padding among them (BEP 47): so whoever has the
content can seed it. The info-hash changes with the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import bencode2

from common.bencoding import Reader
from common.metainfo import Metainfo, encode, parse
from common.metainfo_document import MAX_LEVELS, MAX_VALUES, read_document, refuse
from common.text import listed

MAX_SOURCE_SIZE: Final = 16 * 1024 * 1024
"""Largest metainfo to adapt, in bytes: with a version 2, it is larger than what is left of it."""

_VERSION_2: Final = frozenset((b"file tree", b"meta version"))
_OUTSIDE: Final = {
    b"announce": "trackers",
    b"announce-list": "trackers",
    b"httpseeds": "web seeds",
    b"nodes": "DHT nodes",
    b"url-list": "web seeds",
    b"comment": "comment",
    b"comment.utf-8": "comment",
}
"""What is left out beside the info dictionary, as far as people may miss it."""


@dataclass(frozen=True)
class AdaptedMetainfo:
    """Metainfo of a group's file. `changes` complete "The metainfo was ..."; empty: none.

    `is_new_hash`: the info-hash isn't that of the original.
    """

    described: Metainfo
    changes: tuple[str, ...]
    is_new_hash: bool


def adapt(data: bytes, *, source: str, authority: str | None) -> AdaptedMetainfo:
    """Adapt metainfo to the group with this `source`; `authority` is a sealed group's certificate.

    The result is private (BEP 27), has no trackers, web seeds and DHT nodes, and of a hybrid
    (BEP 52) only version 1. Adapting it once more changes nothing. Raises MinitorrentError like
    `common.metainfo.parse`, also for metainfo of version 2 alone.
    """
    if len(data) > MAX_SOURCE_SIZE:
        refuse(f"is larger than {MAX_SOURCE_SIZE} bytes")
    document = read_document(data)
    if not document.info_bytes:
        refuse("has no readable info dictionary")
    if b"pieces" not in document.info and document.info.get(b"meta version") == 2:
        refuse("uses only version 2 of the format; create it in version 1, or in both (hybrid)")
    own: dict[bytes, object] = {b"private": 1, b"source": source.encode()}
    if authority is not None:
        own[b"ssl-cert"] = authority.encode()
    old = _values(document.info_bytes)
    new = {key: value for key, value in old.items() if key not in _VERSION_2 | {b"ssl-cert"}}
    new |= {key: bencode2.bencode(value) for key, value in own.items()}
    described = parse(encode(_joined(new)))
    changes = (*_changes(old, new), *_left_out(data))
    return AdaptedMetainfo(described, changes, described.info_bytes != document.info_bytes)


def _values(dictionary: bytes) -> dict[bytes, bytes]:
    """Return a dictionary's values as encoded, by key."""
    reader = Reader(dictionary, max_values=MAX_VALUES, max_depth=MAX_LEVELS)
    return {key: reader.skip() for key in reader.dictionary()}


def _joined(values: dict[bytes, bytes]) -> bytes:
    parts = (b"%d:%b%b" % (len(key), key, values[key]) for key in sorted(values))
    return b"d" + b"".join(parts) + b"e"


def _changes(old: dict[bytes, bytes], new: dict[bytes, bytes]) -> Sequence[str]:
    changed = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    sealed = "sealed with the group's certificate"
    possible = (
        ({b"private"}, "marked private"),
        ({b"source"}, "assigned to the group"),
        (
            {b"ssl-cert"},
            sealed if b"ssl-cert" in new else "stripped of another group's certificate",
        ),
        (_VERSION_2, "reduced to its version 1"),
    )
    return [text for keys, text in possible if changed & keys]


def _left_out(data: bytes) -> Sequence[str]:
    reader = Reader(data, max_values=MAX_VALUES, max_depth=MAX_LEVELS)
    found: dict[str, None] = {}
    for key in reader.dictionary():
        reader.skip()
        if key in _OUTSIDE:
            found[_OUTSIDE[key]] = None
    return [f"stripped of its {listed(tuple(found))}"] if found else []
