"""A transfer's life: paused, resumed, restarted, cancelled, checked again, failed, finished."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from client.assembly.parts import Parts
from client.config import DEFAULT_TIMING, Timing
from client.results.transfers import TransferState
from client.services.content.uploads import Offer
from client.storage.files.torrent_files import TorrentFiles
from common.errors import ErrorCode, MinitorrentError
from common.types import PieceIndex
from tests.integration.client.conftest import Log
from tests.integration.client.team import GROUP, Person, Team
from tests.integration.tracker.sessions import SessionClient
from tests.support.content import make_file, make_tree, sha256
from tests.support.disk import small_disk
from tests.support.waiting import wait_until

MIB = 1 << 20
SLOW = 300_000
"""Bytes a second: downloads here take nearly half a minute, unless the limit is lifted."""


def code(act: Callable[[], object]) -> ErrorCode:
    """The code of the error that it raises."""
    with pytest.raises(MinitorrentError) as raised:
        act()
    return raised.value.code


def half_way(
    team: Team, content: Path, timing: Timing = DEFAULT_TIMING
) -> tuple[Person, Person, str, Path]:
    """A seeder, a person with a paused partial download, its name and its path."""
    ann, bob = team.member("ann"), team.member("bob", timing=timing)
    name = team.share(ann, content)
    bob.session.limits.set("down", SLOW)
    copy = bob.start(name)
    wait_until(lambda: bob.row(name).done, what="the first piece")
    assert bob.session.transfers.pause(GROUP, name).state == "paused"
    bob.session.limits.set("down", 0)
    assert 0 < bob.row(name).progress < 1
    return ann, bob, name, copy


def partials(copy: Path) -> list[Path]:
    """Return the temporary files beside a download."""
    return list(copy.parent.glob("*.part"))


def until_failed(person: Person, name: str) -> str:
    """Wait until a transfer has failed; its error."""
    wait_until(lambda: person.row(name).state == "failed", what="the failure")
    return person.row(name).error or ""


def test_pause_and_resume(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 8 * MIB)
    ann, bob, name, copy = half_way(team, content)
    done = bob.row(name).done
    assert not copy.exists()
    assert partials(copy)
    assert bob.row(name).peers == 0
    assert bob.session.transfers.wait(5.0).completed == []
    assert bob.session.transfers.resume(GROUP, name).state != "paused"
    bob.session.transfers.resume(GROUP, name)  # nothing happens when it runs
    bob.finish(name)
    assert copy.read_bytes() == content.read_bytes()
    assert not partials(copy)
    assert bob.session.transfers.wait(5.0).completed == [f"{GROUP}/{name}"]
    uploaded = ann.session.transfers.shares().shares[0].uploaded
    assert uploaded < content.stat().st_size + 2 * MIB  # existing data was not downloaded again
    assert done > 0
    ended = bob.notices_of("download_completed")[0].text
    assert "8.0 MiB" in ended
    assert "from 1 peer" in ended


def test_pause_survives_a_restart(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 8 * MIB)
    _, bob, name, copy = half_way(team, content)
    done = bob.row(name).done
    bob.restart()
    assert bob.row(name).state == "paused"
    bob.session.transfers.resume(GROUP, name)
    wait_until(lambda: bob.row(name).state == "downloading", what="it to continue")
    assert bob.row(name).done >= done
    bob.restart()  # and a running one continues automatically
    bob.finish(name)
    assert copy.read_bytes() == content.read_bytes()
    shares = bob.session.transfers.shares().shares
    assert [share.name for share in shares] == [name]
    bob.session.accounts.logout()
    assert bob.session.accounts.login("bob", "secret123").sharing == 1


def test_cancel_deletes_partial_data(team: Team, tmp_path: Path) -> None:
    _, bob, name, copy = half_way(team, make_file(tmp_path / "content", 8 * MIB))
    bob.session.transfers.cancel(GROUP, name)
    assert not partials(copy)
    assert bob.session.transfers.downloads().downloads == []
    assert code(lambda: bob.session.transfers.cancel(GROUP, name)) is ErrorCode.NO_SUCH_FILE


def test_a_file_damaged_during_a_pause(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 8 * MIB)
    _, bob, name, copy = half_way(team, content)
    (partial,) = partials(copy)
    partial.write_bytes(bytes(content.stat().st_size))
    bob.session.transfers.resume(GROUP, name)
    bob.finish(name)
    assert copy.read_bytes() == content.read_bytes()


def test_the_final_name_is_taken_meanwhile(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", 8 * MIB)
    _, bob, name, copy = half_way(team, content)
    copy.write_text("mine")
    bob.session.transfers.resume(GROUP, name)
    assert "move it away" in until_failed(bob, name)
    assert copy.read_text() == "mine"
    assert bob.session.transfers.wait(5.0).failed == [f"{GROUP}/{name}"]
    assert bob.notices_of("download_failed")
    copy.unlink()
    bob.session.transfers.resume(GROUP, name)
    bob.finish(name)
    assert copy.read_bytes() == content.read_bytes()


def test_killed_between_naming_and_recording(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", MIB)
    ann, bob = team.member("ann"), team.member("bob")
    name = team.share(ann, content)
    copy = bob.fetch(name)
    ann.session.transfers.pause(GROUP, name)
    bob.session.close()
    with sqlite3.connect(bob.home / "state" / "client.sqlite") as database:
        database.execute("UPDATE transfers SET complete = 0, facts = NULL")
    database.close()
    bob.restart()
    bob.finish(name)  # from the existing data
    assert copy.read_bytes() == content.read_bytes()
    assert not partials(copy)


def test_a_changed_share_is_not_served(team: Team, tmp_path: Path) -> None:
    content = make_file(tmp_path / "content", MIB)
    ann, bob = team.member("ann"), team.member("bob")
    name = team.share(ann, content)
    good = content.read_bytes()
    content.write_bytes(b"changed" + good[7:])
    ann.session.transfers.recheck(GROUP, name)
    transfer = ann.session._transfers.get(GROUP, name)
    wait_until(lambda: transfer.error, what="the change to be noticed")
    assert transfer.error is not None
    assert transfer.error.code is ErrorCode.FILE_CHANGED
    content.write_bytes(good)
    ann.session.transfers.recheck(GROUP, name)
    assert bob.fetch(name).read_bytes() == good


def test_a_deleted_share(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_file(tmp_path / "content", MIB)
    name = team.share(ann, content)
    copy = bob.fetch(name)
    copy.unlink()
    bob.restart()
    assert "content" in until_failed(bob, name)
    assert bob.fetch(name).read_bytes() == content.read_bytes()  # asked for again


def test_a_file_truncated_while_served(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_file(tmp_path / "content", 8 * MIB)
    name = team.share(ann, content)
    bob.session.limits.set("down", SLOW)
    bob.start(name)
    wait_until(lambda: bob.row(name).done, what="the first piece")
    with content.open("r+b") as file:
        file.truncate(1000)
    transfer = ann.session._transfers.get(GROUP, name)
    wait_until(lambda: transfer.error, what="the loss to be noticed")
    assert bob.row(name).state == "downloading"


def test_existing_content_is_used(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_file(tmp_path / "content", MIB)
    name = team.share(ann, content)
    ann.session.transfers.pause(GROUP, name)
    downloads = bob.home / "downloads"
    downloads.mkdir()
    shutil.copy(content, downloads)
    bob.fetch(name)
    other = tmp_path / "other"
    make_file(other / name, 10)
    assert code(lambda: bob.session.files.download(GROUP, name, str(other))) is (
        ErrorCode.FILE_EXISTS
    )
    assert code(lambda: bob.session.transfers.cancel(GROUP, name)) is ErrorCode.USAGE
    bob.session.files.stop_share(GROUP, name)
    assert code(lambda: bob.session.files.download(GROUP, name, str(other))) is (
        ErrorCode.FILE_EXISTS
    )


def test_downloading_twice(team: Team, tmp_path: Path) -> None:
    _, bob, name, copy = half_way(team, make_file(tmp_path / "content", 8 * MIB))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    again = bob.session.files.download(GROUP, name, str(copy.parent))  # continues the paused one
    assert Path(again.destination) == copy
    assert code(lambda: bob.session.files.download(GROUP, name, str(elsewhere))) is (
        ErrorCode.FILE_EXISTS
    )
    bob.finish(name)


def test_a_download_that_does_not_fit_the_disk(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    with small_disk(tmp_path / "disk", MIB // 2) as disk:
        refused = code(lambda: bob.session.files.download(GROUP, name, str(disk)))
    assert refused is ErrorCode.DISK_FULL


def test_sharing_twice(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_file(tmp_path / "content", MIB)
    shared = ann.session.files.upload(content, GROUP)
    assert ann.session.files.upload(content, GROUP) == shared
    moved = tmp_path / "moved" / "content"
    moved.parent.mkdir()
    content.rename(moved)
    assert ann.session.files.upload(moved, GROUP).info_hash == shared.info_hash
    (share,) = ann.session.transfers.shares().shares
    assert share.path == str(moved)
    other = make_file(tmp_path / "content", 1000)
    assert code(lambda: ann.session.files.upload(other, GROUP)) is ErrorCode.NAME_TAKEN
    assert code(lambda: bob.session.files.upload(other, GROUP)) is ErrorCode.NAME_TAKEN
    bob.session.files.upload(Offer(other, "other name"), GROUP)
    mine = make_file(bob.home / "content", MIB)
    assert bob.session.files.upload(mine, GROUP).info_hash == shared.info_hash


def test_metainfo_files(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_tree(tmp_path / "folder", {"a": 100, "b/c": 40_000})
    ann.session.groups.use(GROUP)
    shared = ann.session.files.share(content, tmp_path, None)
    torrent = Path(shared.metainfo)
    assert torrent == tmp_path / "folder.torrent"
    assert torrent.stat().st_mode & 0o777 == 0o600
    assert ann.notices_of("warning")
    got = bob.session.files.get(str(torrent), str(bob.home))
    assert got.name == "folder"
    bob.finish("folder")
    assert sha256(Path(got.destination)) == sha256(content)
    bob.session.files.remove(torrent)
    assert bob.session.transfers.shares().shares == []
    assert Path(got.destination).exists()
    torrent.write_bytes(b"no metainfo")
    assert code(lambda: bob.session.files.get(str(torrent), str(bob.home))) is ErrorCode.USAGE
    torrent.write_bytes(bytes(17 * MIB))
    assert code(lambda: bob.session.files.get(str(torrent), str(bob.home))) is ErrorCode.USAGE
    assert code(lambda: ann.session.files.share(content, tmp_path / "no" / "x", None)) is (
        ErrorCode.FILE_NOT_FOUND
    )


def test_a_file_without_sharers_is_removed(team: Team, tmp_path: Path) -> None:
    """A user whom the tracker doesn't list as a sharer can still end the share."""
    ann, bob = team.member("ann"), team.member("bob")
    shared = ann.session.files.share(make_file(tmp_path / "content", 100), tmp_path, GROUP)
    bob.fetch("content")
    wait_until(lambda: ann.session.files.list(GROUP).files[0].seeders == 2, what="bob to be listed")
    with SessionClient(team.address) as elsewhere:
        elsewhere.login("bob")
        elsewhere.call("stop_share", group=GROUP, name="content")
    ann.session.files.stop_share(GROUP, "content")
    bob.session.files.remove(Path(shared.metainfo))
    assert bob.session.transfers.shares().shares == []


