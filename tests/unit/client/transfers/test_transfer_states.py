"""The states of a transfer as the user sees them, from the beginning to the end."""

from __future__ import annotations

from client.core.notices.events import (
    TransferCompleted,
)
from client.results.transfers import TransferState
from client.storage.files.naming import partial_path
from client.transfers.transfer import Transfer
from tests.support.fakes.transfers import TransferLab, shown, torrent_of
from tests.unit.client.storage.contents import PIECE
from tests.unit.client.transfers.conftest import CONTENT, DESCRIBED


# --- from the beginning to the end -----------------------------------------------------------
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


def test_the_last_announce_says_what_was_transferred(partial: Transfer) -> None:
    partial.pause()
    assert (partial.torrent, partial.transferred) == (None, (0, 2 * PIECE))


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


def test_a_completion_is_announced_in_each_run_until_the_tracker_knows(
    lab: TransferLab, complete: Transfer
) -> None:
    again = lab.reopen(complete)
    again.start()
    lab.jobs.run()
    assert shown(again) is TransferState.SEEDING
    assert lab.announcer.completions == [DESCRIBED.info_hash] * 2
    again.counted()
    lab.jobs.run()
    last = lab.reopen(again)
    last.start()
    lab.jobs.run()
    assert shown(last) is TransferState.SEEDING
    assert lab.announcer.completions == [DESCRIBED.info_hash] * 2
    last.halt()


def test_a_finished_download_gives_its_place_to_the_next(
    lab: TransferLab, complete: Transfer
) -> None:
    assert not lab.scheduler.has_turn(complete)
    assert complete.place is None


def test_a_share_of_an_original_seeds_after_its_check(lab: TransferLab, upload: Transfer) -> None:
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


# --- pausing ---------------------------------------------------------------------------------
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


def test_a_transfer_shows_its_pieces_while_it_stops(lab: TransferLab, partial: Transfer) -> None:
    seen: list[tuple[TransferState, int, int]] = []
    lab.announcer.on_remove = lambda: seen.append(
        (partial.state, partial.verified.count, partial.done)
    )
    partial.halt()
    assert seen == [(TransferState.PAUSED, 2, 2 * PIECE)]
