"""What the commands say when something doesn't go as it should, through real clients."""

from __future__ import annotations

from pathlib import Path

from tests.contract.sharing import share
from tests.support.content import make_file, make_tree
from tests.support.disk import small_disk
from tests.support.programs.processes import ClientProcess
from tests.support.waiting import wait_until

MIB = 1 << 20


def test_why(ann: ClientProcess, bob: ClientProcess, group: str, shared: Path) -> None:
    idle = {
        "reason": "Complete and seeding; nobody is downloading it at the moment.",
        "hint": "Nothing to do.",
    }
    wait_until(lambda: ann.ok("why", group, shared.name) == idle, what="it to be offered")
    ann.ok("pause", group, shared.name)
    assert ann.ok("why", group, shared.name) == {
        "reason": "It is paused.",
        "hint": f"Type: resume {group} {shared.name}",
    }
    ann.ok("resume", group, shared.name)
    bob.fails("no_such_file", "why", group, "nothing")
    bob.fails("usage", "why")


def test_relocate_finds_a_moved_file(ann: ClientProcess, group: str, tmp_path: Path) -> None:
    old = share(ann, group, tmp_path / "old name.txt")
    (tmp_path / "there" / "below").mkdir(parents=True)
    new = old.rename(tmp_path / "there" / "below" / "new name.txt")
    decoy = tmp_path / "there" / "decoy"
    decoy.write_bytes(bytes(new.stat().st_size))
    for place in (tmp_path / "nowhere", tmp_path / "nowhere" / "at all"):
        ann.fails("file_not_found", "relocate", group, old.name, str(place))
    ann.fails("file_changed", "relocate", group, old.name, str(decoy))
    answer = ann.ok("relocate", group, old.name, str(tmp_path / "there"))
    assert answer == {"group": group, "name": old.name, "path": str(new)}
    shares = ann.ok("show_shares")["shares"]
    assert [row["path"] for row in shares if row["group"] == group] == [str(new)]
    ann.fails("no_such_file", "relocate", group, "nothing", str(new))
    ann.fails("usage", "relocate", old.name)


def test_relocate_finds_a_moved_folder(ann: ClientProcess, group: str, tmp_path: Path) -> None:
    old = make_tree(tmp_path / "trip", {"a": 100, "b/c": 200_000, "empty": 0})
    ann.ok("upload_file", str(old), group)
    (tmp_path / "elsewhere").mkdir()
    new = old.rename(tmp_path / "elsewhere" / "holiday")
    assert ann.ok("relocate", group, "trip", str(tmp_path))["path"] == str(new)
    (new / "a").write_bytes(b"x" * 100)
    ann.fails("file_changed", "relocate", group, "trip", str(tmp_path))


def test_an_incomplete_download_cannot_be_relocated(
    ann: ClientProcess, bob: ClientProcess, group: str, shared: Path, tmp_path: Path
) -> None:
    ann.ok("pause", group, shared.name)
    bob.ok("download_file", group, shared.name, str(tmp_path / "copy"))
    bob.fails("usage", "relocate", group, shared.name, str(shared))
    bob.ok("cancel", group, shared.name)
    ann.ok("resume", group, shared.name)


def test_a_download_larger_than_the_disk(
    ann: ClientProcess, bob: ClientProcess, group: str, tmp_path: Path
) -> None:
    content = make_file(tmp_path / "big", 3 * MIB)
    ann.ok("upload_file", str(content), group)
    with small_disk(tmp_path / "disk", 2 * MIB) as disk:
        message = bob.fails("disk_full", "download_file", group, "big", str(disk))
        assert "Not enough space in" in message
        assert not list(disk.iterdir())


def test_a_disk_that_fills_up(
    ann: ClientProcess, bob: ClientProcess, group: str, tmp_path: Path
) -> None:
    content = make_file(tmp_path / "content", 3 * MIB)
    ann.ok("upload_file", str(content), group)
    ann.ok("pause", group, "content")
    with small_disk(tmp_path / "disk", 4 * MIB) as disk:
        bob.ok("download_file", group, "content", str(disk))
        other = disk / "other"
        other.write_bytes(bytes(3 * MIB))
        ann.ok("resume", group, "content")
        wait_until(lambda: bob.transfer(group, "content")["error"], what="the disk to be full")
        row = bob.transfer(group, "content")
        assert row["state"] == "paused"
        assert "resumes automatically" in row["error"]
        assert "Not enough space in" in bob.ok("why", group, "content")["reason"]
        assert f"{group}/content" in bob.ok("wait 30")["failed"]
        other.unlink()
        wait_until(lambda: bob.transfer(group, "content")["state"] == "seeding", what="the end")
        assert (disk / "content").read_bytes() == content.read_bytes()
        bob.ok("stop_share", group, "content")