def test_wait_returns_after_downloads(team: Team, tmp_path: Path) -> None:
    _, bob, name, _ = half_way(team, make_file(tmp_path / "content", 8 * MIB))
    bob.session.limits.set("down", SLOW)
    bob.session.transfers.resume(GROUP, name)
    assert code(lambda: bob.session.transfers.wait(0.0)) is ErrorCode.TIMEOUT
    assert bob.session.transfers.wait(None, lambda: True).completed == []
    row = next(iter(bob.session.overview().downloads))
    assert row.name == name
    bob.session.limits.set("down", 0)
    bob.finish(name)
    assert bob.session.overview().seeding == 1


def test_an_unwritable_disk(team: Team, tmp_path: Path) -> None:
    is_broken = True

    class Unwritable(TorrentFiles):
        def write_pieces(self, pieces: Sequence[tuple[PieceIndex, memoryview]]) -> None:
            """See TorrentFiles."""
            if is_broken:
                raise MinitorrentError(ErrorCode.PERMISSION_DENIED, "It can't be written.")
            super().write_pieces(pieces)

    ann, bob = team.member("ann"), team.member("bob", parts=Parts(files=Unwritable))
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    bob.start(name)
    assert until_failed(bob, name) == "It can't be written."
    is_broken = False
    bob.session.transfers.resume(GROUP, name)
    bob.finish(name)


