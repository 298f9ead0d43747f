"""Announces: record which client has which file, and answer with peers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from common import announce as http
from common.api import presence as api
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash, PeerId, info_hash_from_hex, peer_id_from_hex
from tracker.domain.selection import Peer, Random, count_peers, select_peers
from tracker.domain.stock_clients import identify, may_lack_something, supports_sealed
from tracker.quotas import Quotas
from tracker.services.caller import Identity
from tracker.services.clock import Clock
from tracker.services.events import record_completed
from tracker.services.sharing.removals import (
    RemovedFileError,
    no_such_info_hash,
    unknown_files,
)
from tracker.store.peers import PeerAnnounce
from tracker.store.records import File
from tracker.store.unit_of_work import ConflictError, UnitOfWork, UnitOfWorkFactory

T = TypeVar("T")

SESSION_INTERVAL = 30
HTTP_INTERVAL = 120
HTTP_MIN_INTERVAL = 20
"""Seconds between two announces."""

LONGEST_INTERVAL = 600
"""Longest time in seconds between a stock client's announces, whatever interval it is given:
rtorrent takes 600, libtorrent 300.
"""

HTTP_GRACE = 3 * LONGEST_INTERVAL
"""How long a stock client counts as present after an announce: two may get lost."""

_MAX_PEERS = 20_000  # in one reply: with IPv6 addresses and long names they still fit a line


@dataclass(frozen=True)
class _FileAnnounce:
    """One file of an announce, after the check that the client may have it."""

    file: File
    me: Peer
    uploaded: int
    downloaded: int
    event: api.Event
    numwant: int
    with_seeders: bool
    """Whether to include seeders in the answer."""


@dataclass(frozen=True)
class _Answer:
    seeders: int
    leechers: int
    peers: Sequence[Peer]


class AnnounceService:
    """Announces over the session and over HTTP."""

    def __init__(
        self, database: UnitOfWorkFactory, clock: Clock, random: Random, quotas: Quotas
    ) -> None:
        self._database = database
        self._clock = clock
        self._random = random
        self._quotas = quotas

    def announce(self, me: Identity, request: api.Announce) -> api.AnnounceReply:
        """Announce many files at once; each is answered or refused separately.

        A file that the client has completely is recorded as shared by the user until `stop_share`.
        """
        try:
            return _retry_on_conflict(lambda: self._announce(me, request))
        except ConflictError:
            # Another request deleted the connection's row with its token.
            raise MinitorrentError(
                ErrorCode.NOT_LOGGED_IN, "This session has ended; log in again."
            ) from None

    def _announce(self, me: Identity, request: api.Announce) -> api.AnnounceReply:
        wanted = {info_hash_from_hex(file.info_hash): file for file in request.files}
        most = min(api.MAX_NUMWANT, _MAX_PEERS // max(1, len(wanted)))
        with self._database.write() as work:
            files = work.files.by_info_hashes(wanted.keys())
            refused = _refusals(work, me, wanted.keys(), files)
            announces = [
                _file_announce(me, request.port, file, wanted[info_hash], most)
                for info_hash, file in files.items()
                if info_hash not in refused
            ]
            now = self._clock()
            self._record_presence(work, announces, connection_id=me.connection_id, expires_at=None)
            _record_completions(work, announces, me.address, now)
            offered = [
                one.file.id for one in announces if one.me.is_seeder and one.event != "stopped"
            ]
            work.files.share(offered, me.user_id, now)
            answers = self._answers(work, announces, now)
        return api.AnnounceReply(
            interval=SESSION_INTERVAL,
            files=[_presence(info_hash, refused, answers) for info_hash in wanted],
        )

    def identify_peer(self, me: Identity, request: api.IdentifyPeer) -> api.IdentifyPeerReply:
        """Return which member a peer is. Raises MinitorrentError(no_such_file, ...)."""
        info_hash = info_hash_from_hex(request.info_hash)
        with self._database.read() as work:
            files = work.files.by_info_hashes([info_hash])
            for error in _refusals(work, me, [info_hash], files).values():
                raise error
            clients = work.peers.at_host(files[info_hash].id, request.host, self._clock())
        return api.IdentifyPeerReply(user=identify(clients, peer_id_from_hex(request.peer_id)))

    def announce_by_key(
        self, key: str, request: http.AnnounceRequest, host: str
    ) -> http.AnnounceResponse:
        """Answer a stock client's announce from the IP address `host`.

        Raises MinitorrentError with the failure reason.
        """
        answer = _retry_on_conflict(lambda: self._announce_by_key(key, request, host))
        return http.AnnounceResponse(
            interval=HTTP_INTERVAL,
            min_interval=HTTP_MIN_INTERVAL,
            complete=answer.seeders,
            incomplete=answer.leechers,
            peers=tuple(
                http.AnnouncedPeer(peer.host, peer.port, peer.peer_id) for peer in answer.peers
            ),
        )

    def _announce_by_key(self, key: str, request: http.AnnounceRequest, host: str) -> _Answer:
        with self._database.write() as work:
            user_id, user, files = _of_key(work, key, [request.info_hash])
            if request.info_hash not in files:
                raise no_such_info_hash(work, user_id, request.info_hash)
            _refuse_in_plain_text(work, files[request.info_hash], request.peer_id)
            me = Peer(user_id, user, request.peer_id, host, request.port, request.left)
            numwant = api.DEFAULT_NUMWANT if request.numwant is None else request.numwant
            announce = _FileAnnounce(
                files[request.info_hash],
                me,
                request.uploaded,
                request.downloaded,
                request.event,
                min(numwant, api.MAX_NUMWANT),
                with_seeders=may_lack_something(request.peer_id, request.left),
            )
            now = self._clock()
            self._record_presence(work, [announce], connection_id=None, expires_at=now + HTTP_GRACE)
            _record_completions(work, [announce], host, now)
            return self._answers(work, [announce], now)[request.info_hash]

    def scrape_by_key(
        self, key: str, info_hashes: Sequence[InfoHash]
    ) -> dict[InfoHash, http.ScrapedFile]:
        """Answer a stock client's scrape, leaving out files outside the key's group.

        Raises MinitorrentError with the failure reason.
        """
        with self._database.read() as work:
            _, _, files = _of_key(work, key, info_hashes)
            counts = work.peers.counts([file.id for file in files.values()], self._clock())
        scraped = {}
        for info_hash, file in files.items():
            complete, incomplete = counts.get(file.id, (0, 0))
            scraped[info_hash] = http.ScrapedFile(complete, file.completed, incomplete)
        return scraped

    def count_peers(self) -> int:
        """Return the number of peers of all files, at all trackers of the database."""
        with self._database.read() as work:
            return work.peers.count(self._clock())

    def _record_presence(
        self,
        work: UnitOfWork,
        announces: Sequence[_FileAnnounce],
        *,
        connection_id: str | None,
        expires_at: float | None,
    ) -> None:
        """Record present, stopped and completed files. All announces are one client's."""
        if not announces:
            return
        me = announces[0].me
        stopped = [announce.file.id for announce in announces if announce.event == "stopped"]
        work.peers.drop(me.user_id, me.peer_id, stopped)
        work.peers.put(
            [
                PeerAnnounce(
                    announce.file.id,
                    announce.me,
                    announce.uploaded,
                    announce.downloaded,
                    connection_id,
                    expires_at,
                )
                for announce in announces
                if announce.event != "stopped"
            ],
            self._quotas.peers,
        )
        finished = [
            one.file.id for one in announces if one.event == "completed" and one.me.is_seeder
        ]
        work.files.count_completed(finished, me.user_id, me.peer_id)

    def _answers(
        self, work: UnitOfWork, announces: Sequence[_FileAnnounce], now: float
    ) -> dict[InfoHash, _Answer]:
        present = work.peers.of_files([announce.file.id for announce in announces], now)
        answers = {}
        for announce in announces:
            peers = present[announce.file.id]
            wanted = 0 if announce.event == "stopped" else announce.numwant
            selected = select_peers(
                peers, announce.me, wanted, self._random, with_seeders=announce.with_seeders
            )
            answers[InfoHash(announce.file.info_hash)] = _Answer(*count_peers(peers), selected)
        return answers


