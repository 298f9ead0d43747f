"""The torrents of active transfers: incoming connections find theirs here, removals reach all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from client.net.transports.group_tls import GroupTls
from client.net.transports.transport import Transport
from client.state.transfers import TransferRecord
from client.torrent.torrent import Torrent
from common.types import Endpoint, InfoHash
from common.wire.handshake import Handshake


class HasTorrent(Protocol):
    """A transfer; another thread may start or stop its torrent at any time."""

    @property
    def record(self) -> TransferRecord:
        """Its database record."""

    @property
    def torrent(self) -> Torrent | None:
        """The torrent, while it is active."""

    def wake(self) -> Torrent | None:
        """Return the torrent, which a resting share gets now; None if it isn't active."""

    @property
    def group_tls(self) -> GroupTls | None:
        """The GroupTls of a sealed group, while the torrent is active."""


class ActiveTorrents:
    """The active ones among `transfers`; `find` returns the transfer of some content, or None,
    and `hash_named` the info-hash that encrypted handshakes call so (see mse.name_of).

    Resting shares may be missing from `transfers`; whoever wants something of them wakes them.
    """

    def __init__(
        self,
        transfers: Callable[[], Iterable[HasTorrent]],
        find: Callable[[InfoHash], HasTorrent | None],
        hash_named: Callable[[bytes], InfoHash | None],
    ) -> None:
        self._transfers = transfers
        self._find = find
        self._hash_named = hash_named

    def all(self) -> list[Torrent]:
        """Return the torrents of the active transfers."""
        return [torrent for one in self._transfers() if (torrent := one.torrent) is not None]

    def admit(self, transport: Transport, handshake: Handshake, endpoint: Endpoint) -> bool:
        """Pass an incoming connection to the torrent that it asks for."""
        transfer = self._find(handshake.info_hash)
        torrent = transfer.wake() if transfer else None
        return torrent is not None and torrent.admit(transport, handshake, endpoint, incoming=True)

    def find_group_tls(self, info_hash: InfoHash) -> GroupTls | None:
        """Return the GroupTls for an active torrent of a sealed group, or None."""
        transfer = self._find(info_hash)
        if transfer is None:
            return None
        transfer.wake()
        return transfer.group_tls

    def find_open(self, name: bytes) -> InfoHash | None:
        """Return the active torrent of an open group that an encrypted handshake names, or None."""
        info_hash = self._hash_named(name)
        transfer = None if info_hash is None else self._find(info_hash)
        if transfer is None or transfer.wake() is None or transfer.group_tls is not None:
            return None
        return info_hash

    def disconnect_unaccepted(self, group: str) -> None:
        """Disconnect everybody who is no longer accepted in the group."""
        for torrent in self._of_group(group):
            torrent.disconnect_unaccepted()

    def disconnect_user(self, group: str, user: str) -> None:
        """Disconnect a user who is no longer a member of the group."""
        for torrent in self._of_group(group):
            torrent.disconnect_user(user)

    def forget_candidates(self) -> None:
        """Forget the peers that the tracker listed before it was away."""
        for torrent in self.all():
            torrent.forget_candidates()

    def _of_group(self, group: str) -> list[Torrent]:
        of_group = (one for one in self._transfers() if one.record.group == group)
        return [torrent for one in of_group if (torrent := one.torrent) is not None]