def test_late_reports_of_a_stopped_torrent_are_ignored(team: Team, tmp_path: Path) -> None:
    _, bob, name, _ = half_way(team, make_file(tmp_path / "content", 8 * MIB))
    transfer = bob.session._transfers.get(GROUP, name)
    bob.session.transfers.resume(GROUP, name)
    wait_until(lambda: transfer.torrent is not None, 10, "a torrent")
    stopped = transfer.torrent
    assert stopped is not None
    bob.session.transfers.pause(GROUP, name)
    bob.session.transfers.resume(GROUP, name)
    transfer.on_failed(stopped, MinitorrentError(ErrorCode.DISK_FULL, "The disk is full."))
    transfer.on_complete(stopped)
    bob.finish(name)


def test_an_internal_failure_is_logged_and_fails_the_transfer(
    team: Team, tmp_path: Path, log: Log
) -> None:
    class Failing(TorrentFiles):
        def open_partial(self, *, in_place: bool = False) -> None:
            """See TorrentFiles."""
            raise ValueError("a bug")

    ann, bob = team.member("ann"), team.member("bob", parts=Parts(files=Failing))
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    bob.start(name)
    assert "a bug" in until_failed(bob, name)
    assert [entry for entry in log if entry.get("exc_info")]
    log.clear()


