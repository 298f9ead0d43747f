"""Every command that takes a path, with odd paths.

Whatever it is, the answer comes soon, says what is wrong in a sentence, and is no `internal` error.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from client.commands.command import Argument, Command, Kind
from client.commands.registry import COMMANDS
from tests.contract.sharing import share
from tests.support.programs.processes import ClientProcess, TrackerProcess
from tests.support.programs.web import caller

TAKES_PATHS = [c for c in COMMANDS.values() if any(part.kind is Kind.PATH for part in c.arguments)]

LONG = "x" * 300
DEEP = "/".join(["d" * 200] * 30)
SIMPLE = {  # {tmp} stands for the test's own folder
    "of nobody": "~nobody-such/x",
    "nobody": "~nobody-such",
    "too long": f"/tmp/{LONG}",
    "too long below": f"/tmp/{LONG}/x",
    "too long, not there": f"{{tmp}}/nowhere/at/all/{LONG}",
    "too deep": f"/tmp/{DEEP}",
    "long in bytes": "/tmp/" + "ä" * 128,
    "NUL": "/tmp/a\0b",
    "line break": "{tmp}/nowhere/a\nb",
    "escape": "{tmp}/nowhere/\x1b[2J",
    "one byte of UTF-16": "{tmp}/nowhere/\u202egpj.exe",
    "empty": "",
    "blank": " ",
    "here": ".",
    "above": "..",
    "dash": "-",
    "root": "/",
    "far above": "/../../..",
    "reserved": "{tmp}/nowhere/CON",
    "dot at its end": "{tmp}/nowhere/a.",
    "no folder": "/dev/null/x",
    "endless": "/dev/zero",
    "null": "/dev/null",
    "terminal": "/dev/tty",
    "no size": "/proc/self/environ",
    "memory": "/proc/self/mem",
    "kernel's": "/proc/kmsg",
    "nowhere": "{tmp}/nowhere/at/all",
    "magnet": "magnet:?xt=urn:btih:" + "0" * 40 + "&x.pe=127.0.0.1:1",
    "bad magnet": "magnet:?",
}
MADE = [
    "fifo",
    "below a fifo",
    "socket",
    "loop",
    "dangling",
    "folder",
    "empty file",
    "below a file",
]
MADE += ["garbage", "huge", "in a loop", "link to a fifo", "not text inside"]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ClientProcess, ...]]:
    folder = tmp_path_factory.mktemp("odd")
    with (
        TrackerProcess(folder / "tracker") as tracker,
        ClientProcess(folder / "ann", [tracker]) as ann,
        ClientProcess(folder / "bob", [tracker], "--web", "127.0.0.1:0") as bob,
    ):
        ann.sign_in("ann")
        ann.ok("create_group", "lab")
        bob.sign_in("bob")
        bob.join("lab", ann)
        share(ann, "lab", folder / "theirs.bin")
        share(bob, "lab", folder / "mine.bin")
        ann.ok("share", str(folder / "theirs.bin"), str(folder / "theirs.torrent"), "lab")
        yield ann, bob


@pytest.fixture
def web(people: tuple[ClientProcess, ...]) -> Iterator[httpx.Client]:
    with caller(people[1]) as web:
        yield web


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[dict[str, str]]:
    at = {name: tmp_path / name for name in MADE}
    os.mkfifo(at["fifo"])
    at["below a fifo"] = at["fifo"] / "x"
    at["loop"].symlink_to(at["loop"])
    at["in a loop"] = at["loop"] / "x"
    at["dangling"].symlink_to(tmp_path / "nothing")
    at["link to a fifo"].symlink_to(at["fifo"])
    at["folder"].mkdir()
    at["empty file"].touch()
    at["below a file"] = at["empty file"] / "x"
    at["garbage"].write_bytes(b"d4:infode" * 5)
    with at["huge"].open("wb") as file:
        file.truncate(1 << 36)
    at["not text inside"].mkdir()
    Path(os.fsdecode(os.fsencode(at["not text inside"]) + b"/caf\xe9")).touch()
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(at["socket"]))
        simple = {name: path.replace("{tmp}", str(tmp_path)) for name, path in SIMPLE.items()}
        yield {**simple, **{name: str(path) for name, path in at.items()}}


def body(command: Command, odd: Argument, path: str, folder: Path) -> dict[str, object]:
    """Return the command's arguments, valid except for the odd path."""
    usual = {
        "GROUP": "lab",
        "NAME": "theirs.bin" if command.name == "download_file" else "mine.bin",
        "PATH": str(folder / "mine.bin"),
        "METAINFO": str(folder / "mine.torrent"),
        "METAINFO_OR_MAGNET": str(folder / "theirs.torrent"),
        "DEST": str(folder / "out"),
        "FOLDER": str(folder / "out"),
    }
    given: dict[str, object] = {
        argument.name.lower(): path if argument is odd else usual[argument.name]
        for argument in command.arguments
    }
    return given


@pytest.mark.parametrize(
    ("command", "odd"),
    [
        pytest.param(command, argument, id=f"{command.name} {argument.name}")
        for command in TAKES_PATHS
        for argument in command.arguments
        if argument.kind is Kind.PATH
    ],
)
def test_odd_paths(
    people: tuple[ClientProcess, ...],
    web: httpx.Client,
    paths: dict[str, str],
    command: Command,
    odd: Argument,
    tmp_path: Path,
) -> None:
    ann, bob = people
    folder = ann.folder.parent
    relative = {"blank", "here", "above", "dash", "magnet", "bad magnet"}  # to the client's folder
    roots = {"root", "far above"}
    is_read = odd.name == "PATH" or (odd.name.startswith("METAINFO") and command.name != "share")
    # Some would be read completely, and a test must not write to others.
    skipped = roots | {"above", "here", "huge"} if odd.name == "PATH" else roots | relative
    if odd.name != "PATH" and is_read:
        skipped = set()
    for name, path in paths.items():
        if name in skipped:
            continue
        given = body(command, odd, path, folder)
        answer = web.post(f"/api/v1/{command.name}", json=given).json()
        if answer["ok"]:
            if command.name in ("get", "download_file"):
                bob.run("cancel", "lab", "theirs.bin")
                bob.run("stop_share", "lab", "theirs.bin")
            continue
        error = answer["error"]
        assert error["code"] != "internal", (name, error)
        assert error["message"].isprintable(), (name, error)
        assert len(error["message"]) < 5000, (name, error)
    assert not [line for line in bob.errors.all if "Traceback" in line or "unexpected" in line]
