"""Content that other programs change while it is downloaded or shared."""

from __future__ import annotations

from client.core.notices.events import (
    PiecesLost,
    TransferFailed,
)
from client.results.transfers import TransferState
from client.storage.files.naming import partial_path
from client.transfers.transfer import MOST_UPSETS, Transfer
from common.errors import ErrorCode
from tests.support.fakes.transfers import TransferLab, failure, shown, torrent_of
from tests.unit.client.storage.contents import PIECE
from tests.unit.client.transfers.conftest import CONTENT, DESCRIBED, change


def test_pieces_damaged_before_the_end_are_downloaded_again(
    lab: TransferLab, active: Transfer
) -> None:
    lab.seeder(active, CONTENT).give()
    change(partial_path(DESCRIBED, active.path))
    lab.jobs.run()
    assert (shown(active), active.verified.count) == (TransferState.DOWNLOADING, 3)
    assert lab.happened == [PiecesLost("lab", "content", 1)]
    assert lab.announcer.completions == []
    assert not active.path.exists()
    lab.seeder(active, CONTENT, "eve", "127.0.0.3").give()
    lab.jobs.run()
    assert shown(active) is TransferState.SEEDING
    assert active.path.read_bytes() == CONTENT
    assert lab.announcer.completions == [DESCRIBED.info_hash]


def test_a_download_that_keeps_being_changed_fails(lab: TransferLab, active: Transfer) -> None:
    for number in range(MOST_UPSETS):
        active.on_damaged(torrent_of(active))
        lab.jobs.run()
        assert shown(active) is TransferState.DOWNLOADING, number
    active.on_damaged(torrent_of(active))
    lab.jobs.run()
    assert (shown(active), failure(active)) == (TransferState.FAILED, ErrorCode.FILE_CHANGED)
    assert isinstance(lab.happened[-1], TransferFailed)
    active.resume()
    lab.jobs.run()
    active.on_damaged(torrent_of(active))
    lab.jobs.run()
    assert shown(active) is TransferState.DOWNLOADING, "a new run counts from the start"


def test_a_finished_download_with_a_damaged_piece_is_repaired_in_place(
    lab: TransferLab, complete: Transfer
) -> None:
    change(complete.path, PIECE, quietly=True)
    complete.on_damaged(torrent_of(complete))
    lab.jobs.run()
    assert (shown(complete), complete.verified.count) == (TransferState.DOWNLOADING, 3)
    assert lab.happened == [PiecesLost("lab", "content", 1)]
    assert not lab.saved(complete).complete
    lab.seeder(complete, CONTENT, "eve", "127.0.0.3").give()
    lab.jobs.run()
    assert shown(complete) is TransferState.SEEDING
    assert complete.path.read_bytes() == CONTENT
    assert lab.saved(complete).complete


def test_a_share_that_was_edited_fails_at_the_next_checkpoint(
    lab: TransferLab, complete: Transfer
) -> None:
    complete.checkpoint()
    assert shown(complete) is TransferState.SEEDING
    change(complete.path)
    complete.checkpoint()
    assert (shown(complete), failure(complete)) == (TransferState.FAILED, ErrorCode.FILE_CHANGED)
    assert lab.saved(complete).complete