def test_progress_is_recorded_during_a_download(team: Team, tmp_path: Path) -> None:
    content, timing = make_file(tmp_path / "content", 8 * MIB), Timing(checkpoint_every=0.2)
    _, bob, name, _ = half_way(team, content, timing)
    transfer = bob.session._transfers.get(GROUP, name)

    def recorded() -> int:
        record = transfer._context.store.get(transfer.record.id)
        assert record is not None
        assert record.bitfield
        return record.downloaded

    when_paused = recorded()
    bob.session.limits.set("down", SLOW)
    bob.session.transfers.resume(GROUP, name)
    wait_until(lambda: recorded() > when_paused, what="a checkpoint")
    assert bob.row(name).state is TransferState.DOWNLOADING
    bob.session.limits.set("down", 0)
    bob.finish(name)


def test_a_paused_download_shows_its_progress_after_a_restart(team: Team, tmp_path: Path) -> None:
    _, bob, name, _ = half_way(team, make_file(tmp_path / "content", 8 * MIB))
    row, here = bob.row(name), bob.session.transfers.piece_map(GROUP, name, 8)
    assert here.done > 0
    bob.restart()
    again = bob.row(name)
    assert (again.state, again.done, again.progress) == ("paused", row.done, row.progress)
    assert bob.session.transfers.piece_map(GROUP, name, 8).here == here.here
