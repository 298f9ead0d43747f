"""Metainfo files and magnet links: names of a group's files outside of the group.

The tracker finds its groups' files by info-hash. If a file was made for one of the user's groups
and the tracker no longer has it, its info dictionary may be fetched from the peers in a magnet
link (BEP 9).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from client.membership.remote import TrackerCalls
from client.storage.paths.os_errors import translating
from client.storage.paths.reading import read_plain
from client.storage.paths.typed_path import typed_path
from client.storage.paths.writing import NewFile, write_private
from common import magnet, metainfo
from common.api import files, groups, presence
from common.errors import ErrorCode, MinitorrentError
from common.magnet import Magnet
from common.metainfo import Metainfo
from common.types import InfoHash, info_hash_from_hex

MAX_METAINFO_FILE: Final = 16 * 1024 * 1024
"""Bytes read of a metainfo file at most; a larger one fails to parse, which is reported then."""

_OURS: Final = "minitorrent:"
"""How `source` begins in all metainfo made for a group."""


class MetainfoLinks:
    """Writes and reads them; `fetch` gets an info dictionary from a magnet link's peers."""

    def __init__(self, remote: TrackerCalls, fetch: Callable[[Magnet], bytes]) -> None:
        self._remote = remote
        self._fetch = fetch

    # --- writing ----------------------------------------------------------------------------
    def write_metainfo(self, group: str, described: Metainfo, path: Path) -> None:
        """Write a .torrent with this user's own announce URLs, which the user must keep secret.

        Only metainfo of the same content is overwritten: see `metainfo_place`.
        """
        tiers = [[url] for url in self._announce_urls(group)]
        encoded = metainfo.encode(described.info_bytes, tiers)
        write_private(NewFile(path, encoded, is_metainfo_of(described.info_hash)))

    def magnet(self, group: str, name: str) -> Magnet:
        """Return a link with this user's own announce URLs, which the user must keep secret."""
        file = self._remote.call(files.GET_FILE, group=group, name=name)
        urls = self._announce_urls(group)
        return Magnet(info_hash_from_hex(file.info_hash), file.name, tuple(urls))

    def _announce_urls(self, group: str) -> Sequence[str]:
        return self._remote.call(presence.ANNOUNCE_KEY, group=group).announce_urls

    # --- reading ----------------------------------------------------------------------------
    def find(self, reference: str) -> files.GetFileReply:
        """Find the group's file that a metainfo file (its path) or a magnet link names.

        Raises MinitorrentError: file_not_found and usage when it can't be read; not_member when
        it belongs to a group that the user is not in; no_such_file when nobody shares it.
        """
        if magnet.is_magnet(reference):
            return self._find_linked(magnet.parse(reference))
        return self.find_described(read_metainfo(Path(reference)))

    def find_described(self, described: Metainfo) -> files.GetFileReply:
        """Like `find`, for parsed metainfo."""
        found = self._ask(described.info_hash)
        if found is None:
            raise MinitorrentError(
                ErrorCode.NO_SUCH_FILE,
                f"{described.name!r} is no longer shared in {self._group_of(described)}; ask "
                "a member who still has it to share it again.",
            )
        return found

    def _find_linked(self, link: Magnet) -> files.GetFileReply:
        found = self._ask(link.info_hash)
        if found is not None:
            return found
        if not link.peers:
            raise MinitorrentError(
                ErrorCode.NO_SUCH_FILE,
                "This magnet link belongs to none of your groups. If it comes from another "
                "group, join that first.",
            )
        encoded = metainfo.encode(self._fetch(link))
        described = metainfo.parse(encoded)
        group = self._group_of(described)
        self._remote.call(files.ADD_FILE, group=group, name=described.name, metainfo=encoded)
        return self._remote.call(files.GET_FILE, group=group, name=described.name)

    def _ask(self, info_hash: InfoHash) -> files.GetFileReply | None:
        try:
            return self._remote.call(
                files.FIND_FILE, info_hash=info_hash.hex(), numwant=presence.DEFAULT_NUMWANT
            )
        except MinitorrentError as error:
            if error.code is not ErrorCode.NO_SUCH_FILE:
                raise
            return None

    def _group_of(self, described: Metainfo) -> str:
        """Return the user's group that a metainfo belongs to; raises no_such_file or not_member."""
        if described.source is None or not described.source.startswith(_OURS):
            raise MinitorrentError(
                ErrorCode.NO_SUCH_FILE,
                f"{described.name!r} was not made for a group; download it with another BitTorrent "
                "client, and share it with upload_file.",
            )
        try:
            return self._remote.call(groups.FIND_GROUP, source=described.source).group
        except MinitorrentError as error:
            if error.code is not ErrorCode.NO_SUCH_GROUP:
                raise
            raise MinitorrentError(
                ErrorCode.NOT_MEMBER,
                f"{described.name!r} belongs to a group that you are not in; ask whoever gave it "
                "to you which one it is, and join it.",
            ) from None


def described_by(reply: files.GetFileReply) -> Metainfo:
    """Return the metainfo of a reply, if its info-hash matches; else raises internal."""
    described = metainfo.parse(reply.metainfo)
    if described.info_hash.hex() != reply.info_hash:
        raise MinitorrentError(
            ErrorCode.INTERNAL, "The tracker's metainfo doesn't match the file; tell its owner."
        )
    return described


def sealed_alike(
    reply: files.GetFileReply, profile: Callable[[], groups.GroupProfileReply]
) -> Metainfo:
    """Return the metainfo; raises permission_denied unless it is sealed exactly as its group is.

    Whatever is wrong with the metainfo itself is said first.
    """
    described = described_by(reply)
    if described.authority != profile().authority:
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            f"{reply.name!r} is not sealed although {reply.group} is, so peers could be "
            "outsiders; ask its owner to share it again.",
        )
    return described


def metainfo_place(typed: Path, name: str) -> Path:
    """Return the path for the metainfo of `name`: the typed path, or inside it if a folder."""
    path = typed_path(typed)
    with translating(path):
        return typed_path(path / f"{name}.torrent") if path.is_dir() else path


def is_metainfo_of(info_hash: InfoHash | None) -> Callable[[bytes], bool]:
    """Return a function that recognizes metainfo of this content (of any content if None)."""

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
