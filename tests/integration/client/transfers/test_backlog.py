"""Many shares: login returns first, and resumes them afterwards, in chunks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from client.assembly.parts import Parts
from client.state.transfers import TransferRecord, TransferStore
from tests.integration.client.team import GROUP, PASSWORD, Person, Team
from tests.support.content import make_file
from tests.support.waiting import wait_until

NAMES = [f"file {number}" for number in range(7)]
CHUNK = 2


class Gate:
    """Counts the chunks from ann's store; all but the first wait while it is shut."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.chunks: list[int] = []
        self.meanwhile: dict[str, Callable[[], None]] = {}
        """Hooks just before and after the store lists the waiting shares."""

    def store(self) -> type[TransferStore]:
        """A store behind this gate, with small chunks."""
        gate = self

        class Gated(TransferStore):
            def list_complete(
                self, user: str, after: int, until: int, limit: int | None = None
            ) -> list[TransferRecord]:
                """See TransferStore."""
                if limit is None:
                    gate.meanwhile.get("before", bool)()
                    found = super().list_complete(user, after, until)
                    gate.meanwhile.get("after", bool)()
                    return found
                if gate.chunks:
                    assert gate.open.wait(30.0)
                found = super().list_complete(user, after, until, CHUNK)
                gate.chunks.append(len(found))
                return found

        return Gated


@pytest.fixture
def around() -> Gate:
    """The gate around ann's store."""
    return Gate()


@pytest.fixture
def ann(team: Team, tmp_path: Path, around: Gate) -> Person:
    ann = team.member("ann", parts=Parts(store=around.store()))
    for number, name in enumerate(NAMES):
        team.share(ann, make_file(tmp_path / name, 1000 + number))
    return ann


@pytest.fixture
def gate(ann: Person, around: Gate) -> Iterator[Gate]:
    """Log ann in again, with only two of her shares resumed."""
    around.chunks.clear()
    around.open.clear()
    ann.session.accounts.logout()
    assert ann.session.accounts.login("ann", PASSWORD).sharing == len(NAMES)
    yield around
    around.open.set()


def shown(person: Person) -> list[str]:
    return [row.name for row in person.session.transfers.shares().shares]


def all_taken_up(person: Person) -> bool:
    return person.session.transfers.shares().waiting == 0


def test_login_returns_before_all_shares_are_resumed(ann: Person, gate: Gate) -> None:
    assert gate.chunks == [CHUNK]
    found = ann.session.transfers.shares()
    assert [row.name for row in found.shares] == NAMES
    assert [row.size for row in found.shares] == [1000 + number for number in range(len(NAMES))]
    assert found.waiting == len(NAMES) - CHUNK
    assert ann.session.transfers.downloads().downloads == []
    assert ann.session.files.shared(GROUP, [NAMES[0], NAMES[-1], "other"]) == {NAMES[0], NAMES[-1]}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_share_resumed_during_a_listing_appears_once(
    ann: Person, gate: Gate, moment: str
) -> None:
    def take_up() -> None:
        gate.open.set()
        wait_until(lambda: gate.chunks[-1] == 0, what="all to be taken up")

    gate.meanwhile[moment] = take_up
    assert shown(ann) == NAMES


def test_all_shares_are_resumed_in_chunks_and_announced(
    ann: Person, team: Team, gate: Gate
) -> None:
    bob = team.member("bob")
    gate.open.set()
    bob.start(NAMES[-1])
    bob.finish(NAMES[-1])
    wait_until(lambda: all_taken_up(ann), what="all to be taken up")
    assert gate.chunks == [2, 2, 2, 1, 0]
    assert shown(ann) == NAMES
    bob.restart()  # completions arrive after the login, too
    wait_until(lambda: bob.row(NAMES[-1]).state == "seeding", what="bob to seed again")


def test_a_share_named_by_a_command_is_resumed_at_once(ann: Person, gate: Gate) -> None:
    last, other = NAMES[-1], NAMES[-2]
    assert ann.session.transfers.pause(GROUP, last).state == "paused"
    ann.session.files.stop_share(GROUP, other)
    rest = [name for name in NAMES if name != other]
    assert shown(ann) == rest
    gate.open.set()
    wait_until(lambda: all_taken_up(ann), what="all to be taken up")
    assert shown(ann) == rest
    states = {row.name: row.state for row in ann.session.transfers.all().downloads}
    assert states[last] == "paused"
    ann.session.accounts.logout()
    assert ann.session.accounts.login("ann", PASSWORD).sharing == len(rest) - 1


def test_a_waiting_share_can_be_uploaded_again(ann: Person, gate: Gate, tmp_path: Path) -> None:
    stopped = NAMES[-1]
    ann.session.files.stop_share(GROUP, stopped)
    ann.session.files.upload(make_file(tmp_path / stopped, 77), GROUP)
    ann.session.files.upload(tmp_path / NAMES[-2], GROUP)  # shared already
    gate.open.set()
    wait_until(lambda: all_taken_up(ann), what="all to be taken up")
    assert shown(ann) == NAMES
    assert ann.session.transfers.shares().shares[-1].size == 77


def test_logout_ends_resuming(ann: Person, gate: Gate) -> None:
    ann.session.accounts.logout()
    gate.open.set()
    assert ann.session.accounts.login("ann", PASSWORD).sharing == len(NAMES)
    wait_until(lambda: all_taken_up(ann), what="all to be taken up")
    assert shown(ann) == NAMES


def test_leaving_a_group_drops_its_waiting_shares(ann: Person, team: Team, gate: Gate) -> None:
    team.member("bob")
    ann.session.groups.leave(GROUP)
    assert shown(ann) == []
    gate.open.set()
    ann.session.accounts.logout()
    assert ann.session.accounts.login("ann", PASSWORD).sharing == 0
    assert shown(ann) == []


def test_a_removed_member_announces_no_waiting_share(ann: Person, team: Team, gate: Gate) -> None:
    bob = team.member("bob")
    ann.session.groups.transfer(GROUP, "bob")
    bob.session.groups.remove_member(GROUP, "ann")
    wait_until(lambda: ann.notices_of("member_removed"), what="ann's notice")
    gate.open.set()
    wait_until(lambda: all_taken_up(ann), what="all to be taken up")
    wait_until(
        lambda: {row.state for row in ann.session.transfers.all().downloads} == {"failed"},
        what="all to be refused",
    )
    assert len(ann.session.transfers.all().downloads) == len(NAMES)


def test_idle_shares_write_nothing_to_the_database(team: Team, tmp_path: Path) -> None:
    written: list[int] = []

    class Counting(TransferStore):
        def add_totals(self, transfer: int, uploaded: int, downloaded: int) -> None:
            """See TransferStore."""
            written.append(uploaded)
            super().add_totals(transfer, uploaded, downloaded)

    ann, bob = team.member("ann", parts=Parts(store=Counting)), team.member("bob")
    for number, name in enumerate(NAMES):
        team.share(ann, make_file(tmp_path / name, 1000 + number))
    bob.fetch(NAMES[0])
    bob.session.accounts.logout()
    ann.session.accounts.logout()
    assert written == [1000], "what was given counts, and of the others nothing is written"
    ann.session.accounts.login("ann", PASSWORD)
    assert ann.session.transfers.shares().shares[0].uploaded == 1000
