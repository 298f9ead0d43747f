"""From a file of a group to a download; what is shared is for `uploads`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from client.core.download_options import PLAIN, DownloadOptions
from client.core.piece_selection import PieceSelection, goal_of, paths_of, widened
from client.core.resume import FileStamps
from client.engine.disk_space import require_room
from client.engine.found import Found, find
from client.engine.metainfo_links import MetainfoLinks
from client.engine.transfer import Transfer
from client.engine.transfer_manager import TransferManager
from client.engine.uploads import Uploads
from client.net.tracker_client import TrackerClient
from client.state.transfers import Transfers
from client.storage.destination import resolve
from client.storage.os_errors import shown
from common import metainfo
from common.api import files, groups
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo

_PATHS_TOLD = 10
"""Files named to somebody whose pattern fits none."""


class Sharing:
    """Downloads of one client, and its `uploads`; `warn` takes a sentence for the user.

    `references` are what names files outside of their groups.
    """

    def __init__(
        self,
        link: TrackerClient,
        metainfo_links: MetainfoLinks,
        store: Transfers,
        collection: TransferManager,
        warn: Callable[[str], None],
    ) -> None:
        self.uploads = Uploads(link, metainfo_links, store, collection, warn)
        self._warn = warn
        self._link = link
        self.metainfo_links = metainfo_links
        self._store = store
        self._collection = collection

    # --- downloading ------------------------------------------------------------------------
    def download(
        self, user: str, group: str, name: str, destination: str, plan: DownloadOptions = PLAIN
    ) -> Transfer:
        """Begin to fetch a file of the group; what lies there already and is right is taken.

        What is not right is written to only with a plan that is `in_place`. A download that is
        there already goes on, and with a wider plan if this one wants more.
        """
        return self._begin(user, self._ask(group, name), destination, plan)

    def describe(self, group: str, name: str) -> Metainfo:
        """What a file of the group consists of."""
        return _described(self._ask(group, name))

    def get(
        self, user: str, reference: str, destination: str, plan: DownloadOptions = PLAIN
    ) -> Transfer:
        """Begin to fetch what a metainfo file (its path) or a magnet link names."""
        return self._begin(user, self.metainfo_links.find(reference), destination, plan)

    def _ask(self, group: str, name: str) -> files.GetFileReply:
        request = files.GET_FILE.read_request({"group": group, "name": name})
        return self._link.call(files.GET_FILE, request)

    def _begin(
        self, user: str, reply: files.GetFileReply, destination: str, plan: DownloadOptions = PLAIN
    ) -> Transfer:
        described = _described(reply)
        profile = self._link.call(groups.GET_GROUP, groups.GetGroup(group=reply.group))
        if described.authority != profile.authority:
            raise MinitorrentError(
                ErrorCode.PERMISSION_DENIED,
                f"{reply.name!r} is not sealed as {reply.group} is, so others than its members "
                "could be at the other end; ask its owner to share it again.",
            )
        goal = _check_goal(described, plan)
        final = resolve(destination, described.name)
        existing = self._collection.find(reply.group, reply.name)
        if existing is not None:
            if existing.info_hash == described.info_hash and not _is_lost(existing):
                return self._continue(existing, final, plan)
            self._collection.discard(existing)  # other content by now, or deleted since
        found = find(described, final, goal)
        if found is None or not found.is_right:
            have, facts = self._take_up(found, plan)
            plan = replace(plan, in_place=found is not None)
        else:
            have, facts, plan = None, found.facts, PLAIN
        if found is None:
            require_room(described.name, final, goal.length)
        record = self._store.add(
            user=user,
            group=reply.group,
            name=reply.name,
            info_hash=described.info_hash,
            metainfo=reply.metainfo,
            path=final,
            added_at=datetime.now(UTC),
            facts=facts,
            complete=found is not None and found.is_right,
            have=have,
            plan=plan,
        )
        return self._collection.add(record)

    def _take_up(
        self, found: Found | None, plan: DownloadOptions
    ) -> tuple[Bitfield | None, FileStamps | None]:
        """Which pieces of a download are there, and the facts of their files.

        Raises MinitorrentError(file_exists) when what was found is to be left alone.
        """
        if found is None:
            return None, None
        if not plan.in_place:
            raise found.refusal()
        self._check_owner(found.final)
        facts = found.open_in_place()
        self._warn(f"{found.count}; fetching the rest in place, at {shown(found.final)}.")
        return found.have, facts

    def _check_owner(self, final: Path) -> None:
        """Raises MinitorrentError(file_exists) when a path is that of another transfer at work."""
        for other in self._collection.all():
            if other.path == final and other.torrent is not None:
                raise MinitorrentError(
                    ErrorCode.FILE_EXISTS,
                    f"{other.title} has its place at {shown(final)}; choose another destination, "
                    "or stop_share (or cancel) that first.",
                )

    def _continue(self, transfer: Transfer, final: Path, asked: DownloadOptions) -> Transfer:
        """The same download was asked for before: go on with it."""
        if transfer.path != final:
            raise MinitorrentError(
                ErrorCode.FILE_EXISTS,
                f"{transfer.record.name!r} has its place at {shown(transfer.path)} already; "
                "cancel or stop_share it to have it elsewhere.",
            )
        complete = transfer.record.complete
        if complete and _is_changed(transfer) and (mended := self._mend(transfer, asked)):
            return mended
        asked = replace(asked, in_place=transfer.storage.plan.in_place)
        plan = widened(transfer.metainfo, transfer.storage.plan, asked, complete=complete)
        if plan.only != transfer.storage.plan.only or (
            not complete and plan != transfer.storage.plan
        ):
            needed = goal_of(transfer.metainfo, plan).length - transfer.done
            require_room(transfer.record.name, final, needed)
            return self._collection.renew(transfer, plan)
        transfer.resume()
        return transfer

    def _mend(self, transfer: Transfer, asked: DownloadOptions) -> Transfer | None:
        """Go on with what was complete and is wrong by now; raises file_exists if not asked to.

        None, with the transfer halted, when nothing is wrong: it was only touched, or is gone.
        """
        storage = transfer.storage
        transfer.halt()
        found = find(transfer.metainfo, transfer.path, storage.goal)
        if found is None or found.is_right:
            return None
        try:
            have, facts = self._take_up(found, asked)
        except MinitorrentError:
            transfer.start()  # it will say why it can't be shared any more
            raise
        assert have is not None
        assert facts is not None
        return self._collection.mend(transfer, have, facts)


def _is_lost(transfer: Transfer) -> bool:
    """Whether it was complete once, and somebody has deleted or moved it since."""
    return transfer.record.complete and not os.path.lexists(transfer.path)


def _is_changed(transfer: Transfer) -> bool:
    """Whether something complete is not what it was any more, as far as its files' looks tell."""
    error = transfer.error
    if error is not None and error.code in (ErrorCode.FILE_CHANGED, ErrorCode.FILE_NOT_FOUND):
        return True
    return transfer.storage.files.facts() != transfer.record.facts


def _described(reply: files.GetFileReply) -> Metainfo:
    """The metainfo of a reply, if it is that of the file."""
    described = metainfo.parse(reply.metainfo)
    if described.info_hash.hex() != reply.info_hash:
        raise MinitorrentError(
            ErrorCode.INTERNAL, "The tracker's metainfo is not that of the file; tell its owner."
        )
    return described


def _check_goal(described: Metainfo, plan: DownloadOptions) -> PieceSelection:
    """What the plan wants; raises MinitorrentError(usage) when that is nothing."""
    goal = goal_of(described, plan)
    if plan.only and not described.is_folder:
        raise MinitorrentError(
            ErrorCode.USAGE, f"{described.name!r} is a single file; leave --only out."
        )
    if plan.only and not goal.files:
        paths = list(filter(None, paths_of(described)))
        some = ", ".join(map(repr, paths[:_PATHS_TOLD]))
        more = f" and {len(paths) - _PATHS_TOLD:,} more" if len(paths) > _PATHS_TOLD else ""
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"No file of {described.name!r} fits {plan.only[0]!r}; it has {some}{more}.",
        )
    return goal
