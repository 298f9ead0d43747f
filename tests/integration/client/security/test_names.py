"""Names from outside never lead out of the folder that a download was sent to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import bencode2
import pytest

from client.assembly.opening import open_session
from client.config import ClientConfig
from client.services.session import Session
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from tests.integration.client.team import GROUP
from tests.unit.client.net.fake_tracker import FakeTracker, login_reply

BAD = [
    "..",
    ".",
    "",
    "../escaped",
    "/tmp/escaped",
    "a/b",
    "a\\b",
    "nul\0byte",
    "line\nbreak",
    "CON",
    "aux.txt",
    "C:escaped",
    "trailing dot.",
    "x" * 256,
]


def single(name: str) -> dict[str, object]:
    """The info dictionary of one small file."""
    return {
        "length": 3,
        "name": name,
        "piece length": 16384,
        "pieces": hashlib.sha1(b"abc").digest(),
        "private": 1,
    }


def folder(*paths: list[str], name: str = "folder") -> dict[str, object]:
    """The info dictionary of a folder with files of one byte."""
    return {
        "files": [{"length": 1, "path": path} for path in paths],
        "name": name,
        "piece length": 16384,
        "pieces": hashlib.sha1(b"a" * len(paths)).digest(),
        "private": 1,
    }


CRAFTED = [
    *(single(name) for name in BAD),
    *(folder([name]) for name in BAD),
    *(folder(["fine"], name=name) for name in BAD),
    folder(["..", "..", "escaped"]),
    folder(["sub", "..", "..", "escaped"]),
    folder(["Read.me"], ["read.ME"]),
    folder(["a"], ["a"]),
    folder(["a"], ["a", "b"]),
    folder(["\u00e9"], ["e\u0301"]),
    folder([]),
    folder(["x" * 250] * 20),
]


@pytest.fixture
def tracker() -> Iterator[FakeTracker]:
    """A tracker that returns scripted metainfo."""
    with FakeTracker() as tracker:
        tracker.answers["login"] = lambda _: login_reply("bob")
        yield tracker


@pytest.fixture
def session(tracker: FakeTracker, tmp_path: Path) -> Iterator[Session]:
    config = ClientConfig(Endpoint("127.0.0.1", 0), (tracker.address,), tmp_path / "state")
    session = open_session(config)
    session.accounts.login("bob", "secret123")
    yield session
    session.close()


def same(reply: dict[str, object], _: object) -> dict[str, object]:
    """An answer that is always this one."""
    return reply


def everything(folder: Path) -> set[Path]:
    """Return the entries below a folder, except the client's state."""
    return {path for path in folder.rglob("*") if "state" not in path.parts}


@pytest.mark.parametrize("from_file", [False, True])
def test_a_malicious_tracker_or_metainfo_file_is_refused(
    tracker: FakeTracker, session: Session, tmp_path: Path, from_file: bool
) -> None:
    target = tmp_path / "inner" / "target"
    target.mkdir(parents=True)
    stray = tmp_path / "foreign.torrent"
    stray.touch()
    before = everything(tmp_path)
    for info in CRAFTED:
        data = bencode2.bencode({"info": info})
        reply = {
            "group": GROUP,
            "name": "harmless",
            "size": 3,
            "pieces": 1,
            "info_hash": hashlib.sha1(bencode2.bencode(info)).hexdigest(),
            "owner": "mallory",
            "metainfo": base64.b64encode(data).decode(),
        }
        tracker.answers.update(dict.fromkeys(("get_file", "find_file"), partial(same, reply)))
        stray.write_bytes(data)
        with pytest.raises(MinitorrentError) as raised:
            if from_file:
                session.files.get(str(stray), str(target))
            else:
                session.files.download(GROUP, "harmless", str(target))
        assert raised.value.code in (ErrorCode.INVALID_NAME, ErrorCode.USAGE), info
        assert everything(tmp_path) == before, info
    assert session.transfers.downloads().downloads == []


def test_metainfo_of_another_file_is_refused(
    tracker: FakeTracker, session: Session, tmp_path: Path
) -> None:
    data = bencode2.bencode({"info": single("fine")})
    tracker.answers["get_file"] = lambda _: {
        "group": GROUP,
        "name": "fine",
        "size": 3,
        "pieces": 1,
        "info_hash": "00" * 20,
        "owner": "mallory",
        "metainfo": base64.b64encode(data).decode(),
    }
    with pytest.raises(MinitorrentError, match="metainfo doesn't match the file"):
        session.files.download(GROUP, "fine", str(tmp_path))
    assert everything(tmp_path) == set()


def test_the_listed_name_does_not_decide_the_path(
    tracker: FakeTracker, session: Session, tmp_path: Path
) -> None:
    info = single("fine")
    reply = {
        "group": "..",
        "name": "../../escaped",
        "size": 3,
        "pieces": 1,
        "info_hash": hashlib.sha1(bencode2.bencode(info)).hexdigest(),
        "owner": "mallory",
        "metainfo": base64.b64encode(bencode2.bencode({"info": info})).decode(),
    }
    tracker.answers["get_file"] = lambda _: reply
    tracker.answers["get_group"] = lambda _: {"group": "..", "mode": "open", "source": "x"}
    target = tmp_path / "inner" / "target"
    target.mkdir(parents=True)
    result = session.files.download(GROUP, "harmless", str(target))
    assert Path(result.destination) == target / "fine"
    session.transfers.cancel("..", "../../escaped")
    assert everything(tmp_path) == {target, target.parent}