def _retry_on_conflict(announce: Callable[[], T]) -> T:
    """Run an announce, again if it conflicts with another of the same client.

    A client may announce twice at once, over IPv4 and IPv6 or at two trackers. If the database has
    several writers, the second can conflict with what the first has written.
    """
    try:
        return announce()
    except ConflictError:
        return announce()


def _file_announce(
    me: Identity, port: int, file: File, announced: api.AnnouncedFile, most: int
) -> _FileAnnounce:
    return _FileAnnounce(
        file,
        Peer(me.user_id, me.user, me.peer_id, me.address, port, announced.left),
        announced.uploaded,
        announced.downloaded,
        announced.event,
        min(announced.numwant, most),
        with_seeders=announced.left > 0,
    )


def _record_completions(
    work: UnitOfWork, announces: Sequence[_FileAnnounce], address: str, now: float
) -> None:
    """Record completed downloads, for the file's sharers and the audit."""
    for announce in announces:
        if announce.event == "completed" and announce.me.is_seeder:
            record_completed(work, announce.file, announce.me.user, address, now)


def _refusals(
    work: UnitOfWork, me: Identity, asked: Iterable[InfoHash], files: Mapping[InfoHash, File]
) -> dict[InfoHash, MinitorrentError]:
    """Return the error for each file that the caller may not have."""
    own = work.groups.is_member_of(me.user_id, {file.group_id for file in files.values()})
    refused = unknown_files(work, me.user_id, [one for one in asked if one not in files])
    for info_hash in files:
        if files[info_hash].group_id not in own:
            refused[info_hash] = MinitorrentError(
                ErrorCode.NOT_MEMBER, "You are not a member of the group that shares this file."
            )
    return refused


