"""Files and transfers through real processes: each result, and each error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.programs.processes import ClientProcess
from tests.support.waiting import wait_until


# --- files ------------------------------------------------------------------------------------
def test_upload_and_list_files(
    ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, group: str, tmp_path: Path
) -> None:
    path = tmp_path / "ünï code, with spaces.bin"
    path.write_bytes(b"x" * 100_000)
    uploaded = ann.ok("upload_file", str(path), group)
    assert uploaded.keys() == {"group", "name", "size", "pieces", "info_hash"}
    assert (uploaded["group"], uploaded["name"], uploaded["size"]) == (group, path.name, 100_000)
    assert len(bytes.fromhex(uploaded["info_hash"])) == 20
    listed = bob.ok("list_files", group)
    assert listed["group"] == group
    assert listed["files"] == [
        {
            "name": path.name,
            "size": 100_000,
            "pieces": uploaded["pieces"],
            "info_hash": uploaded["info_hash"],
            "owner": "ann",
            "seeders": listed["files"][0]["seeders"],
            "leechers": 0,
        }
    ]
    eve.fails("not_member", f"list_files {group}")
    eve.fails("no_such_group", "list_files of-nobody")
    assert ann.ok("upload_file", str(path), group, "--name", "other")["name"] == "other"


def test_upload_errors(
    ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, shared: Path, group: str
) -> None:
    nowhere = shared.with_name("nowhere")
    ann.fails("file_not_found", "upload_file", str(nowhere), group)
    eve.fails("not_member", "upload_file", str(shared), group)
    ann.fails("no_such_group", "upload_file", str(shared), "of-nobody")
    ann.fails("invalid_name", "upload_file", str(shared), group, "--name", "a/b")
    ann.fails("usage", "upload_file", str(shared), group, "too", "many")
    other = shared.parent / "other"
    other.write_bytes(b"other content")
    said = bob.fails("name_taken", "upload_file", str(other), group, "--name", shared.name)
    assert "--name" in said


def test_download(ann: ClientProcess, bob: ClientProcess, shared: Path, group: str) -> None:
    folder = shared.parent / "bob"
    folder.mkdir()
    started = bob.ok("download_file", group, shared.name, str(folder))
    assert started == {
        "group": group,
        "name": shared.name,
        "destination": str(folder / shared.name),
        "info_hash": bob.ok("list_files", group)["files"][0]["info_hash"],
    }
    done = bob.ok("wait 30")
    assert f"{group}/{shared.name}" in done["completed"]
    assert f"{group}/{shared.name}" not in done["failed"]
    assert (folder / shared.name).read_bytes() == shared.read_bytes()
    row = bob.transfer(group, shared.name)
    assert row == {
        "group": group,
        "name": shared.name,
        "state": "seeding",
        "progress": 1.0,
        "done": shared.stat().st_size,
        "size": shared.stat().st_size,
        "down_rate": row["down_rate"],
        "up_rate": row["up_rate"],
        "peers": row["peers"],
        "eta": None,
        "error": None,
    }


def test_download_errors(
    ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, shared: Path, group: str
) -> None:
    folder = str(shared.parent)
    bob.fails("no_such_file", "download_file", group, "nothing", folder)
    eve.fails("not_member", "download_file", group, shared.name, folder)
    bob.fails("no_such_group", "download_file", "of-nobody", shared.name, folder)
    bob.fails("file_not_found", "download_file", group, shared.name, f"{shared}/under-a-file")
    bob.fails("usage", "download_file", group)
    bob.fails("invalid_name", "download_file", "no such name", shared.name, folder)
    bob.fails("invalid_name", "upload_file", str(shared), "no such name")
    bob.fails("invalid_name", "magnet", "no such name", shared.name)
    bob.fails("invalid_name", "export_credentials", "no such name", folder)
    taken = shared.parent / "taken.txt"
    taken.write_bytes(b"something else")
    bob.fails("file_exists", "download_file", group, shared.name, str(taken))
    assert taken.read_bytes() == b"something else"


def test_existing_content_is_not_downloaded_again(
    ann: ClientProcess, bob: ClientProcess, shared: Path, group: str
) -> None:
    copy = shared.with_name("copy.bin")
    copy.write_bytes(shared.read_bytes())
    assert bob.ok("download_file", group, shared.name, str(copy))["destination"] == str(copy)
    bob.wait_complete(group, shared.name)


def test_stop_share(ann: ClientProcess, eve: ClientProcess, shared: Path, group: str) -> None:
    eve.fails("not_member", "stop_share", group, shared.name)
    ann.fails("no_such_file", "stop_share", group, "nothing")
    ann.fails("no_such_group", "stop_share", "of-nobody", shared.name)
    assert ann.ok("stop_share", group, shared.name) == {"group": group, "name": shared.name}
    assert ann.ok("list_files", group)["files"] == []
    assert shared.exists()


def test_find(ann: ClientProcess, eve: ClientProcess, shared: Path, group: str) -> None:
    found = ann.ok("find", shared.name)
    assert found["total"] == 1
    (row,) = found["files"]
    assert list(row) == ["group", "name", "size", "info_hash", "owner", "seeders", "leechers"]
    assert (row["group"], row["name"], row["owner"]) == (group, shared.name, "ann")
    assert eve.ok("find", shared.name) == {"files": [], "total": 0}
    ann.fails("usage", "find")
    ann.fails("usage", "find", "x", "--limit", "many")


def test_remove_file(
    ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, shared: Path, group: str
) -> None:
    eve.fails("not_member", "remove_file", group, shared.name)
    bob.fails("not_admin", "remove_file", group, shared.name)
    ann.fails("no_such_file", "remove_file", group, "nothing")
    ann.fails("no_such_group", "remove_file", "of-nobody", shared.name)
    assert ann.ok("remove_file", group, shared.name) == {"group": group, "name": shared.name}
    assert ann.ok("list_files", group)["files"] == []
    assert shared.name not in [row["name"] for row in ann.ok("show_shares")["shares"]]
    bob.fails("no_such_file", "download_file", group, shared.name, str(shared.parent))
    assert shared.exists()


# --- transfers --------------------------------------------------------------------------------
def test_show_shares(ann: ClientProcess, shared: Path, group: str) -> None:
    rows = [row for row in ann.ok("show_shares")["shares"] if row["group"] == group]
    assert rows == [
        {
            "group": group,
            "name": shared.name,
            "path": str(shared),
            "size": shared.stat().st_size,
            "uploaded": 0,
            "peers": 0,
        }
    ]


def test_pause_resume_cancel_and_recheck(
    ann: ClientProcess, bob: ClientProcess, shared: Path, group: str
) -> None:
    ann.ok("pause", group, shared.name)
    bob.ok("download_file", group, shared.name, str(shared.parent / "wanted.bin"))
    result = {"group": group, "name": shared.name}
    assert bob.ok("pause", group, shared.name) == {**result, "state": "paused"}
    assert bob.transfer(group, shared.name)["state"] == "paused"
    resumed = bob.ok("resume", group, shared.name)
    assert resumed.keys() == {"group", "name", "state"}
    assert resumed["state"] in ("queued", "checking", "downloading")
    rechecked = ann.ok("recheck", group, shared.name)
    assert rechecked["state"] in ("queued", "checking", "seeding", "paused")
    cancelled = bob.ok("cancel", group, shared.name)
    assert cancelled.keys() == {"group", "name", "state"}
    assert not (shared.parent / "wanted.bin").exists()
    assert all(row["group"] != group for row in bob.ok("show_downloads")["downloads"])


@pytest.mark.parametrize("command", ["pause", "resume", "cancel", "recheck", "peers"])
def test_missing_transfers(bob: ClientProcess, group: str, command: str) -> None:
    bob.fails("no_such_file", f"{command} {group} nothing")
    bob.fails("usage", f"{command} a b c")


def test_peers(ann: ClientProcess, bob: ClientProcess, group: str, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(300_000_000)
    ann.ok("upload_file", str(path), group)
    assert ann.ok("peers", group, path.name) == {"peers": []}
    bob.ok("limit down 20M")  # so that it lasts until the check
    bob.ok("download_file", group, path.name, str(tmp_path / "bob.bin"))

    def introduced() -> list[dict[str, Any]]:
        """Return the peers whose pieces are known by now."""
        return [row for row in bob.ok("peers", group, path.name)["peers"] if row["progress"]]

    try:
        row = wait_until(introduced, what="a peer")[0]
    finally:
        bob.ok("limit down 0")
    assert row["address"] == str(ann.address) or "I" in row["flags"]  # she may have dialled him
    assert row["client"].startswith("Minitorrent")
    assert row["user"] == "ann"
    assert row["progress"] == 1
    assert row["down_rate"] >= 0
    assert row["up_rate"] == 0
    assert isinstance(row["flags"], str)
    bob.wait_complete(group, path.name)


def test_wait(ann: ClientProcess, bob: ClientProcess, shared: Path, group: str) -> None:
    ann.ok("wait")
    ann.ok("pause", group, shared.name)
    bob.ok("wait")
    bob.ok("download_file", group, shared.name, str(shared.parent / "late.bin"))
    bob.fails("timeout", "wait 0.2")
    bob.fails("usage", "wait soon")
    ann.ok("resume", group, shared.name)
    assert bob.ok("wait 60", timeout=70) == {
        "completed": [f"{group}/{shared.name}"],
        "failed": [],
    }
    assert bob.ok("wait") == {"completed": [], "failed": []}
