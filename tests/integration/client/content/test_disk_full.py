"""A disk that fills: refused before the start, paused on the way, gone on with by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.errors import ErrorCode, MinitorrentError
from tests.integration.client.team import GROUP, Person, Team
from tests.support.content import make_file
from tests.support.disk import small_disk
from tests.support.waiting import wait_until

MIB = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MiB."""
    with small_disk(tmp_path / "disk", 6 * MIB) as folder:
        yield folder


def filled(team: Team, tmp_path: Path, disk: Path) -> tuple[Person, Path, Path, Path]:
    """Bob, the content that he has only partly, its destination, and the file that fills the disk.

    The file in its way grows when the download has begun, as another program's would.
    """
    ann, bob = team.member("ann"), team.member("bob")
    content = make_file(tmp_path / "content", 5 * MIB)
    team.share(ann, content)
    ann.session.transfers.pause(GROUP, "content")
    copy = Path(bob.session.files.download(GROUP, "content", str(disk)).destination)
    wait_until(lambda: bob.row("content").state == "downloading", what="the beginning")
    other = disk / "other"
    other.write_bytes(b"x" * (3 * MIB))
    ann.session.transfers.resume(GROUP, "content")
    wait_until(lambda: bob.row("content").state == "paused", what="the disk to be full")
    return bob, content, copy, other


def test_a_download_larger_than_the_disk_is_refused(team: Team, tmp_path: Path, disk: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    team.share(ann, make_file(tmp_path / "content", 7 * MIB))
    with pytest.raises(MinitorrentError, match="Not enough space in") as raised:
        bob.session.files.download(GROUP, "content", str(disk))
    assert raised.value.code is ErrorCode.DISK_FULL
    assert not list(disk.iterdir())
    assert not bob.session.transfers.downloads().downloads


def test_a_full_disk_pauses_and_free_space_continues(
    team: Team, tmp_path: Path, disk: Path
) -> None:
    bob, content, copy, other = filled(team, tmp_path, disk)
    row = bob.row("content")
    assert row.state == "paused"
    assert row.error is not None
    assert "Not enough space in" in row.error
    assert bob.session.transfers.wait(5.0).failed == [f"{GROUP}/content"]
    wait_until(lambda: bob.notices_of("download_paused"), what="bob's notice")
    assert "download_paused" in [row.kind for row in bob.session.notices.list().notices]
    other.unlink()
    bob.finish("content")
    assert copy.read_bytes() == content.read_bytes()
    assert [path.name for path in disk.iterdir()] == ["content"]


def test_a_disk_still_full_after_a_restart(team: Team, tmp_path: Path, disk: Path) -> None:
    bob, content, copy, other = filled(team, tmp_path, disk)
    bob.restart()
    wait_until(lambda: bob.row("content").state == "paused", what="it to be found full again")
    assert bob.row("content").error
    other.unlink()
    bob.finish("content")
    assert copy.read_bytes() == content.read_bytes()


def test_a_download_paused_by_the_user_stays_paused(team: Team, tmp_path: Path, disk: Path) -> None:
    bob, _, copy, other = filled(team, tmp_path, disk)
    bob.session.transfers.pause(GROUP, "content")
    assert bob.row("content").error is None
    other.unlink()
    bob.restart()
    assert bob.row("content").state == "paused"
    assert not copy.exists()
