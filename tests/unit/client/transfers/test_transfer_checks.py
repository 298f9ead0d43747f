"""A transfer during a check: its progress, interruption, and result."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from client.core.notices.events import PiecesLost
from client.results.transfers import TransferState
from client.storage.files.naming import partial_path
from client.transfers.transfer import Transfer
from client.transfers.transfer_storage import TransferStorage
from common.bitfield import Bitfield
from common.errors import ErrorCode
from tests.support.fakes.transfers import TransferLab, failure, shown
from tests.support.waiting import wait_until
from tests.unit.client.storage.contents import PIECE
from tests.unit.client.transfers.conftest import CONTENT, DESCRIBED, change

# --- at the start ----------------------------------------------------------------------------
Stopped = Callable[[], bool]


class WatchedStorage(TransferStorage):
    """Calls `during` while the files are checked, before the first piece is hashed."""

    during: Callable[[Stopped], object] = staticmethod(lambda _: None)

    def open(self, stopped: Stopped, *, recheck: bool, asked: bool = False) -> Bitfield:
        self.during(stopped)
        return super().open(stopped, recheck=recheck, asked=asked)


@pytest.fixture
def watched(lab: TransferLab, partial: Transfer) -> Transfer:
    """A download that must be checked: its record and the files disagree."""
    partial.halt()
    file = partial_path(DESCRIBED, partial.path)
    file.write_bytes(file.read_bytes())
    record = lab.saved(partial)
    return Transfer(WatchedStorage(record, lab.store), lab.context)


def during_check(transfer: Transfer, action: Callable[[Stopped], object]) -> None:
    assert isinstance(transfer.storage, WatchedStorage)
    transfer.storage.during = action


def test_a_checking_transfer_shows_its_state_and_pieces(
    lab: TransferLab, watched: Transfer
) -> None:
    seen: list[tuple[TransferState, int]] = []
    during_check(watched, lambda _: seen.append((watched.state, watched.verified.count)))
    watched.start()
    lab.jobs.run()
    assert seen == [(TransferState.CHECKING, 2)]
    assert watched.storage.checked == len(CONTENT)
    assert (watched.state, watched.verified.count) == (TransferState.DOWNLOADING, 2)
    watched.halt()


def in_another_thread(stop: Callable[[], object], stopped: Stopped) -> threading.Thread:
    """Stop a transfer from another thread; returns when its check can notice."""
    thread = threading.Thread(target=stop)
    thread.start()
    wait_until(stopped, what="the stop", interval=0.001)
    return thread


@pytest.mark.parametrize("paused", [True, False])
def test_a_check_ends_early_when_it_is_stopped(
    lab: TransferLab, watched: Transfer, paused: bool
) -> None:
    threads: list[threading.Thread] = []
    stop = watched.pause if paused else watched.halt
    during_check(watched, lambda stopped: threads.append(in_another_thread(stop, stopped)))
    watched.start()
    lab.jobs.run()
    threads[0].join(10.0)
    assert (watched.state, watched.torrent) == (TransferState.PAUSED, None)
    assert watched.storage.checked < len(CONTENT)
    assert lab.announcer.announced == {}
    assert lab.saved(watched).paused is paused
    assert watched.verified.count == 2
    during_check(watched, lambda _: None)
    watched.resume()
    lab.jobs.run()
    assert (watched.state, watched.verified.count) == (TransferState.DOWNLOADING, 2)
    watched.halt()


def test_a_download_that_lost_its_turn_during_the_check_waits_again(
    lab: TransferLab, watched: Transfer
) -> None:
    lost = [True]

    def lose() -> None:
        if lost.pop():
            lab.scheduler.leave(watched)

    during_check(watched, lambda _: lose() if lost else None)
    watched.start()
    lab.jobs.run()
    assert shown(watched) is TransferState.DOWNLOADING, "its turn came again at once"
    assert watched.verified.count == 2
    watched.halt()


def test_a_checkpoint_during_a_check_does_not_wait(lab: TransferLab, watched: Transfer) -> None:
    before = lab.saved(watched)
    during_check(watched, lambda _: watched.checkpoint())
    watched.start()
    lab.jobs.run()
    assert shown(watched) is TransferState.DOWNLOADING
    assert lab.saved(watched) == before
    watched.halt()


# --- rechecks --------------------------------------------------------------------------------
def recheck(lab: TransferLab, transfer: Transfer) -> None:
    """Run the command."""
    transfer.halt()
    transfer.start(recheck=True)
    lab.jobs.run()


def test_a_recheck_of_right_content_hashes_all_and_seeds_on(
    lab: TransferLab, complete: Transfer
) -> None:
    recheck(lab, complete)
    assert complete.storage.checked == len(CONTENT)
    assert (shown(complete), complete.verified.count) == (TransferState.SEEDING, 4)
    assert lab.happened == []


def test_recheck_of_a_damaged_download_downloads_wrong_pieces_again(
    lab: TransferLab, complete: Transfer
) -> None:
    change(complete.path, quietly=True)
    recheck(lab, complete)
    assert (shown(complete), complete.verified.count) == (TransferState.DOWNLOADING, 3)
    assert lab.happened == [PiecesLost("lab", "content", 1)]
    assert (complete.left, complete.is_running) == (PIECE, True)


def test_a_recheck_of_a_wrong_upload_fails_and_writes_nothing(
    lab: TransferLab, upload: Transfer
) -> None:
    upload.start()
    lab.jobs.run()
    change(upload.path, quietly=True)
    wrong = upload.path.read_bytes()
    recheck(lab, upload)
    assert (shown(upload), failure(upload)) == (TransferState.FAILED, ErrorCode.FILE_CHANGED)
    assert upload.path.read_bytes() == wrong
    assert lab.saved(upload).stamps is None, "nothing of it is believed any more"


def test_a_recheck_of_an_unfinished_download_believes_no_record(
    lab: TransferLab, partial: Transfer
) -> None:
    (lost, _) = partial.verified
    partial.halt()
    change(partial_path(DESCRIBED, partial.path), lost * PIECE, quietly=True)
    recheck(lab, partial)
    assert (shown(partial), partial.verified.count) == (TransferState.DOWNLOADING, 1)
