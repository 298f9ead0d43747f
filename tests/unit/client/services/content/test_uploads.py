"""Sharing a user's files: hashed, added to the group and recorded, or none of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from client.results.transfers import TransferState
from client.services.content.uploads import Offer
from client.storage.files.source import scan
from client.storage.hashing import hash_source
from common import metainfo
from common.errors import ErrorCode, MinitorrentError
from common.geometry import choose_piece_length
from common.metainfo import Metainfo, build_info
from tests.support.fakes.tracker_calls import SOURCE
from tests.support.fakes.transfers import failure, shown
from tests.unit.client.services.conftest import Sharer
from tests.unit.client.storage.contents import put

Content = bytes | Mapping[str, bytes]


def described_by_others(path: Path, *, mtime: int | None) -> Metainfo:
    """The metainfo of another member, whose copy has another time."""
    source = scan(path)
    length = choose_piece_length(source.length)
    theirs = [file._replace(mtime=mtime) for file in source.files]
    pieces = hash_source(source, length)
    info = build_info(
        source.name, theirs, length, pieces, source=SOURCE, is_folder=source.is_folder
    )
    return metainfo.parse(metainfo.encode(info))


def assert_nothing_left(ann: Sharer) -> None:
    assert ann.records == []
    assert ann.manager.all() == []
    assert ann.lab.announcer.announced == {}


# --- a file, a folder -------------------------------------------------------------------------
@pytest.mark.parametrize("content", [b"data", {"a": b"1", "d/b": b"2"}, b""])
def test_content_is_offered_recorded_and_shared(
    ann: Sharer, tmp_path: Path, content: Content
) -> None:
    put(tmp_path / "f", content)
    transfer = ann.upload(tmp_path / "f")
    assert shown(transfer) is TransferState.SEEDING
    described = ann.tracker.shared["f"]
    assert described.info_hash == transfer.info_hash
    assert described.source == SOURCE
    (record,) = ann.records
    assert (record.is_upload, record.complete, record.path) == (True, True, tmp_path / "f")
    assert record.stamps == scan(tmp_path / "f").stamps
    assert list(ann.lab.announcer.announced) == [transfer.info_hash]
    assert transfer.storage.checked == 0, "it was hashed once"


def test_content_may_have_another_name_in_the_group(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    transfer = ann.upload(tmp_path / "f", "other")
    assert list(ann.tracker.shared) == ["other"]
    assert (transfer.record.name, transfer.path) == ("other", tmp_path / "f")


def test_progress_is_reported_up_to_the_end(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", bytes(100_000))
    seen: list[tuple[int, int]] = []
    ann.upload(tmp_path / "f", progress=lambda *progress: seen.append(progress))
    assert seen[-1] == (100_000, 100_000)
    assert seen == sorted(seen)


def test_a_reader_learns_it_before_anything_is_hashed(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", bytes(100_000))
    ann.tracker.refusal = "You are a reader in lab."
    seen: list[tuple[int, int]] = []
    with pytest.raises(MinitorrentError, match="You are a reader in lab") as caught:
        ann.upload(tmp_path / "f", progress=lambda *progress: seen.append(progress))
    assert caught.value.code is ErrorCode.PERMISSION_DENIED
    assert seen == []
    assert_nothing_left(ann)


def test_a_reader_shares_what_the_group_has(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    ann.tracker.shared["f"] = described_by_others(tmp_path / "f", mtime=None)
    ann.tracker.refusal = "You are a reader in lab."
    assert shown(ann.upload(tmp_path / "f")) is TransferState.SEEDING


def test_a_path_without_a_file_is_refused(ann: Sharer, tmp_path: Path) -> None:
    with pytest.raises(MinitorrentError) as caught:
        ann.upload(tmp_path / "f")
    assert caught.value.code is ErrorCode.FILE_NOT_FOUND
    assert ann.tracker.called == []


# --- the same again ---------------------------------------------------------------------------
def test_an_existing_share_is_kept_without_hashing(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    first = ann.upload(tmp_path / "f")
    ann.tracker.called.clear()
    assert ann.upload(tmp_path / "f") is first
    assert ann.tracker.called == []
    assert len(ann.records) == 1


def test_different_content_under_an_own_name_is_refused_with_advice(
    ann: Sharer, tmp_path: Path
) -> None:
    put(tmp_path / "f", b"data")
    first = ann.upload(tmp_path / "f")
    (tmp_path / "f").write_bytes(b"other")
    with pytest.raises(MinitorrentError, match="stop_share the old one first") as caught:
        ann.upload(tmp_path / "f")
    assert caught.value.code is ErrorCode.NAME_TAKEN
    assert ann.manager.all() == [first]


def test_the_same_content_at_another_path_replaces_the_share(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    (tmp_path / "copy").mkdir()
    put(tmp_path / "copy" / "f", b"data")
    first = ann.upload(tmp_path / "f")
    second = ann.upload(tmp_path / "copy" / "f")
    assert (shown(first), shown(second)) == (TransferState.PAUSED, TransferState.SEEDING)
    assert second.info_hash == first.info_hash
    assert ann.manager.all() == [second]
    (record,) = ann.records
    assert record.path == tmp_path / "copy" / "f"


def test_a_failed_share_is_shared_again_once_its_file_is_back(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    first = ann.upload(tmp_path / "f")
    (tmp_path / "f").unlink()
    first.checkpoint()
    ann.lab.jobs.run()
    assert failure(first) is not None
    put(tmp_path / "f", b"data")
    second = ann.upload(tmp_path / "f")
    assert shown(second) is TransferState.SEEDING
    assert ann.manager.all() == [second]


# --- what another member shares ---------------------------------------------------------------
def while_adding(ann: Sharer, theirs: Metainfo) -> None:
    """Let another member share this just before us."""
    ann.tracker.before["add_file"] = lambda: ann.tracker.shared.setdefault(theirs.name, theirs)


@pytest.mark.parametrize("mtime", [None, 7])
@pytest.mark.parametrize("content", [b"data", {"a": b"1", "d/b": b"2"}, b""])
@pytest.mark.parametrize("meanwhile", [True, False])
def test_the_same_content_of_another_member_is_one_file(
    ann: Sharer, tmp_path: Path, content: Content, mtime: int | None, meanwhile: bool
) -> None:
    put(tmp_path / "f", content)
    theirs = described_by_others(tmp_path / "f", mtime=mtime)
    if meanwhile:
        while_adding(ann, theirs)
    else:
        ann.offered(theirs)
    approved: list[Metainfo] = []
    transfer = ann.uploads.upload("ann", "lab", Offer(tmp_path / "f"), None, approved.append)
    assert transfer.info_hash == approved[-1].info_hash == theirs.info_hash
    assert transfer.record.stamps == scan(tmp_path / "f").stamps


@pytest.mark.parametrize("meanwhile", [True, False])
def test_other_content_of_another_member_keeps_its_name(
    ann: Sharer, tmp_path: Path, meanwhile: bool
) -> None:
    put(tmp_path / "f", b"their")
    theirs = described_by_others(tmp_path / "f", mtime=7)
    if meanwhile:
        while_adding(ann, theirs)
    else:
        ann.offered(theirs)
    (tmp_path / "f").write_bytes(b"other")
    with pytest.raises(MinitorrentError, match="--name") as caught:
        ann.upload(tmp_path / "f")
    assert caught.value.code is ErrorCode.NAME_TAKEN
    assert "stop_share" not in caught.value.message
    assert_nothing_left(ann)


def test_a_name_conflict_without_details_is_reported(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    ann.offered(described_by_others(tmp_path / "f", mtime=7))
    ann.tracker.fail("get_file", ErrorCode.NO_SUCH_FILE)
    with pytest.raises(MinitorrentError) as caught:
        ann.upload(tmp_path / "f")
    assert caught.value.code is ErrorCode.NAME_TAKEN
    assert_nothing_left(ann)


# --- what goes wrong --------------------------------------------------------------------------
@pytest.mark.parametrize("operation", ["get_group", "get_file", "add_file"])
def test_a_tracker_that_fails_midway_leaves_nothing_behind(
    ann: Sharer, tmp_path: Path, operation: str
) -> None:
    put(tmp_path / "f", b"data")
    ann.tracker.fail(operation)
    with pytest.raises(MinitorrentError) as caught:
        ann.upload(tmp_path / "f")
    assert caught.value.code is ErrorCode.TRACKER_UNREACHABLE
    assert_nothing_left(ann)
    assert ann.tracker.shared == {}
    ann.tracker.before.clear()
    assert shown(ann.upload(tmp_path / "f")) is TransferState.SEEDING


def test_a_tracker_that_fails_ends_no_earlier_share(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    first = ann.upload(tmp_path / "f")
    (tmp_path / "copy").mkdir()
    put(tmp_path / "copy" / "f", b"data")
    ann.tracker.fail("add_file")
    with pytest.raises(MinitorrentError):
        ann.upload(tmp_path / "copy" / "f")
    assert (shown(first), ann.manager.all()) == (TransferState.SEEDING, [first])


def test_an_upload_cancelled_during_hashing_leaves_nothing_behind(
    ann: Sharer, tmp_path: Path
) -> None:
    put(tmp_path / "f", bytes(1 << 20))

    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt  # Ctrl-C

    with pytest.raises(KeyboardInterrupt):
        ann.upload(tmp_path / "f", progress=cancel)
    assert_nothing_left(ann)
    assert "add_file" not in ann.tracker.called
    assert shown(ann.upload(tmp_path / "f")) is TransferState.SEEDING


def test_a_file_that_changes_while_it_is_hashed_is_not_shared(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", bytes(1 << 20))
    edit: list[Callable[[], object]] = [lambda: put(tmp_path / "f", bytes(100))]

    def progress(done: int, total: int) -> None:
        if edit:
            edit.pop()()

    with pytest.raises(MinitorrentError) as caught:
        ann.upload(tmp_path / "f", progress=progress)
    assert caught.value.code is ErrorCode.FILE_CHANGED
    assert_nothing_left(ann)
    assert ann.tracker.shared == {}


def test_an_unapproved_share_is_not_announced(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")

    def refuse(_: Metainfo) -> None:
        raise MinitorrentError(ErrorCode.FILE_EXISTS, "Something is in the way.")

    with pytest.raises(MinitorrentError):
        ann.uploads.upload("ann", "lab", Offer(tmp_path / "f"), None, refuse)
    assert ann.tracker.shared == {}
    assert_nothing_left(ann)


# --- with a metainfo file ---------------------------------------------------------------------
def test_a_share_with_a_metainfo_file_writes_it_beside(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    (tmp_path / "out").mkdir()
    offer = Offer(tmp_path / "f")
    transfer, written = ann.uploads.share("ann", "lab", offer, tmp_path / "out", None)
    assert written == tmp_path / "out" / "f.torrent"
    assert metainfo.parse(written.read_bytes()).info_hash == transfer.info_hash
    again, _ = ann.uploads.share("ann", "lab", offer, tmp_path / "out", None)
    assert again is transfer, "its own metainfo may be written again"


def test_a_foreign_file_at_the_metainfo_path_is_kept_and_nothing_shared(
    ann: Sharer, tmp_path: Path
) -> None:
    put(tmp_path / "f", b"data")
    put(tmp_path / "mine", b"a letter")
    with pytest.raises(MinitorrentError) as caught:
        ann.uploads.share("ann", "lab", Offer(tmp_path / "f"), tmp_path / "mine", None)
    assert caught.value.code is ErrorCode.FILE_EXISTS
    assert (tmp_path / "mine").read_bytes() == b"a letter"
    assert ann.tracker.called == []
    assert_nothing_left(ann)


def test_metainfo_of_other_content_is_kept_and_nothing_shared(ann: Sharer, tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    put(tmp_path / "g", b"other")
    kept = metainfo.encode(described_by_others(tmp_path / "g", mtime=7).info_bytes)
    put(tmp_path / "other.torrent", kept)
    with pytest.raises(MinitorrentError) as caught:
        ann.uploads.share("ann", "lab", Offer(tmp_path / "f"), tmp_path / "other.torrent", None)
    assert caught.value.code is ErrorCode.FILE_EXISTS
    assert (tmp_path / "other.torrent").read_bytes() == kept
    assert ann.tracker.shared == {}
    assert_nothing_left(ann)
