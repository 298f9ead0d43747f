"""A shared file changes while peers download it: no peer gets a wrong byte, all get a notice."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from client.assembly.parts import Parts
from client.core.swarm.swarm_config import SwarmConfig
from client.storage.files.torrent_files import TorrentFiles
from common.types import Block
from tests.integration.client.conftest import Log
from tests.integration.client.team import GROUP, Person, Team
from tests.support.content import make_file
from tests.support.waiting import wait_until

MIB = 1 << 20
SLOWLY = SwarmConfig(initial_window=1, min_window=1, max_window=1)


def modify(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(bytes(path.stat().st_size))


def truncate(path: Path) -> None:
    os.truncate(path, 100)


def delete(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    """As an editor saves: another file under the same name, of the same size and time."""
    times = path.stat()
    fresh = path.with_name("fresh")
    fresh.write_bytes(bytes(times.st_size))
    os.utime(fresh, ns=(times.st_atime_ns, times.st_mtime_ns))
    fresh.replace(path)


class Pace:
    """Slows answers down by `pause` seconds each; `held` lets a change occur between two of them.

    In open groups, microseconds lie between the last look at the file and the kernel's copy.
    """

    pause = 0.01

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._lock = threading.Lock()
        self._waiting = 0

    @contextmanager
    def held(self, answers: int) -> Iterator[None]:
        """Hold all answers before they look at the file; enter when so many are held."""
        self._open.clear()
        wait_until(lambda: self._waiting == answers, what="answers to hold", interval=0.005)
        yield
        self._open.set()

    def pass_by(self) -> None:
        """Wait as long as answers are held, after the pause."""
        time.sleep(self.pause)
        with self._lock:
            self._waiting += 1
        self._open.wait(30.0)
        with self._lock:
            self._waiting -= 1


def paced(pace: Pace) -> type[TorrentFiles]:
    """Files that slow down the uploads."""

    class Paced(TorrentFiles):
        def look(self, runs: Iterable[Block]) -> None:
            """See TorrentFiles."""
            pace.pass_by()
            super().look(runs)

        def read(self, runs: Iterable[Block], buffers: Sequence[memoryview]) -> None:
            """See TorrentFiles."""
            time.sleep(pace.pause * len(buffers))
            super().read(runs, buffers)

    return Paced


@pytest.mark.parametrize(
    ("team", "change"),
    [("open", change) for change in (modify, truncate, delete, replace)]
    + [("sealed", change) for change in (modify, truncate)],
    indirect=["team"],
)
def test_a_file_changes_while_three_peers_download_it(
    team: Team, change: Callable[[Path], None], tmp_path: Path, log: Log
) -> None:
    pace = Pace()
    ann = team.member("ann", parts=Parts(files=paced(pace)))
    peers = [team.member(name, SLOWLY) for name in ("bob", "cat", "dan")]
    content = make_file(tmp_path / "content", 8 * MIB)
    right = content.read_bytes()
    team.share(ann, content)
    copies = [peer.start("content") for peer in peers]
    for peer in peers:
        wait_until(partial(has_some, peer), what="the first pieces", interval=0.005)
    with pace.held(answers=len(peers)):
        change(content)
    wait_until(lambda: ann.notices_of("share_failed"), what="ann's notice")
    (notice,) = ann.notices_of("share_failed")
    advice = notice.text.casefold()
    assert "relocate" in advice or "recheck" in advice
    assert notice.text in [row.text for row in ann.session.notices.list().notices]
    assert ann.session.transfers.pause(GROUP, "content").state == "paused"
    assert not any(copy.exists() for copy in copies), "too quick for this test"
    content.write_bytes(right)
    pace.pause = 0.0
    ann.session.transfers.recheck(GROUP, "content")
    ann.session.transfers.resume(GROUP, "content")
    for peer, copy in zip(peers, copies, strict=True):
        peer.finish("content")
        assert copy.read_bytes() == right
    assert not [entry for entry in log if entry["event"] == "peer banned"], "a wrong byte was sent"


def has_some(person: Person) -> bool:
    return person.row("content").done > 0


def test_a_file_changes_while_no_peer_asks(team: Team, tmp_path: Path) -> None:
    ann = team.member("ann")
    content = make_file(tmp_path / "content", MIB)
    team.share(ann, content)
    modify(content)
    ann.restart()
    wait_until(lambda: ann.notices_of("share_failed"), what="ann's notice")
    assert "upload it again" in ann.notices_of("share_failed")[0].text
    assert ann.session.transfers.recheck(GROUP, "content").state in ("queued", "checking")
    wait_until(lambda: len(ann.notices_of("share_failed")) == 2, what="ann's second notice")
    ann.session.files.stop_share(GROUP, "content")
    assert ann.session.files.upload(content, GROUP).name == "content"
