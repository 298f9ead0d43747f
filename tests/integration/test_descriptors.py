"""With few descriptors everything takes longer, and nothing fails for good."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.content import make_file
from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess
from tests.support.waiting import wait_until

FOLDERS, FILES = 30, 80


def under_limit(person: ClientProcess, soft: int, hard: int) -> ClientProcess:
    """Start a client with so few descriptors, set by `sh`."""
    command = f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$@"'
    person.command = ["sh", "-c", command, sys.executable, *person.command]
    return person


@contextmanager
def members(lab: Lab, soft: int, hard: int) -> Iterator[tuple[ClientProcess, ClientProcess]]:
    """ann and bob, with so few descriptors each."""
    people = [ClientProcess(lab.folder / name, lab.trackers) for name in ("ann", "bob")]
    ann, bob = (under_limit(person, soft, hard) for person in people)
    with ann, bob:
        ann.sign_in("ann")
        bob.sign_in("bob")
        ann.ok("create_group", GROUP)
        bob.join(GROUP, ann)
        yield ann, bob


def make_folders(place: Path) -> list[Path]:
    """Thirty folders of eighty files."""
    folders = [place / f"folder {number}" for number in range(FOLDERS)]
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        for file in range(FILES):
            make_file(folder / f"file {file}", 1000 + file, seed=number * FILES + file)
    return folders


def open_files(process: ClientProcess) -> int:
    """Descriptors that a process has open."""
    return sum(1 for _ in Path(f"/proc/{process.pid}/fd").iterdir())


@pytest.mark.parametrize(
    ("soft", "hard"), [(256, 256), pytest.param(512, 1024, marks=pytest.mark.soak)]
)
def test_thirty_folders_arrive(tmp_path: Path, soft: int, hard: int) -> None:
    folders = make_folders(tmp_path / "content")
    target = tmp_path / "copies"
    target.mkdir()
    with Lab(tmp_path) as lab, members(lab, soft, hard) as (ann, bob):
        for folder in folders:
            ann.ok("upload_file", str(folder), GROUP)
        for folder in folders:
            bob.ok("download_file", GROUP, folder.name, str(target))

        def arrived() -> bool:
            rows = bob.ok("show_downloads")["downloads"]
            assert not [row for row in rows if row["state"] == "failed"]
            return all(row["state"] == "seeding" for row in rows)

        wait_until(arrived, 100.0, "everything to arrive", interval=0.5)
        shares = ann.ok("show_shares")["shares"]
        assert len(shares) == FOLDERS
        assert max(open_files(ann), open_files(bob)) < hard
    for folder in folders:
        for file in folder.iterdir():
            assert (target / folder.name / file.name).read_bytes() == file.read_bytes()
