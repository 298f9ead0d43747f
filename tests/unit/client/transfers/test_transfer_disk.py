"""A transfer and its disk: full, and with space again; what is recorded and deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.core.notices.events import (
    TransferCompleted,
    TransferPaused,
)
from client.core.transfers.download_options import DownloadOptions
from client.results.transfers import TransferState
from client.storage.files.naming import part_file_path, partial_path
from client.transfers.disk_space import INTERVAL, PATIENT_INTERVAL
from client.transfers.transfer import Transfer
from common.errors import ErrorCode, MinitorrentError
from tests.support.disk import failing_disk
from tests.support.fakes.transfers import PLENTY, TransferLab, failure, shown, torrent_of
from tests.unit.client.storage.contents import PIECE, describe, put, random_bytes
from tests.unit.client.transfers.conftest import CONTENT, DESCRIBED

MIB = 1 << 20
FULL = MinitorrentError(ErrorCode.DISK_FULL, "No space left on device.")


# --- space -----------------------------------------------------------------------------------
@pytest.fixture
def waiting(lab: TransferLab, partial: Transfer) -> Transfer:
    """A download with two pieces whose disk is full."""
    lab.free = 0
    lab.client.workers.error = FULL
    lab.seeder(partial, CONTENT).give(1)
    lab.jobs.run()
    lab.client.workers.error = None
    return partial


def test_a_full_disk_pauses_a_download_and_reports_the_needed_space(
    lab: TransferLab, waiting: Transfer
) -> None:
    assert waiting.waits_for_space
    assert (shown(waiting), failure(waiting)) == (TransferState.PAUSED, ErrorCode.DISK_FULL)
    (paused,) = lab.happened
    assert isinstance(paused, TransferPaused)
    assert "needs 32" in paused.message
    assert waiting.verified.count == 2
    assert len(lab.saved_pieces(waiting)) == 2
    assert lab.announcer.announced == {}
    assert not lab.scheduler.has_turn(waiting)
    assert not lab.saved(waiting).paused, "the next run tries again"


def test_a_download_resumes_when_there_is_space(lab: TransferLab, waiting: Transfer) -> None:
    lab.clock.advance(INTERVAL)
    waiting.resume_if_space()
    assert waiting.waits_for_space
    lab.free = 2 * PIECE
    waiting.resume_if_space()
    assert waiting.waits_for_space, "it has just looked"
    lab.clock.advance(INTERVAL)
    waiting.resume_if_space()
    assert shown(waiting) is TransferState.QUEUED
    lab.jobs.run()
    lab.seeder(waiting, CONTENT, "eve", "127.0.0.3").give()
    lab.jobs.run()
    assert shown(waiting) is TransferState.SEEDING
    assert isinstance(lab.happened[-1], TransferCompleted)


def test_space_that_does_not_help_is_not_tried_every_second(
    lab: TransferLab, partial: Transfer
) -> None:
    """The disk has space, and yet nothing can be written: a quota."""
    lab.client.workers.error = FULL
    lab.seeder(partial, CONTENT).give(1)
    lab.jobs.run()
    assert (failure(partial), partial.waits_for_space) == (ErrorCode.DISK_FULL, True)
    lab.clock.advance(PATIENT_INTERVAL - 1.0)
    partial.resume_if_space()
    assert partial.waits_for_space
    lab.clock.advance(1.0)
    partial.resume_if_space()
    assert not partial.waits_for_space


def test_a_download_that_does_not_fit_does_not_start(lab: TransferLab, download: Transfer) -> None:
    lab.free = len(CONTENT) - 1
    download.start()
    lab.jobs.run()
    assert (shown(download), download.waits_for_space) == (TransferState.PAUSED, True)
    assert lab.announcer.announced == {}
    lab.free = len(CONTENT)
    lab.clock.advance(INTERVAL)
    download.resume_if_space()
    lab.jobs.run()
    assert shown(download) is TransferState.DOWNLOADING


def test_only_missing_data_needs_space(lab: TransferLab, partial: Transfer) -> None:
    partial.pause()
    lab.free = 2 * PIECE
    partial.resume()
    lab.jobs.run()
    assert shown(partial) is TransferState.DOWNLOADING


def test_a_user_may_pause_a_download_that_waits_for_space(
    lab: TransferLab, waiting: Transfer
) -> None:
    waiting.pause()
    assert (shown(waiting), failure(waiting)) == (TransferState.PAUSED, None)
    lab.free = PLENTY
    lab.clock.advance(PATIENT_INTERVAL)
    waiting.resume_if_space()
    lab.jobs.run()
    assert shown(waiting) is TransferState.PAUSED
    assert waiting.torrent is None


def test_a_share_does_not_wait_for_space(lab: TransferLab, complete: Transfer) -> None:
    complete.on_failed(torrent_of(complete), FULL)
    lab.jobs.run()
    assert (shown(complete), complete.waits_for_space) == (TransferState.FAILED, False)


# --- a disk that loses data -------------------------------------------------------------------
def test_a_download_whose_data_is_lost_fails_at_the_checkpoint(
    lab: TransferLab, tmp_path: Path
) -> None:
    content = random_bytes(8 * MIB)
    with failing_disk(tmp_path / "disk", 32 * MIB, 4 * MIB) as disk:
        described = describe(content, piece_length=MIB)
        transfer = lab.open(lab.record(described, disk / "content"))
        transfer.start()
        lab.jobs.run()
        lab.seeder(transfer, content).give(7)
        transfer.checkpoint()
        assert transfer.torrent is None, "it must not go on"
        assert lab.saved_pieces(transfer) == []
        assert transfer.error is not None
        assert failure(transfer) in (ErrorCode.DISK_FULL, ErrorCode.PERMISSION_DENIED)
        transfer.halt()


# --- what is recorded ------------------------------------------------------------------------
def test_a_checkpoint_records_progress_for_a_run_that_is_killed(
    lab: TransferLab, partial: Transfer
) -> None:
    assert lab.saved_pieces(partial) == []
    partial.checkpoint()
    assert lab.saved_pieces(partial) == list(partial.verified)
    assert lab.saved(partial).downloaded == 2 * PIECE
    partial.checkpoint()
    assert lab.saved(partial).downloaded == 2 * PIECE, "counted once"


def test_totals_add_up_over_runs(lab: TransferLab, partial: Transfer) -> None:
    partial.pause()
    partial.resume()
    lab.jobs.run()
    lab.seeder(partial, CONTENT, "eve", "127.0.0.3").give()
    lab.jobs.run()
    partial.halt()
    assert lab.saved(partial).downloaded == len(CONTENT)


def test_a_discarded_download_leaves_nothing(lab: TransferLab, partial: Transfer) -> None:
    part = partial_path(DESCRIBED, partial.path)
    partial.discard()
    assert not part.exists()
    assert lab.store.get(partial.record.id) is None
    assert lab.announcer.announced == {}


def test_a_discarded_share_leaves_its_file(lab: TransferLab, complete: Transfer) -> None:
    complete.discard()
    assert complete.path.read_bytes() == CONTENT
    assert lab.store.get(complete.record.id) is None


def test_a_priority_is_recorded_and_decides_the_next_download(
    lab: TransferLab, download: Transfer, tmp_path: Path
) -> None:
    download.set_priority(5)
    assert lab.saved(download).options.priority == 5
    assert lab.reopen(download).priority == 5


# --- parts of a folder -----------------------------------------------------------------------
def test_a_partial_folder_ends_without_a_completed_announce(
    lab: TransferLab, tmp_path: Path
) -> None:
    """A partial seed never announces completion (BEP 21)."""
    first, second = random_bytes(PIECE + 100), random_bytes(2 * PIECE, seed=2)
    described = describe({"first": first, "second": second}, name="folder")
    options = DownloadOptions(only=("first",))
    transfer = lab.open(lab.record(described, tmp_path / "folder", options=options))
    transfer.start()
    lab.jobs.run()
    lab.seeder(transfer, first + second).give()
    lab.jobs.run()
    assert shown(transfer) is TransferState.SEEDING
    assert (transfer.size, transfer.done, transfer.missing) == (len(first), len(first), 0)
    assert transfer.left > 0
    assert lab.announcer.completions == []
    assert (transfer.path / "first").read_bytes() == first
    assert not (transfer.path / "second").exists()
    assert part_file_path(described, transfer.path).exists()
    transfer.halt()


def test_existing_content_is_complete_after_a_crash(lab: TransferLab, download: Transfer) -> None:
    """The last run was killed between the new name and its record."""
    put(download.path, CONTENT)
    download.start()
    lab.jobs.run()
    assert shown(download) is TransferState.SEEDING
    assert lab.saved(download).complete
    assert lab.announcer.completions == [DESCRIBED.info_hash]
