"""Many files with one command, through real processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.programs.processes import ClientProcess

COUNT = 12


@pytest.fixture
def takes(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "takes"
    folder.mkdir()
    paths = [folder / f"take {number:02}.wav" for number in range(COUNT)]
    for path in paths:
        path.write_bytes(path.name.encode() * 1000)
    return paths


@pytest.fixture
def uploaded(ann: ClientProcess, group: str, takes: list[Path]) -> dict[str, Any]:
    return ann.ok("upload_file", f"{takes[0].parent}/*.wav", group)


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


def test_many_files_are_shared_and_downloaded(
    bob: ClientProcess, group: str, takes: list[Path], uploaded: dict[str, Any], tmp_path: Path
) -> None:
    assert uploaded.keys() == {"group", "files"}
    assert uploaded["group"] == group
    assert names(uploaded["files"]) == names(bob.ok("list_files", group)["files"])
    assert {tuple(row) for row in uploaded["files"]} == {("name", "size", "pieces", "info_hash")}
    assert sum(row["size"] for row in uploaded["files"]) == sum(p.stat().st_size for p in takes)

    destination = tmp_path / "new" / "folder"
    one = bob.ok("download_file", group, takes[0].name, f"{destination}/")
    assert one["destination"] == str(destination / takes[0].name)
    started = bob.ok("download_file", group, takes[1].name, "TAKE 0*", str(destination))
    assert started.keys() == {"group", "downloads"}
    assert names(started["downloads"]) == [path.name for path in takes[1:10]]
    assert {tuple(row) for row in started["downloads"]} == {("name", "destination", "info_hash")}
    rest = bob.ok("download_file", group, "--all", str(destination))
    assert names(rest["downloads"]) == [path.name for path in takes[10:]]
    bob.ok("wait 30")
    for path in takes:
        assert (destination / path.name).read_bytes() == path.read_bytes()
    assert bob.ok("download_file", group, "--all", str(destination))["downloads"] == []


def test_a_failure_stops_no_other(
    ann: ClientProcess, bob: ClientProcess, group: str, takes: list[Path], uploaded: dict[str, Any]
) -> None:
    other = takes[0].with_name("other.txt")
    other.write_bytes(b"other")
    takes[3].write_bytes(b"other content under a name that is taken")
    gone = str(takes[0].with_name("gone"))
    said = bob.fails("name_taken", "upload_file", group, str(takes[3]), gone, str(other))
    assert said.startswith(f"1 of 3 shared. Failed: {takes[3]}: {group} already has other content")
    assert f"{gone}: There is no such file" in said
    said = bob.fails(
        "no_such_file", "download_file", group, "gone", takes[1].name, f"{other.parent}/bob/"
    )
    assert said.startswith("1 of 2 downloads started. Failed: gone: There is no file")
    bob.wait_complete(group, takes[1].name)


def test_several_transfers_are_paused_and_resumed(
    ann: ClientProcess, group: str, takes: list[Path], uploaded: dict[str, Any]
) -> None:
    paused = ann.ok("pause", group, "take 0?.wav", takes[10].name)
    assert paused.keys() == {"group", "transfers"}
    assert {row["state"] for row in paused["transfers"]} == {"paused"}
    assert len(paused["transfers"]) == 11
    assert len(ann.ok("resume", group, "*")["transfers"]) == COUNT
    assert ann.ok("stop_share", group, "*") == {
        "group": group,
        "names": [path.name for path in takes],
    }
    assert ann.ok("list_files", group)["files"] == []


def test_the_group_in_use_and_the_download_folder(
    bob: ClientProcess, group: str, takes: list[Path], uploaded: dict[str, Any], tmp_path: Path
) -> None:
    bob.ok("settings", "download_folder", str(tmp_path / "downloads"))
    bob.ok("use_group", group)
    single = bob.ok("download_file", takes[0].name)
    assert single["destination"] == str(tmp_path / "downloads" / takes[0].name)
    started = bob.ok("download_file", *(path.name for path in takes[1:4]))
    assert names(started["downloads"]) == [path.name for path in takes[1:4]]
    bob.ok("wait 30")
    assert all((tmp_path / "downloads" / path.name).exists() for path in takes[:4])
