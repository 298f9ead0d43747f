"""Three clients of one tracker, driven line by line and answering in JSON.

ann owns a new group in every test, bob is a member of it, eve is not. A fourth never logs in.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sharing import share
from tests.support.programs.processes import ClientProcess, TrackerProcess

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clients")


@pytest.fixture(scope="package")
def tracker(folder: Path) -> Iterator[TrackerProcess]:
    with TrackerProcess(folder / "tracker", "--min-password-length", "8") as process:
        yield process


def client(folder: Path, tracker: TrackerProcess, user: str) -> Iterator[ClientProcess]:
    with ClientProcess(folder / user, [tracker]) as process:
        process.sign_in(user)
        yield process


@pytest.fixture(scope="package")
def ann(folder: Path, tracker: TrackerProcess) -> Iterator[ClientProcess]:
    yield from client(folder, tracker, "ann")


@pytest.fixture(scope="package")
def bob(folder: Path, tracker: TrackerProcess) -> Iterator[ClientProcess]:
    yield from client(folder, tracker, "bob")


@pytest.fixture(scope="package")
def eve(folder: Path, tracker: TrackerProcess) -> Iterator[ClientProcess]:
    yield from client(folder, tracker, "eve")


@pytest.fixture(scope="package")
def nobody(folder: Path, tracker: TrackerProcess) -> Iterator[ClientProcess]:
    with ClientProcess(folder / "nobody", [tracker]) as process:
        yield process


@pytest.fixture
def group(ann: ClientProcess, bob: ClientProcess) -> str:
    """Create a group of ann's, with bob as a member."""
    name = f"group-{next(_NUMBERS)}"
    ann.ok("create_group", name)
    bob.join(name, ann)
    return name


@pytest.fixture
def shared(ann: ClientProcess, group: str, tmp_path: Path) -> Path:
    """Create a file and share it with the group as ann."""
    return share(ann, group, tmp_path / f"file {next(_NUMBERS)}.bin")
