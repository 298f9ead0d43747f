"""Transfers from one login to the next."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from client.parts import Parts
from client.storage.files.torrent_files import TorrentFiles
from tests.integration.client.people import PASSWORD, Person, Team
from tests.support.content import make_file


@pytest.fixture
def files() -> type[TorrentFiles]:
    """The content of ann's files."""
    return TorrentFiles


@pytest.fixture
def ann(team: Team, tmp_path: Path, files: type[TorrentFiles]) -> Person:
    """She shares one file."""
    ann = team.member("ann", parts=Parts(files=files))
    team.share(ann, make_file(tmp_path / "content", 100_000))
    return ann


class SlowlyClosed(TorrentFiles):
    """Files whose closing takes until it may end."""

    closing, may_end = threading.Event(), threading.Event()

    def close(self) -> None:
        """See TorrentFiles."""
        self.closing.set()
        assert self.may_end.wait(10.0)
        super().close()


def own_session(person: Person) -> int:
    """The number of the login that they use."""
    (number,) = [row.id for row in person.session.accounts.sessions().sessions if row.current]
    return number


def test_ending_the_current_session_logs_out(ann: Person) -> None:
    own = own_session(ann)
    assert ann.session.accounts.end_session(own).id == own
    assert ann.session.overview().user is None
    assert ann.session.overview().seeding == 0
    assert ann.session.accounts.login("ann", PASSWORD).sharing == 1


@pytest.mark.parametrize("files", [SlowlyClosed])
def test_login_waits_for_transfers_of_the_previous_one(
    ann: Person, team: Team, tmp_path: Path, files: type[SlowlyClosed]
) -> None:
    laptop = Person("ann", tmp_path / "laptop", team.known)
    laptop.session.accounts.login("ann", PASSWORD)
    laptop.session.accounts.end_session(own_session(ann))
    laptop.session.close()
    assert files.closing.wait(10.0)
    with ThreadPoolExecutor(1) as threads:
        login = threads.submit(ann.session.accounts.login, "ann", PASSWORD)
        with pytest.raises(TimeoutError):
            login.result(0.3)
        files.may_end.set()
        assert login.result(10.0).sharing == 1
    assert len(ann.session.transfers.shares().shares) == 1
