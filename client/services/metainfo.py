"""Metainfo for a member's other BitTorrent clients, and the key with which they announce."""

from __future__ import annotations

from pathlib import Path

from client.core.notices.notice_kinds import NoticeKind
from client.membership.account import Account
from client.membership.remote import TrackerCalls
from client.notices import Notices
from client.results.metainfo import AnnounceKeyResult, MetainfoResult, PublishResult
from client.services.content.metainfo_links import (
    MetainfoLinks,
    is_metainfo_of,
    metainfo_place,
    sealed_alike,
)
from client.storage.paths.os_errors import shown
from client.storage.paths.reading import read_plain
from client.storage.paths.typed_path import typed_path
from client.storage.paths.writing import check_place
from common import metainfo
from common.api import files, groups, presence
from common.errors import ErrorCode, MinitorrentError
from common.group_metainfo import MAX_SOURCE_SIZE, AdaptedMetainfo, adapt
from common.metainfo import Metainfo
from common.text import listed

_SAME: tuple[str, ...] = ("replaced by the group's metainfo of the same content",)


class MetainfoService:
    """What a member needs whose content is in another client; see Session for the rules."""

    def __init__(
        self, account: Account, notices: Notices, remote: TrackerCalls, links: MetainfoLinks
    ) -> None:
        self._account = account
        self._notices = notices
        self._remote = remote
        self._links = links

    def publish(self, path: Path, group: str | None, out: Path | None = None) -> PublishResult:
        """Share the content of a metainfo file that any tool made, without having the content.

        What must change for the group is changed, a notice says what, and the metainfo to seed it
        with is written to `out`, a file or folder (default: beside the original).
        """
        chosen = self._account.require_group(group)
        source = typed_path(path)
        data = read_plain(source, MAX_SOURCE_SIZE)
        profile = self._remote.call(groups.GET_GROUP, group=chosen)
        adapted = adapt(data, source=profile.source, authority=profile.authority)
        adapted = self._as_shared(profile, adapted)
        described = adapted.described
        place = _place(source, chosen, out, described.name)
        check_place(place, is_metainfo_of(described.info_hash))
        self._offer(chosen, described)
        self._write(chosen, described, place)
        self._tell_changes(adapted, place)
        return PublishResult(
            group=chosen,
            name=described.name,
            info_hash=described.info_hash.hex(),
            metainfo=str(place),
        )

    def write(self, group: str, name: str, path: Path) -> MetainfoResult:
        """Write the metainfo of a group's file to a file or folder, without having the content."""
        self._account.require()
        reply = self._remote.call(files.GET_FILE, group=group, name=name)
        described = sealed_alike(reply, lambda: self._remote.call(groups.GET_GROUP, group=group))
        place = metainfo_place(path, described.name)
        check_place(place, is_metainfo_of(described.info_hash))
        self._write(group, described, place)
        return MetainfoResult(metainfo=str(place))

    def announce_key(self, group: str | None, *, renew: bool = False) -> AnnounceKeyResult:
        """Return the user's announce address in a group; with `renew`, a new one."""
        chosen = self._account.require_group(group)
        if renew:
            reply = self._remote.call(presence.RENEW_ANNOUNCE_KEY, group=chosen)
        else:
            reply = self._remote.call(presence.ANNOUNCE_KEY, group=chosen)
        urls = reply.announce_urls
        if not urls:
            raise MinitorrentError(
                ErrorCode.USAGE,
                "The tracker accepts no other BitTorrent clients: its HTTP port is off.",
            )
        self._account.lend()
        self._warn("The address has your own announce key in it: keep it to yourself.")
        if renew:
            self._warn(
                f"Your earlier addresses and metainfo files of {chosen} can't announce any more;"
                " give your other clients the new address."
            )
        return AnnounceKeyResult(group=chosen, announce=urls[0])

    # --- publishing -------------------------------------------------------------------------
    def _as_shared(
        self, profile: groups.GroupProfileReply, adapted: AdaptedMetainfo
    ) -> AdaptedMetainfo:
        """Return the group's metainfo if it has one of the same content under this name.

        Raises MinitorrentError: name_taken for other content, permission_denied when the user may
        not add files.
        """
        described = adapted.described
        try:
            reply = self._remote.call(files.GET_FILE, group=profile.group, name=described.name)
        except MinitorrentError as error:
            if error.code is not ErrorCode.NO_SUCH_FILE:
                raise
            if profile.refusal:
                raise MinitorrentError(ErrorCode.PERMISSION_DENIED, profile.refusal) from None
            return adapted
        known = sealed_alike(reply, lambda: profile)
        if known.info_hash == described.info_hash:
            return adapted
        if not _is_same(known, described):
            raise _taken(profile.group, described)
        return AdaptedMetainfo(known, _SAME, is_new_hash=True)

    def _offer(self, group: str, described: Metainfo) -> None:
        encoded = metainfo.encode(described.info_bytes)
        try:
            self._remote.call(files.ADD_FILE, group=group, name=described.name, metainfo=encoded)
        except MinitorrentError as error:
            if error.code is not ErrorCode.NAME_TAKEN:
                raise
            raise _taken(group, described) from None  # by somebody who was faster

    def _write(self, group: str, described: Metainfo, place: Path) -> None:
        self._links.write_metainfo(group, described, place)
        self._account.lend()
        self._warn(f"{place} has your own announce key in it: keep it to yourself.")

    def _tell_changes(self, adapted: AdaptedMetainfo, place: Path) -> None:
        if adapted.changes:
            effect = ", so it has another info-hash" if adapted.is_new_hash else ""
            self._warn(
                f"The metainfo was {listed(adapted.changes)}{effect}: give your other client"
                f" {place} instead."
            )

    def _warn(self, text: str) -> None:
        self._notices.publish(NoticeKind.WARNING, text)


def _place(source: Path, group: str, out: Path | None, name: str) -> Path:
    """Return the path for the published metainfo."""
    if out is None:
        return source.with_name(f"{source.stem}.{group}.torrent")
    return metainfo_place(out, name)


def _is_same(known: Metainfo, described: Metainfo) -> bool:
    """Return whether both describe the same files in the same pieces."""
    files_of_it = [file for file in described.files if not file.is_padding]
    return (
        known.piece_length == described.piece_length
        and known.pieces == described.pieces
        and known.has_files(files_of_it, is_folder=described.is_folder)
    )


def _taken(group: str, described: Metainfo) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.NAME_TAKEN,
        f"{group} already has other content called {shown(described.name)}; create metainfo with"
        " another name.",
    )
