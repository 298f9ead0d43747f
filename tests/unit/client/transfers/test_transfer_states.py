"""The states of a transfer as the user sees them, and what moves it from one to the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from client.core.notices.events import (
    ShareFailed,
    TransferCompleted,
    TransferFailed,
)
from client.results import TransferState
from client.storage.files.torrent_files import partial_path
from client.transfers.transfer import Transfer
from client.transfers.transfer_storage import TransferStorage
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from tests.support.fake_transfers import TransferLab, failure, shown, torrent_of
from tests.support.waiting import wait_until
from tests.unit.client.storage.contents import PIECE
from tests.unit.client.transfers.conftest import CONTENT, DESCRIBED

REFUSAL = MinitorrentError(ErrorCode.NOT_MEMBER, "You are no longer a member.")
BROKEN = MinitorrentError(ErrorCode.PERMISSION_DENIED, "The disk can't be written.")


# --- from the beginning to the end ------------------------------------------------------------
def test_before_it_is_started_a_download_is_paused(download: Transfer) -> None:
    assert (download.state, download.torrent, download.error) == (TransferState.PAUSED, None, None)
    assert (download.verified.count, download.done, download.missing) == (0, 0, len(CONTENT))
    assert not download.is_running


def test_a_started_download_is_queued_until_its_job_runs(
    lab: TransferLab, download: Transfer
) -> None:
    download.start()
    assert (download.state, download.torrent) == (TransferState.QUEUED, None)
    assert download.is_running
    assert lab.announcer.announced == {}


def test_a_download_is_announced_once_its_files_are_open(
    lab: TransferLab, active: Transfer
) -> None:
    assert shown(active) is TransferState.DOWNLOADING
    assert lab.announcer.announced == {DESCRIBED.info_hash: active}
    assert active.needs_peers
    assert (active.left, active.transferred) == (len(CONTENT), (0, 0))
    assert partial_path(DESCRIBED, active.path).exists()
    assert not active.path.exists()


def test_a_second_start_changes_nothing(lab: TransferLab, active: Transfer) -> None:
    torrent = active.torrent
    active.start()
    active.resume()
    lab.jobs.run()
    assert active.torrent is torrent


def test_pieces_count_as_they_arrive(partial: Transfer) -> None:
    assert (partial.state, partial.verified.count) == (TransferState.DOWNLOADING, 2)
    assert (partial.done, partial.missing) == (2 * PIECE, 2 * PIECE)
    assert partial.transferred == (0, 2 * PIECE)


def test_a_finished_download_has_its_name_is_recorded_announced_and_reported(
    lab: TransferLab, active: Transfer
) -> None:
    lab.clock.advance(8.0)
    lab.seeder(active, CONTENT).give()
    assert shown(active) is TransferState.DOWNLOADING, "until its job has run"
    lab.jobs.run()
    assert shown(active) is TransferState.SEEDING
    assert active.path.read_bytes() == CONTENT
    assert not partial_path(DESCRIBED, active.path).exists()
    assert lab.saved(active).complete
    assert lab.announcer.completions == [DESCRIBED.info_hash]
    size = len(CONTENT)
    assert lab.happened == [TransferCompleted("lab", "content", active.path, size, size, 8.0, 1)]
    assert not active.is_running


def test_a_finished_download_gives_its_place_to_the_next(
    lab: TransferLab, complete: Transfer
) -> None:
    assert not lab.scheduler.has_turn(complete)
    assert complete.place is None


def test_a_share_of_ones_own_file_seeds_after_its_check(lab: TransferLab, upload: Transfer) -> None:
    upload.start()
    assert shown(upload) is TransferState.QUEUED
    lab.jobs.run()
    assert shown(upload) is TransferState.SEEDING
    assert (upload.left, upload.verified.count, upload.is_idle) == (0, 4, True)
    assert lab.happened == []
    assert lab.announcer.completions == [], "it was complete before"


def test_a_share_waits_for_no_place(lab: TransferLab, upload: Transfer) -> None:
    upload.start()
    lab.jobs.run()
    assert upload.place is None
    assert not lab.scheduler.has_turn(upload)


# --- pausing ----------------------------------------------------------------------------------
def test_a_paused_download_stops_and_keeps_what_it_has(lab: TransferLab, partial: Transfer) -> None:
    have = list(partial.verified)
    torrent = torrent_of(partial)
    partial.pause()
    assert (partial.state, partial.torrent) == (TransferState.PAUSED, None)
    assert (list(partial.verified), partial.done) == (have, 2 * PIECE)
    assert lab.announcer.announced == {}
    assert torrent.connection_count == 0
    assert lab.saved(partial).paused
    assert lab.saved_pieces(partial) == have
    assert not lab.scheduler.has_turn(partial)


def test_a_resumed_download_continues_without_hashing(lab: TransferLab, partial: Transfer) -> None:
    partial.pause()
    partial.resume()
    assert not lab.saved(partial).paused
    lab.jobs.run()
    assert (partial.state, partial.verified.count) == (TransferState.DOWNLOADING, 2)
    assert partial.storage.checked == 0, "the record was believed"
    lab.seeder(partial, CONTENT).give()
    lab.jobs.run()
    assert partial.path.read_bytes() == CONTENT


def test_a_queued_download_that_is_paused_is_not_opened(
    lab: TransferLab, download: Transfer
) -> None:
    download.start()
    download.pause()
    lab.jobs.run()
    assert (download.state, lab.announcer.announced) == (TransferState.PAUSED, {})


def test_a_paused_share_seeds_again(lab: TransferLab, complete: Transfer) -> None:
    complete.pause()
    assert (complete.state, complete.verified.count) == (TransferState.PAUSED, 4)
    complete.resume()
    lab.jobs.run()
    assert shown(complete) is TransferState.SEEDING
    assert complete.storage.checked == 0


def test_a_halt_is_no_pause_for_the_next_run(lab: TransferLab, partial: Transfer) -> None:
    have = list(partial.verified)
    partial.halt()
    assert not lab.saved(partial).paused
    again = lab.reopen(partial)
    assert (again.state, list(again.verified), again.done) == (
        TransferState.PAUSED,
        have,
        2 * PIECE,
    )


def test_a_transfer_that_waits_for_its_turn_shows_its_pieces(
    lab: TransferLab, partial: Transfer
) -> None:
    have = list(partial.verified)
    partial.halt()
    again = lab.reopen(partial)
    again.start()
    assert (again.state, list(again.verified)) == (TransferState.QUEUED, have)
    again.halt()


# --- checking ---------------------------------------------------------------------------------
Stopped = Callable[[], bool]


class WatchedStorage(TransferStorage):
    """Calls `during` while the files are checked, before the first piece is hashed."""

    during: Callable[[Stopped], object] = staticmethod(lambda _: None)

    def open(self, stopped: Stopped, *, recheck: bool, asked: bool = False) -> Bitfield:
        self.during(stopped)
        return super().open(stopped, recheck=recheck, asked=asked)


@pytest.fixture
def watched(lab: TransferLab, partial: Transfer) -> Transfer:
    """A download that has to be checked: its record and the files disagree."""
    partial.halt()
    file = partial_path(DESCRIBED, partial.path)
    file.write_bytes(file.read_bytes())
    record = lab.saved(partial)
    return Transfer(WatchedStorage(record, lab.store), lab.context)


def during_check(transfer: Transfer, action: Callable[[Stopped], object]) -> None:
    assert isinstance(transfer.storage, WatchedStorage)
    transfer.storage.during = action


def test_what_is_checked_says_so_and_shows_its_pieces(lab: TransferLab, watched: Transfer) -> None:
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


# --- failing ----------------------------------------------------------------------------------
def test_a_failed_download_says_why_and_keeps_what_it_has(
    lab: TransferLab, partial: Transfer
) -> None:
    have = list(partial.verified)
    partial.on_failed(torrent_of(partial), BROKEN)
    lab.jobs.run()
    assert (partial.state, partial.torrent) == (TransferState.FAILED, None)
    assert partial.error is not None
    assert (partial.error.code, partial.error.message) == (BROKEN.code, BROKEN.message)
    assert list(partial.verified) == lab.saved_pieces(partial) == have
    assert lab.announcer.announced == {}
    assert not lab.scheduler.has_turn(partial)
    assert lab.happened == [TransferFailed("lab", "content", BROKEN.code, BROKEN.message)]
    assert not partial.is_running


def test_a_failed_download_is_resumed(lab: TransferLab, partial: Transfer) -> None:
    partial.on_failed(torrent_of(partial), BROKEN)
    lab.jobs.run()
    partial.resume()
    lab.jobs.run()
    assert (shown(partial), failure(partial)) == (TransferState.DOWNLOADING, None)
    assert partial.verified.count == 2


def test_it_fails_once_however_many_errors_there_are(lab: TransferLab, active: Transfer) -> None:
    torrent = torrent_of(active)
    active.on_failed(torrent, BROKEN)
    active.on_failed(torrent, REFUSAL)
    active.refused(REFUSAL)
    lab.jobs.run()
    assert failure(active) is BROKEN.code
    assert len(lab.happened) == 1


def test_a_failed_transfer_stays_failed_when_the_client_closes(
    lab: TransferLab, active: Transfer
) -> None:
    active.on_failed(torrent_of(active), BROKEN)
    lab.jobs.run()
    active.halt()
    assert shown(active) is TransferState.FAILED


def test_a_pause_forgives_a_failure(lab: TransferLab, active: Transfer) -> None:
    active.on_failed(torrent_of(active), BROKEN)
    lab.jobs.run()
    active.pause()
    assert (shown(active), failure(active)) == (TransferState.PAUSED, None)


def test_a_refusal_of_the_tracker_fails_it(lab: TransferLab, active: Transfer) -> None:
    active.refused(REFUSAL)
    lab.jobs.run()
    assert shown(active) is TransferState.FAILED
    assert failure(active) is ErrorCode.NOT_MEMBER


def test_without_credentials_it_fails(lab: TransferLab, download: Transfer) -> None:
    lab.credentials.error = REFUSAL
    download.start()
    lab.jobs.run()
    assert (download.state, download.torrent) == (TransferState.FAILED, None)
    assert lab.announcer.announced == {}


def test_a_bug_fails_the_transfer_that_it_meets(lab: TransferLab, download: Transfer) -> None:
    lab.credentials.error = ZeroDivisionError("a bug")
    download.start()
    lab.jobs.run()
    assert (shown(download), failure(download)) == (TransferState.FAILED, ErrorCode.INTERNAL)


def test_a_failed_share_is_no_failed_download(lab: TransferLab, complete: Transfer) -> None:
    complete.on_failed(torrent_of(complete), BROKEN)
    lab.jobs.run()
    assert (complete.state, complete.verified.count) == (TransferState.FAILED, 4)
    assert lab.happened == [ShareFailed("lab", "content", BROKEN.code, BROKEN.message)]
    assert lab.saved(complete).complete


def test_a_share_whose_file_is_gone_fails_until_it_is_back(
    lab: TransferLab, upload: Transfer, final: Path
) -> None:
    final.rename(final.with_name("moved"))
    upload.start()
    lab.jobs.run()
    assert (shown(upload), failure(upload)) == (TransferState.FAILED, ErrorCode.FILE_NOT_FOUND)
    final.with_name("moved").rename(final)
    upload.resume()
    lab.jobs.run()
    assert (shown(upload), failure(upload)) == (TransferState.SEEDING, None)


# --- callbacks that come too late -------------------------------------------------------------
def test_what_an_earlier_torrent_reports_counts_no_more(
    lab: TransferLab, partial: Transfer
) -> None:
    earlier = torrent_of(partial)
    partial.pause()
    partial.resume()
    lab.jobs.run()
    partial.on_failed(earlier, BROKEN)
    partial.on_damaged(earlier)
    partial.on_complete(earlier)
    lab.jobs.run()
    assert shown(partial) is TransferState.DOWNLOADING
    assert partial.torrent is not earlier
    assert lab.happened == []


def test_the_end_of_a_download_that_was_paused_meanwhile_comes_at_its_resume(
    lab: TransferLab, active: Transfer
) -> None:
    lab.seeder(active, CONTENT).give()
    active.pause()
    lab.jobs.run()
    assert (active.state, active.verified.count) == (TransferState.PAUSED, 4)
    assert not lab.saved(active).complete
    active.resume()
    lab.jobs.run()
    assert shown(active) is TransferState.SEEDING
    assert lab.saved(active).complete
    assert active.path.read_bytes() == CONTENT


def test_the_tracker_is_asked_about_unidentified_peers(lab: TransferLab, active: Transfer) -> None:
    lab.seeder(active, CONTENT)
    ((info_hash, peer),) = lab.announcer.questions
    assert (info_hash, peer.host) == (DESCRIBED.info_hash, "127.0.0.2")


def test_without_a_torrent_the_trackers_answers_change_nothing(download: Transfer) -> None:
    download.learn([])
    download.identified(1, "bob", is_member=True)
    assert shown(download) is TransferState.PAUSED