def _of_key(
    work: UnitOfWork, key: str, info_hashes: Sequence[InfoHash]
) -> tuple[int, str, dict[InfoHash, File]]:
    """Return the key's user, and those of the files that are in the key's group."""
    holder = work.peers.holder_of(key)
    if holder is None:
        raise MinitorrentError(
            ErrorCode.NOT_MEMBER,
            "This announce address is not valid any more; get a new metainfo file with: share",
        )
    user, group = holder
    files = {
        info_hash: file
        for info_hash, file in work.files.by_info_hashes(info_hashes).items()
        if file.group_id == group.id
    }
    return user.id, user.name, files


def _refuse_in_plain_text(work: UnitOfWork, file: File, peer_id: PeerId) -> None:
    """Refuse clients that may not support `ssl-cert`: they must not learn a sealed file's peers."""
    if work.files.group_of(file).mode == "sealed" and not supports_sealed(peer_id):
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            "This file is in a sealed group, and this client is not known to support SSL torrents; "
            "use Minitorrent, libtorrent 2 or qBittorrent 5",
        )


def _presence(
    info_hash: InfoHash,
    refused: Mapping[InfoHash, MinitorrentError],
    answers: Mapping[InfoHash, _Answer],
) -> api.FilePresence:
    error = refused.get(info_hash)
    if error is not None:
        failure = api.FileRefusal(
            code=error.code.value,
            message=error.message,
            removed=isinstance(error, RemovedFileError),
        )
        return api.FilePresence(info_hash=info_hash.hex(), error=failure)
    answer = answers[info_hash]
    return api.FilePresence(
        info_hash=info_hash.hex(),
        complete=answer.seeders,
        incomplete=answer.leechers,
        peers=[
            api.PeerRow(host=peer.host, port=peer.port, peer_id=peer.peer_id.hex(), user=peer.user)
            for peer in answer.peers
        ],
    )
