"""Transfers by their content: by info-hash, and by the name that encrypted handshakes give it."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from client.core.protocol.mse import name_of
from common.types import InfoHash


class HasContent(Protocol):
    @property
    def info_hash(self) -> InfoHash:
        """The content's info-hash."""


Content = TypeVar("Content", bound=HasContent)


class ContentIndex(Generic[Content]):
    """Of equal content, the last that was added counts. Not thread-safe."""

    def __init__(self) -> None:
        self._by_hash: dict[InfoHash, Content] = {}
        self._hashes: dict[bytes, InfoHash] = {}

    def add(self, one: Content) -> None:
        self._by_hash[one.info_hash] = one
        self._hashes[name_of(one.info_hash)] = one.info_hash

    def discard(self, one: Content) -> None:
        """Remove it, unless other with equal content has replaced it."""
        if self._by_hash.get(one.info_hash) is one:
            del self._by_hash[one.info_hash]
            del self._hashes[name_of(one.info_hash)]

    def find(self, info_hash: InfoHash) -> Content | None:
        """Return what has this content, or None."""
        return self._by_hash.get(info_hash)

    def clear(self) -> None:
        self._by_hash.clear()
        self._hashes.clear()

    def hash_named(self, name: bytes) -> InfoHash | None:
        """Return the info-hash with this name (see mse.name_of), or None."""
        return self._hashes.get(name)
