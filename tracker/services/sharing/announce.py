"""Announces: record which client has which file, and answer with peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common import announce as http
from common.addresses import is_local
from common.api import presence as api
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint, InfoHash, PeerId, info_hash_from_hex, peer_id_from_hex
from tracker.domain.presence import Presence, bounded
from tracker.domain.selection import Peer
from tracker.domain.stock_clients import (
    AnnouncedClient,
    identify,
    may_lack_something,
    supports_sealed,
)
from tracker.domain.whereabouts import decode
from tracker.quotas import Quotas
from tracker.services.caller import Identity
from tracker.services.clock import Clock
from tracker.services.sharing.listing import Listings
from tracker.services.sharing.recording import FileAnnounce, Recorder, See, Seen
from tracker.services.sharing.removals import (
    RemovedFileError,
    no_such_info_hash,
    unknown_files,
)
from tracker.services.sharing.swarms import Answer, Swarms, Wish
from tracker.store.database.errors import ConflictError
from tracker.store.presence.presence import Holder, PresenceReader
from tracker.store.unit_of_work import UnitOfWorkFactory

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

_ATTEMPTS = 5
"""How often an announce is tried while other requests end or change what it is about."""


class AnnounceService:
    """Announces over the session and over HTTP.

    Each is answered outside of transactions, after what it changes, if anything, is recorded.
    """

    def __init__(
        self,
        database: UnitOfWorkFactory,
        clock: Clock,
        swarms: Swarms,
        quotas: Quotas,
        listings: Listings,
    ) -> None:
        self._listings = listings
        self._database = database
        self._clock = clock
        self._swarms = swarms
        self._recorder = Recorder(database, quotas.peers)

    def announce(self, me: Identity, request: api.Announce) -> api.AnnounceReply:
        """Announce many files at once; each is answered or refused separately.

        A file that the client has completely is recorded as shared by the user until `stop_share`.
        """
        asked = {info_hash_from_hex(file.info_hash): file for file in request.files}
        try:
            seen, answers = self._settle(lambda view: _see(view, me, request.port, asked))
        except ConflictError:
            with self._database.look() as view:
                if view.is_connected(me.connection_id):
                    raise _too_busy() from None
            # Another request deleted the connection's row with its token.
            raise MinitorrentError(
                ErrorCode.NOT_LOGGED_IN, "This session has ended; log in again."
            ) from None
        refused = self._refusals(me.user_id, [one for one in asked if one not in answers], seen)
        return api.AnnounceReply(
            interval=SESSION_INTERVAL,
            files=[
                _refusal(info_hash, refused[info_hash])
                if info_hash in refused
                else self._listings.of(info_hash, answers[info_hash], me.address)
                for info_hash in asked
            ],
        )

    def _settle(self, see: See) -> tuple[Seen, dict[InfoHash, Answer]]:
        """Record an announce if it changes anything, and answer it.

        Looks again after recording it, and when that collides with another request. Raises
        ConflictError if it always does.
        """
        is_recorded = False
        for _ in range(_ATTEMPTS):
            now = self._clock()
            with self._database.look() as view:
                seen = see(view)
                if not seen.has_news:
                    is_recorded = is_recorded or self._recorder.record_later(seen, now)
                if is_recorded:
                    answers = self._swarms.answer(view, seen.wishes, now)
                    hashes = (one.file.info_hash for one in seen.announces)
                    return seen, dict(zip(hashes, answers, strict=True))
            try:
                self._recorder.record(see, seen, now)
                is_recorded = True
            except ConflictError:
                continue
        raise ConflictError

    def write_progress(self) -> None:
        """Record how far clients are, as announced until now. Raises DatabaseError."""
        self._recorder.write_progress()

    def _refusals(
        self, user_id: int, info_hashes: Sequence[InfoHash], seen: Seen
    ) -> dict[InfoHash, MinitorrentError]:
        """Return the error for each file that the user may not have."""
        if not info_hashes:
            return {}
        with self._database.read() as work:
            refused = unknown_files(
                work, user_id, [one for one in info_hashes if one not in seen.strange]
            )
        for info_hash in seen.strange:
            refused[info_hash] = _not_a_member()
        return refused

    def identify_peer(self, me: Identity, request: api.IdentifyPeer) -> api.IdentifyPeerReply:
        """Return which member a peer is. Raises MinitorrentError(no_such_file, ...)."""
        info_hash = info_hash_from_hex(request.info_hash)
        with self._database.look() as view:
            file = view.files(me.user_id, [info_hash]).get(info_hash)
            if file is not None and file.is_member:
                clients = _clients_at(view, me, file.id, request.host, self._clock())
                user = identify(clients, peer_id_from_hex(request.peer_id))
                return api.IdentifyPeerReply(user=user)
        if file is not None:
            raise _not_a_member()
        with self._database.read() as work:
            raise no_such_info_hash(work, me.user_id, info_hash)

    def announce_by_key(
        self, key: str, request: http.AnnounceRequest, host: str
    ) -> http.AnnounceResponse:
        """Answer a stock client's announce from the IP address `host`.

        Raises MinitorrentError with the failure reason.
        """
        now = self._clock()
        try:
            seen, answers = self._settle(lambda view: _see_by_key(view, key, request, host, now))
        except ConflictError:
            raise _too_busy() from None
        answer = answers.get(request.info_hash)
        if answer is None:
            with self._database.read() as work:
                raise no_such_info_hash(work, seen.me.user_id, request.info_hash)
        return http.AnnounceResponse(
            interval=HTTP_INTERVAL,
            min_interval=HTTP_MIN_INTERVAL,
            complete=answer.seeders,
            incomplete=answer.leechers,
            peers=tuple(
                http.AnnouncedPeer(*where, peer.peer_id)
                for peer in answer.peers
                for where in _public_addresses(peer)
            ),
        )

    def scrape_by_key(
        self, key: str, info_hashes: Sequence[InfoHash]
    ) -> dict[InfoHash, http.ScrapedFile]:
        """Answer a stock client's scrape, leaving out files outside the key's group.

        Raises MinitorrentError with the failure reason.
        """
        with self._database.look() as view:
            files = view.scraped(key, info_hashes)
            if files is None:
                raise _not_valid()
            counts = self._swarms.counts(view, [file.id for file in files], self._clock())
        scraped = {}
        for file in files:
            complete, incomplete = counts.get(file.id, (0, 0))
            scraped[file.info_hash] = http.ScrapedFile(complete, file.completed, incomplete)
        return scraped

    def count_peers(self) -> int:
        """Return the number of peers of all files, at all trackers of the database."""
        with self._database.read() as work:
            return work.peers.count(self._clock())


def _clients_at(
    view: PresenceReader, me: Identity, file_id: int, host: str, now: float
) -> list[AnnouncedClient]:
    """Return the clients at a file that `me` may have met at a host; inside its own network, those
    who come from the same public address.
    """
    found = view.at_host(file_id, host, now)
    if found or not is_local(host):
        return found
    neighbours = view.at_host(file_id, me.address, now)
    return [one for one in neighbours if host in {at.host for at in decode(one.local)}]


def _see(
    view: PresenceReader, me: Identity, port: int, asked: Mapping[InfoHash, api.AnnouncedFile]
) -> Seen:
    files = view.files(me.user_id, asked)
    most = min(api.MAX_NUMWANT, _MAX_PEERS // max(1, len(asked)))
    client = Peer(me.user_id, me.user, me.peer_id, me.address, port, 0)
    announces, wishes, strange = [], [], []
    for info_hash, file in files.items():
        if not file.is_member:
            strange.append(info_hash)
            continue
        one = asked[info_hash]
        sizes = bounded(one.left), bounded(one.uploaded), bounded(one.downloaded)
        presence = Presence(me.peer_id, me.address, port, *sizes, me.connection_id)
        announces.append(FileAnnounce(file, presence, one.event, offers=True))
        numwant = 0 if one.event == "stopped" else min(one.numwant, most)
        wishes.append(Wish(file.id, client, numwant, with_seeders=one.left > 0))
    return Seen(client, announces, wishes, frozenset(strange))


def _see_by_key(
    view: PresenceReader, key: str, request: http.AnnounceRequest, host: str, now: float
) -> Seen:
    found = view.by_key(key, request.info_hash)
    if found is None:
        raise _not_valid()
    holder, file = found
    peer_id, port = request.peer_id, request.port
    client = Peer(holder.user_id, holder.user, peer_id, host, port, request.left)
    if file is None:
        return Seen(client, (), ())
    _refuse_in_plain_text(holder, peer_id)
    sizes = bounded(request.left), bounded(request.uploaded), bounded(request.downloaded)
    presence = Presence(peer_id, host, port, *sizes, None, now + HTTP_GRACE)
    numwant = api.DEFAULT_NUMWANT if request.numwant is None else request.numwant
    numwant = 0 if request.event == "stopped" else min(numwant, api.MAX_NUMWANT)
    with_seeders = may_lack_something(peer_id, request.left)
    return Seen(
        client,
        (FileAnnounce(file, presence, request.event, offers=False),),
        (Wish(file.id, client, numwant, with_seeders),),
    )


def _refuse_in_plain_text(holder: Holder, peer_id: PeerId) -> None:
    """Refuse clients that may not support `ssl-cert`: they must not learn a sealed file's peers."""
    if holder.mode == "sealed" and not supports_sealed(peer_id):
        raise MinitorrentError(
            ErrorCode.PERMISSION_DENIED,
            "This file is in a sealed group, and this client is not known to support SSL torrents; "
            "use Minitorrent, libtorrent 2 or qBittorrent 5",
        )


def _not_a_member() -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.NOT_MEMBER, "You are not a member of the group that shares this file."
    )


def _not_valid() -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.NOT_MEMBER,
        "This announce address is not valid any more; get a new metainfo file with: share",
    )


def _too_busy() -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.BUSY, "Too many announces of this client at the same time; try again."
    )


def _refusal(info_hash: InfoHash, error: MinitorrentError) -> api.FilePresence:
    failure = api.FileRefusal(
        code=error.code.value, message=error.message, removed=isinstance(error, RemovedFileError)
    )
    return api.FilePresence(info_hash=info_hash.hex(), error=failure)


def _public_addresses(peer: Peer) -> list[Endpoint]:
    """Return the addresses where a stock client may dial a peer.

    Not those inside a network that both share: dialled from there, we couldn't identify it.
    """
    main = Endpoint(peer.host, peer.port)
    return [main, Endpoint(peer.other_host, peer.other_port)] if peer.other_port else [main]
