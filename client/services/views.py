"""Transfers and their peers as the user sees them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import TypedDict, TypeVar

from client.core.admission.route import Route, dialled
from client.core.swarm import piece_map
from client.core.swarm.peer import Peer
from client.core.transfers.piece_selection import match, paths_of
from client.net.peers.connection import Connection
from client.results.files import ContentRow
from client.results.health import TrackerState
from client.results.overview import Overview
from client.results.transfers import (
    DownloadRow,
    DownloadsResult,
    FolderFile,
    PeerRow,
    PieceMap,
    ShareRow,
    SharesResult,
    TransferState,
)
from client.transfers.transfer import Transfer
from client.transfers.transfer_storage import TransferStorage
from common.errors import MinitorrentError
from common.metainfo import Metainfo

RowT = TypeVar("RowT", DownloadRow, ShareRow)


class DownloadFields(TypedDict):
    """The fields of a DownloadRow."""

    group: str
    name: str
    state: TransferState
    progress: float
    done: int
    size: int
    down_rate: float
    up_rate: float
    peers: int
    eta: float | None
    error: str | None


def download_row(transfer: Transfer) -> DownloadRow:
    """Return a row of `show_downloads`."""
    return DownloadRow(**download_fields(transfer))


def download_fields(transfer: Transfer) -> DownloadFields:
    """Return the fields of a row of `show_downloads`."""
    torrent = transfer.torrent
    down, up = torrent.rates() if torrent else (0.0, 0.0)
    size, done = transfer.size, transfer.done
    shown = done / size if size else float(transfer.record.complete)
    if transfer.state is TransferState.CHECKING and size:
        shown = transfer.storage.checked / transfer.metainfo.length
    running = transfer.state is TransferState.DOWNLOADING
    return DownloadFields(
        group=transfer.record.group,
        name=transfer.record.name,
        state=transfer.state,
        progress=shown,
        done=done,
        size=size,
        down_rate=down,
        up_rate=up,
        peers=torrent.connection_count if torrent else 0,
        eta=(size - done) / down if running and down > 0 else None,
        error=transfer.error.message if transfer.error else None,
    )


def overview(
    user: str | None,
    group: str | None,
    tracker: TrackerState,
    pending_requests: int,
    transfers: Sequence[Transfer],
    resuming: str | None = None,
) -> Overview:
    """Return the overall state; shares without connections are only counted, there may be many."""
    busy = [transfer for transfer in transfers if not transfer.is_idle]
    rows = [download_row(transfer) for transfer in busy]
    seeding = sum(row.state is TransferState.SEEDING for row in rows)
    return Overview(
        user=user,
        group=group,
        tracker=tracker,
        down_rate=sum(row.down_rate for row in rows),
        up_rate=sum(row.up_rate for row in rows),
        downloads=[
            row
            for transfer, row in zip(busy, rows, strict=True)
            if row.state is not TransferState.SEEDING and not transfer.record.is_upload
        ],
        seeding=len(transfers) - len(busy) + seeding,
        pending_requests=pending_requests,
        resuming=resuming,
    )


def totals(transfers: Sequence[Transfer]) -> tuple[int, int]:
    """Return the payload bytes that these downloaded and uploaded in all runs."""
    found = [(one.storage, one.torrent) for one in transfers]
    down = sum(storage.downloaded(torrent) for storage, torrent in found)
    return down, sum(storage.uploaded(torrent) for storage, torrent in found)


def share_row(transfer: Transfer) -> ShareRow:
    """Return a row of `show_shares`."""
    torrent = transfer.torrent
    return ShareRow(
        group=transfer.record.group,
        name=transfer.record.name,
        path=str(transfer.path),
        size=transfer.size,
        uploaded=transfer.storage.uploaded(torrent),
        peers=torrent.connection_count if torrent else 0,
    )


def downloads(
    transfers: Sequence[Transfer], waiting: Sequence[TransferStorage], *, uploads: bool = False
) -> DownloadsResult:
    """Return loaded and `waiting` downloads, and also `uploads` if wanted."""
    rows = [
        (one.record.id, download_row(one))
        for one in transfers
        if uploads or not one.record.is_upload
    ]
    rows += [
        (one.record.id, _waiting_row(one)) for one in waiting if uploads or not one.record.is_upload
    ]
    return DownloadsResult(downloads=_as_added(rows))


def shares(transfers: Sequence[Transfer], waiting: Sequence[TransferStorage]) -> SharesResult:
    """Return all shares; those in `waiting` are not loaded yet."""
    rows = [(one.record.id, share_row(one)) for one in transfers if one.record.complete]
    rows += [(one.record.id, _waiting_share(one)) for one in waiting]
    return SharesResult(shares=_as_added(rows), waiting=len(waiting))


def _as_added(rows: list[tuple[int, RowT]]) -> list[RowT]:
    """Sort rows by the ids of their transfers, which is the order of addition."""
    return [row for _, row in sorted(rows, key=itemgetter(0))]


def _waiting_row(storage: TransferStorage) -> DownloadRow:
    """Return the row of a complete transfer that the login has not loaded yet."""
    record, size = storage.record, _waiting_size(storage)
    return DownloadRow(
        group=record.group,
        name=record.name,
        state=TransferState.PAUSED if record.paused else TransferState.QUEUED,
        progress=1.0,
        done=size,
        size=size,
        down_rate=0.0,
        up_rate=0.0,
        peers=0,
        eta=None,
        error=None,
    )


def _waiting_share(storage: TransferStorage) -> ShareRow:
    record = storage.record
    return ShareRow(
        group=record.group,
        name=record.name,
        path=str(record.path),
        size=_waiting_size(storage),
        uploaded=record.uploaded,
        peers=0,
    )


def _waiting_size(storage: TransferStorage) -> int:
    """Return a complete transfer's size; 0 if it can't be read, which loading it will report."""
    try:
        return storage.length
    except MinitorrentError:
        return 0


def content_rows(described: Metainfo) -> list[ContentRow]:
    """Return the files of a folder, in order; none for a single file."""
    if not described.is_folder:
        return []
    return [
        ContentRow(path=path, size=file.length)
        for path, file in zip(paths_of(described), described.files, strict=True)
        if not file.is_padding
    ]


def folder_files(transfer: Transfer) -> list[FolderFile]:
    """Return the files of a transfer of a folder, in order; none for a single file."""
    described, options = transfer.metainfo, transfer.storage.options
    if not described.is_folder:
        return []
    selection, paths = transfer.storage.selection, paths_of(described)
    done = selection.done_by_file(transfer.verified)
    first, last = match(options.first, paths), match(options.last, paths)
    return [
        FolderFile(
            path=path,
            size=file.length,
            done=done[number],
            chosen=number in selection.files,
            urgency="high" if number in first else "low" if number in last else "normal",
        )
        for number, (path, file) in enumerate(zip(paths, described.files, strict=True))
        if not file.is_padding
    ]


def peer_rows(transfer: Transfer) -> list[PeerRow]:
    """Return the rows of `peers`."""
    torrent = transfer.torrent
    return [peer_row(*peer) for peer in torrent.peers()] if torrent else []


def peer_row(connection: Connection, peer: Peer) -> PeerRow:
    """Return a row of `peers`."""
    pieces, route = peer.has.size, connection.route
    if route is Route.DIRECT and not connection.incoming:
        route = dialled(connection.endpoint.host, is_mapped=peer.is_mapped)
    return PeerRow(
        address=str(connection.endpoint),
        client=peer.client or connection.client,
        user=connection.user,
        progress=peer.has.count / pieces if pieces else 1.0,
        down_rate=peer.down.rate,
        up_rate=peer.up.rate,
        downloaded=peer.down.total,
        uploaded=peer.up.total,
        flags=flags(peer, incoming=connection.incoming) + connection.encryption.value,
        route=route.value,
    )


def pieces(transfer: Transfer, cells: int) -> PieceMap:
    """Where its pieces are, in at most `cells` runs."""
    torrent, size = transfer.torrent, transfer.metainfo.piece_count
    have = transfer.verified
    runs = piece_map.runs(size, cells)
    fields = [peer.has for _, peer in torrent.peers()] if torrent else []
    return PieceMap(
        pieces=size,
        done=have.count,
        here=piece_map.shares(have, runs),
        elsewhere=piece_map.holders(fields, runs),
    )


def flags(peer: Peer, *, incoming: bool) -> str:
    """Return the letters that other clients use; see PeerRow for their meaning."""
    letters = (
        ("D" if not peer.peer_choking else "d", peer.am_interested),
        ("U" if not peer.am_choking else "u", peer.peer_interested),
        ("O", peer.optimistic),
        ("I", incoming),
        ("S", peer.snubbed),
        ("X", peer.has.complete),
    )
    return "".join(letter for letter, on in letters if on)
