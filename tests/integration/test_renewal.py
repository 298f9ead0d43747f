"""A download that lasts longer than certificates do, between real processes."""

from __future__ import annotations

import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client.core.admission.candidates import FIRST_PAUSE
from tests.support.content import make_file, sha256
from tests.support.programs.processes import ClientProcess, TrackerProcess

GROUP, NAME = "vault", "film.bin"
SIZE = 360_000_000
RATE = "24M"
"""Bytes a second: it lasts as long on any machine, and leaves bandwidth to the others."""

LIFETIME = 3
"""Seconds for which a certificate is valid; the next one is asked for after two of them."""

TIME_LIMIT = 90.0
ISSUED = re.compile(
    r'^minitorrent_requests_total{operation="issue_certificate",outcome="ok"} (\S+)$', re.MULTILINE
)


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[TrackerProcess]:
    folder = tmp_path / "tracker"
    with TrackerProcess(folder, "--certificate-lifetime", str(LIFETIME)) as process:
        yield process


class Progress:
    """A download's progress: verified bytes, and the pauses.

    `losses` are those that are long enough for somebody to be lost and dialled again.
    """

    def __init__(self, person: ClientProcess) -> None:
        self.longest_pause = 0.0
        self.losses = 0
        self.seconds = 0.0
        started = moved = looked = time.monotonic()
        done = 0
        while done < SIZE:
            row = person.transfer(GROUP, NAME)
            now = time.monotonic()
            if now - looked > 0.5:  # progress in the meantime was not observed
                moved = now
            looked = now
            assert row["state"] != "failed", row
            assert now - started < TIME_LIMIT, row
            if row["done"] > done:
                self.longest_pause = max(self.longest_pause, now - moved)
                self.losses += now - moved >= FIRST_PAUSE
                done, moved = row["done"], now
            time.sleep(0.02)
        self.seconds = moved - started


def issued(tracker: TrackerProcess) -> int:
    """How many certificates the tracker has issued."""
    with urllib.request.urlopen(f"http://{tracker.http}/metrics", timeout=10) as answer:
        found = ISSUED.search(answer.read().decode())
    return round(float(found[1])) if found else 0


def test_a_long_download_outlasts_its_certificates(
    tracker: TrackerProcess, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    content = make_file(tmp_path / NAME, SIZE)
    with (
        ClientProcess(tmp_path / "ann", [tracker]) as ann,
        ClientProcess(tmp_path / "bob", [tracker]) as bob,
    ):
        ann.sign_in("ann")
        bob.sign_in("bob")
        ann.ok("create_group", GROUP)
        bob.join(GROUP, ann)
        ann.ok("upload_file", str(content), GROUP, timeout=60)
        before = issued(tracker)
        bob.ok("limit", "down", RATE)
        bob.ok("download_file", GROUP, NAME, str(tmp_path / "copy.bin"))
        progress = Progress(bob)
        renewed = issued(tracker) - before
        bob.wait_complete(GROUP, NAME)
    record_property("seconds", progress.seconds)
    record_property("certificates", renewed)
    record_property("longest_pause", progress.longest_pause)
    assert progress.seconds > LIFETIME
    assert renewed >= 4
    # Usually none is; a busy machine may miss an expiry.
    assert progress.losses <= renewed // 4
    assert sha256(tmp_path / "copy.bin") == sha256(content)
