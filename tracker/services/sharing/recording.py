"""Records announces: presence, shares and completed downloads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

from common.api.presence import Event
from common.types import InfoHash
from tracker.domain.peer_room import PeerRoom
from tracker.domain.presence import Change, Presence, arrival, departure, moved
from tracker.domain.selection import Peer
from tracker.domain.traffic import NONE, Traffic
from tracker.services.events import record_completed
from tracker.services.sharing.progress import Progress, Report
from tracker.services.sharing.swarms import Wish
from tracker.store.presence.presence import KnownFile, PresenceReader
from tracker.store.presence.writer import PresenceWriter
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory


@dataclass(frozen=True)
class FileAnnounce:
    """A client's announce of one file, which it may have.

    `offers` says that its user shares the file from now on, if the client has it completely.
    """

    file: KnownFile
    presence: Presence
    event: Event
    offers: bool

    @property
    def completes(self) -> bool:
        """Whether it reports a completed download."""
        return self.event == "completed" and not self.presence.left

    @property
    def shares(self) -> bool:
        """Whether its user is to be recorded as sharing the file."""
        return (
            self.offers
            and not self.presence.left
            and self.event != "stopped"
            and not self.file.is_shared
        )

    @property
    def is_news(self) -> bool:
        """Whether there is anything to record before it is answered."""
        if self.completes or self.shares:
            return True
        return self.change is not None and not self.change.is_progress

    @cached_property
    def change(self) -> Change | None:
        """Return what it changes of the user's own peers at the file."""
        if self.event == "stopped":
            return departure(self.file.own, self.presence.peer_id)
        return arrival(self.file.own, self.presence)


class Seen(NamedTuple):
    """What an announce is about, as the database has it at the moment.

    `me` is the announcing client; there is an announce and a wish for each file that it may have.
    `strange` are existing files of groups that its user is not a member of.
    """

    me: Peer
    announces: Sequence[FileAnnounce]
    wishes: Sequence[Wish]
    strange: frozenset[InfoHash] = frozenset()

    @property
    def has_news(self) -> bool:
        """Whether there is anything to record before it is answered."""
        return any(one.is_news for one in self.announces)


See: TypeAlias = Callable[[PresenceReader], Seen]
"""Looks at what an announce is about. Raises MinitorrentError if it is refused."""


class Recorder:
    """Records announces of a client, but only what they change."""

    def __init__(self, database: UnitOfWorkFactory, most_peers: int) -> None:
        self._database = database
        self._progress = Progress(database)
        self._most_peers = most_peers
        self._lock = threading.Lock()  # guards the next
        self._room = PeerRoom(most_peers)

    def record_later(self, seen: Seen, now: float) -> bool:
        """Take an announce that has no news; return False if it has to be recorded at once."""
        user_id = seen.me.user_id
        reports = {}
        for one in seen.announces:
            change = one.change
            if change is not None:
                (number,) = change.drop
                reports[number] = Report(one.file.id, one.file.group_id, user_id, one.presence, now)
        return not reports or self._progress.keep(reports)

    def write_progress(self) -> None:
        """Record what was to be recorded later. Raises DatabaseError."""
        self._progress.write()

    def record(self, see: See, seen: Seen, now: float) -> None:
        """Record what an announce changes, after another look from within the transaction.

        Raises ConflictError if a file or the connection has ended meanwhile, or in a race with
        another announce, and what `see` raises.
        """
        if not any(one.completes or one.shares for one in seen.announces):
            self._database.presence(lambda work: self._record_presence(work, see, seen, now))
            return
        with self._database.write() as work:  # unlike `presence`, it can record events
            announces = self._record_presence(work.presence, see, seen, now).announces
            finished = [one for one in announces if one.completes]
            _record_finished(work, seen.me, finished, now)
            offered = [one.file.id for one in announces if one.shares]
            if offered:
                work.files.share(offered, seen.me.user_id, now)

    def _record_presence(self, work: PresenceWriter, see: See, seen: Seen, now: float) -> Seen:
        user_id = seen.me.user_id
        groups = {one.file.group_id for one in seen.announces}
        files = [one.file.id for one in seen.announces]
        work.begin(user_id, groups, files, seen.announces[0].presence.connection_id)
        seen = see(work)
        changes = {}
        traffic: dict[tuple[int, int], Traffic] = {}
        for one in seen.announces:
            change = one.change
            if change is not None:
                changes[one.file.id] = change
                more = moved(one.file.own, one.presence, now)
                member = (one.file.group_id, user_id)
                traffic[member] = traffic.get(member, NONE).plus(more)
                self._progress.forget(peer.id for peer in one.file.own)
        work.record(user_id, changes, now)
        work.add_traffic(traffic)
        self._limit(work, user_id, sum(change.is_growth for change in changes.values()))
        return seen

    def _limit(self, work: PresenceWriter, user_id: int, grown: int) -> None:
        """Drop a user's oldest peers if there are too many in all."""
        if not grown:
            return
        with self._lock:
            has_room = self._room.take(user_id, grown)
        if not has_room:
            count = work.count(user_id)
            with self._lock:
                is_too_much = self._room.counted(user_id, count)
            if is_too_much:
                work.drop_oldest(user_id, self._most_peers)


def _record_finished(
    work: UnitOfWork, me: Peer, finished: Sequence[FileAnnounce], now: float
) -> None:
    """Count completed downloads, and record them for the files' sharers and the audit."""
    if not finished:
        return
    work.files.count_completed([one.file.id for one in finished], me.user_id, me.peer_id)
    files = work.files.by_info_hashes([one.file.info_hash for one in finished])
    for file in files.values():
        record_completed(work, file, me.user, me.host, now)
