"""Failures of a transfer, their messages, and late reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.core.notices.events import (
    ShareFailed,
    TransferFailed,
)
from client.core.transfers.resume import FileStamps
from client.results.transfers import TransferState
from client.state.database import Database
from client.state.transfers import TransferStore
from client.transfers.transfer import Transfer
from client.transfers.transfer_storage import TransferStorage
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.transfers import TransferLab, failure, shown, torrent_of
from tests.unit.client.transfers.conftest import CONTENT, DESCRIBED

REFUSAL = MinitorrentError(ErrorCode.NOT_MEMBER, "You are no longer a member.")
BROKEN = MinitorrentError(ErrorCode.PERMISSION_DENIED, "The disk can't be written.")


# --- failing ---------------------------------------------------------------------------------
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


def test_a_share_fails_while_its_file_is_missing(
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


# --- the database -----------------------------------------------------------------------------
class FullStore(TransferStore):
    """A database without space for the progress of downloads."""

    def update_progress(self, transfer: int, bitfield: Bitfield, stamps: FileStamps) -> None:
        raise MinitorrentError(ErrorCode.DISK_FULL, "The database's disk is full.")


@pytest.fixture
def unrecorded(database: Database, lab: TransferLab, active: Transfer) -> Transfer:
    """A download of which two pieces are here, and of which nothing can be recorded."""
    active.halt()
    storage = TransferStorage(active.record, FullStore(database))
    transfer = Transfer(storage, lab.context)
    transfer.start()
    lab.jobs.run()
    lab.seeder(transfer, CONTENT).give(2)
    return transfer


def test_a_transfer_stops_though_its_progress_can_not_be_recorded(
    lab: TransferLab, unrecorded: Transfer
) -> None:
    unrecorded.halt()
    assert (shown(unrecorded), unrecorded.verified.count) == (TransferState.PAUSED, 2)
    assert lab.announcer.announced == {}
    unrecorded.resume()
    lab.jobs.run()
    assert (shown(unrecorded), unrecorded.verified.count) == (TransferState.DOWNLOADING, 2)
    assert unrecorded.storage.checked == len(CONTENT), "it had to be checked"
    unrecorded.halt()


def test_a_checkpoint_that_can_not_be_recorded_fails_and_the_transfer_does_not(
    unrecorded: Transfer,
) -> None:
    with pytest.raises(MinitorrentError) as caught:
        unrecorded.checkpoint()
    assert caught.value.code is ErrorCode.DISK_FULL
    assert shown(unrecorded) is TransferState.DOWNLOADING
    unrecorded.halt()


# --- callbacks that come too late ------------------------------------------------------------
def test_reports_of_an_earlier_torrent_are_ignored(lab: TransferLab, partial: Transfer) -> None:
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


def test_a_download_completed_during_a_pause_finishes_at_resume(
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
