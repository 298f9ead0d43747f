"""What names a file of a group outside of it: metainfo files and magnet links.

The tracker knows what its groups share by info-hash. What it doesn't know any more, though it was
made for a group of the user's, can be got back from who still has it, if the magnet link says where
that is (BEP 9).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from client.engine.transfer import Transfer
from client.net.tracker_client import TrackerClient
from client.storage.os_errors import translating
from client.storage.reading import read_plain
from client.storage.typed_path import typed_path
from client.storage.writing import NewFile, write_private
from common import magnet, metainfo
from common.api import files, groups, presence
from common.errors import ErrorCode, MinitorrentError
from common.magnet import Magnet
from common.metainfo import Metainfo
from common.types import InfoHash, info_hash_from_hex

MAX_METAINFO_FILE: Final = 16 * 1024 * 1024
"""Bytes that are read of a metainfo file; what makes it larger than it may be is told then."""

_OURS: Final = "minitorrent:"
"""What `source` begins with in everything that was made for a group."""


class MetainfoLinks:
    """Makes and reads them; `fetch` gets an info dictionary from the peers of a magnet link."""

    def __init__(self, link: TrackerClient, fetch: Callable[[Magnet], bytes]) -> None:
        self._link = link
        self._fetch = fetch

    # --- made -------------------------------------------------------------------------------
    def write_metainfo(self, transfer: Transfer, path: Path) -> None:
        """Write a .torrent with this user's own announce addresses; it is the user's secret.

        One of the same content may be replaced, nothing else: see `metainfo_place`.
        """
        tiers = [[url] for url in self._announce_urls(transfer.record.group)]
        encoded = metainfo.encode(transfer.metainfo.info_bytes, tiers)
        write_private(NewFile(path, encoded, is_metainfo_of(transfer.info_hash)))

    def magnet(self, group: str, name: str) -> Magnet:
        """A link with this user's own announce addresses; it is the user's secret."""
        request = files.GET_FILE.read_request({"group": group, "name": name})
        file = self._link.call(files.GET_FILE, request)
        urls = self._announce_urls(group)
        return Magnet(info_hash_from_hex(file.info_hash), file.name, tuple(urls))

    def _announce_urls(self, group: str) -> Sequence[str]:
        request = presence.AnnounceKey(group=group)
        return self._link.call(presence.ANNOUNCE_KEY, request).announce_urls

    # --- read -------------------------------------------------------------------------------
    def find(self, reference: str) -> files.GetFileReply:
        """The file of a group that a metainfo file, by its path, or a magnet link names.

        Raises MinitorrentError: file_not_found and usage for what can't be read; not_member when
        it was made for a group that the user is not in; no_such_file when it is not to be had.
        """
        if magnet.is_magnet(reference):
            return self._find_linked(magnet.parse(reference))
        return self.find_described(read_metainfo(Path(reference)))

    def find_described(self, described: Metainfo) -> files.GetFileReply:
        """Like `find`, of what a metainfo file holds."""
        found = self._ask(described.info_hash)
        if found is None:
            raise MinitorrentError(
                ErrorCode.NO_SUCH_FILE,
                f"{described.name!r} is not shared in {self._group_of(described)} any more; ask "
                "there who still has it to share it again.",
            )
        return found

    def _find_linked(self, link: Magnet) -> files.GetFileReply:
        found = self._ask(link.info_hash)
        if found is not None:
            return found
        if not link.peers:
            raise MinitorrentError(
                ErrorCode.NO_SUCH_FILE,
                "None of your groups shares what this magnet link names; if it comes from another "
                "group, join that first.",
            )
        encoded = metainfo.encode(self._fetch(link))
        described = metainfo.parse(encoded)
        group = self._group_of(described)
        request = files.AddFile(group=group, name=described.name, metainfo=encoded)
        self._link.call(files.ADD_FILE, request)
        return self._link.call(files.GET_FILE, files.GetFile(group=group, name=described.name))

    def _ask(self, info_hash: InfoHash) -> files.GetFileReply | None:
        try:
            return self._link.call(files.FIND_FILE, files.FindFile(info_hash=info_hash.hex()))
        except MinitorrentError as error:
            if error.code is not ErrorCode.NO_SUCH_FILE:
                raise
            return None

    def _group_of(self, described: Metainfo) -> str:
        """The user's group that a metainfo was made for; raises no_such_file or not_member."""
        if described.source is None or not described.source.startswith(_OURS):
            raise MinitorrentError(
                ErrorCode.NO_SUCH_FILE,
                f"{described.name!r} was not made for a group; fetch it with another BitTorrent "
                "client, and share it with upload_file.",
            )
        asked = groups.FIND_GROUP.read_request({"source": described.source})
        try:
            return self._link.call(groups.FIND_GROUP, asked).group
        except MinitorrentError as error:
            if error.code is not ErrorCode.NO_SUCH_GROUP:
                raise
            raise MinitorrentError(
                ErrorCode.NOT_MEMBER,
                f"{described.name!r} belongs to a group that you are not in; ask whoever gave it "
                "to you which one that is, and join it.",
            ) from None


def metainfo_place(typed: Path, name: str) -> Path:
    """Where the metainfo of content called `name` goes: the path, or into the folder that it is."""
    path = typed_path(typed)
    with translating(path):
        return typed_path(path / f"{name}.torrent") if path.is_dir() else path


def is_metainfo_of(info_hash: InfoHash | None) -> Callable[[bytes], bool]:
    """Tells metainfo of this content, or of any, from everything else that a file can hold."""

    def is_it(data: bytes) -> bool:
        try:
            described = metainfo.parse(data)
        except MinitorrentError:
            return False
        return info_hash is None or described.info_hash == info_hash

    return is_it


def read_metainfo(path: Path) -> Metainfo:
    """Read a .torrent file; raises MinitorrentError(file_not_found, usage, invalid_name)."""
    return metainfo.parse(read_plain(typed_path(path), MAX_METAINFO_FILE))
