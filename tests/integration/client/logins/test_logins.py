"""Transfers from one login to the next."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from client.assembly.parts import DEFAULT_PARTS, Parts
from client.storage.files.torrent_files import TorrentFiles
from tests.integration.client.team import PASSWORD, Person, Team
from tests.support.content import make_file


def sharing(team: Team, folder: Path, parts: Parts = DEFAULT_PARTS) -> Person:
    """ann, who shares one file."""
    ann = team.member("ann", parts=parts)
    team.share(ann, make_file(folder / "content", 100_000))
    return ann


def own_session(person: Person) -> int:
    """The number of the login that they use."""
    (number,) = [row.id for row in person.session.accounts.sessions().sessions if row.current]
    return number


def test_ending_the_current_session_logs_out(team: Team, tmp_path: Path) -> None:
    ann = sharing(team, tmp_path)
    own = own_session(ann)
    assert ann.session.accounts.end_session(own).id == own
    assert ann.session.overview().user is None
    assert ann.session.overview().seeding == 0
    assert ann.session.accounts.login("ann", PASSWORD).sharing == 1


def test_login_waits_for_transfers_of_the_previous_one(team: Team, tmp_path: Path) -> None:
    closing, may_end = threading.Event(), threading.Event()

    class SlowlyClosed(TorrentFiles):
        def close(self) -> None:
            """See TorrentFiles."""
            closing.set()
            assert may_end.wait(10.0)
            super().close()

    ann = sharing(team, tmp_path, Parts(files=SlowlyClosed))
    laptop = Person("ann", tmp_path / "laptop", team.known)
    laptop.session.accounts.login("ann", PASSWORD)
    laptop.session.accounts.end_session(own_session(ann))
    laptop.session.close()
    assert closing.wait(10.0)
    with ThreadPoolExecutor(1) as threads:
        login = threads.submit(ann.session.accounts.login, "ann", PASSWORD)
        with pytest.raises(TimeoutError):
            login.result(0.3)
        may_end.set()
        assert login.result(10.0).sharing == 1
    assert len(ann.session.transfers.shares().shares) == 1
