"""Progress that clients announce is written later, for many of them together."""

from __future__ import annotations

import pytest

from common.types import InfoHash, PeerId
from tests.integration.tracker.lab import Client, Lab
from tracker.domain.presence import Presence
from tracker.services.sharing.progress import Progress, Report
from tracker.store.database.errors import DatabaseError


def traffic(lab: Lab) -> dict[str, tuple[int, int]]:
    """What members have sent and received, as recorded until now."""
    with lab.store.read() as work:
        group = work.groups.by_name("lab")
        assert group is not None
        return {user: both for _, user, both in work.groups.traffic(group.id, "", 0, 100)}


@pytest.fixture
def film(lab: Lab) -> InfoHash:
    return lab.share("film")


@pytest.fixture
def bob(lab: Lab, film: InfoHash) -> Client:
    lab.member("bob")
    bob = lab.client("bob", "10.0.0.2", b"b" * 20)
    bob.announce(film, left=9, event="started")
    return bob


def test_progress_is_answered_without_writing(lab: Lab, film: InfoHash, bob: Client) -> None:
    writes = lab.database.writes
    for left in range(8, 0, -1):
        lab.now += 0.1
        (file,) = bob.announce(film, left=left, downloaded=9 - left)
        assert (file.complete, file.incomplete) == (0, 1)
    assert lab.database.writes == writes
    assert traffic(lab)["bob"] == (0, 0)
    lab.services.announces.write_progress()
    assert lab.database.writes == writes + 1
    assert traffic(lab)["bob"] == (0, 8)
    lab.services.announces.write_progress()
    assert lab.database.writes == writes + 1, "there is nothing more to write"


def test_what_others_are_told_is_written_at_once(lab: Lab, film: InfoHash, bob: Client) -> None:
    lab.now += 1
    bob.announce(film, left=5, downloaded=4)
    lab.now += 1
    (file,) = bob.announce(film, left=0, downloaded=9)
    assert (file.complete, file.incomplete) == (1, 0)
    assert traffic(lab)["bob"] == (0, 9)
    lab.services.announces.write_progress()
    assert traffic(lab)["bob"] == (0, 9), "what was announced before has been overtaken"


def test_progress_ends_with_the_peer(lab: Lab, film: InfoHash, bob: Client) -> None:
    lab.now += 1
    bob.announce(film, left=5, downloaded=4)
    bob.announce(film, event="stopped", left=5, downloaded=5)
    lab.services.announces.write_progress()
    assert lab.services.announces.count_peers() == 0
    assert traffic(lab)["bob"] == (0, 5)
    bob.announce(film, left=5)
    bob.announce(film, left=4, downloaded=1)
    bob.drop()
    lab.services.announces.write_progress()
    assert lab.services.announces.count_peers() == 0
    assert traffic(lab)["bob"] == (0, 5)


def test_a_removed_member_leaves_no_trace(lab: Lab, film: InfoHash, bob: Client) -> None:
    lab.now += 1
    bob.announce(film, left=5, downloaded=4)
    lab.remove("bob")
    lab.services.announces.write_progress()
    assert "bob" not in traffic(lab)
    assert lab.services.announces.count_peers() == 0


def test_progress_is_kept_while_the_database_fails(lab: Lab, film: InfoHash, bob: Client) -> None:
    lab.now += 1
    bob.announce(film, left=5, downloaded=4)

    def fail() -> None:
        raise DatabaseError("it is away")

    lab.database.on_write, usual = fail, lab.database.on_write
    with pytest.raises(DatabaseError):
        lab.services.announces.write_progress()
    lab.database.on_write = usual
    lab.services.announces.write_progress()
    assert traffic(lab)["bob"] == (0, 4)


def test_with_too_much_progress_announces_wait_for_the_database(
    lab: Lab, film: InfoHash, bob: Client
) -> None:
    keeper = Progress(lab.database, capacity=1)
    lab.services.announces._recorder._progress = keeper
    somebody = Presence(PeerId(b"x" * 20), "10.0.0.3", 1, 1, 0, 0)
    assert keeper.keep({10**6: Report(1, 1, 1, somebody, lab.now)})
    lab.now += 1
    bob.announce(film, left=5, downloaded=4)
    assert traffic(lab)["bob"] == (0, 4)
