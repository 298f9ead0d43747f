"""Logins from one run of a client to the next: those that are remembered, and all others."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.caller import Caller, acting_for
from client.services.session import Session
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from tests.integration.client.conftest import both_modes, sealed
from tests.integration.client.team import GROUP, PASSWORD, Person, Team
from tests.support.content import make_file
from tests.support.ports import free_port
from tests.support.waiting import wait_until


def remembered(team: Team, name: str = "ann") -> Person:
    """A member whose login is remembered."""
    person = team.member(name)
    person.session.accounts.login(name, PASSWORD, remember=True)
    return person


def token_file(person: Person) -> Path:
    return person.home / "state" / "session.token"


def sessions(person: Person, team: Team) -> int:
    """How many sessions a user has at the tracker, seen from another machine."""
    laptop = Person(person.name, person.home / "laptop", team.known)
    laptop.session.accounts.login(person.name, PASSWORD)
    rows = laptop.session.accounts.sessions().sessions
    laptop.session.close()
    return sum(not row.current for row in rows)


def code_of(session: Session, *login: str) -> ErrorCode:
    with pytest.raises(MinitorrentError) as raised:
        session.accounts.login(*login)
    return raised.value.code


@both_modes
def test_a_remembered_login_shares_again_at_once(team: Team, tmp_path: Path) -> None:
    ann, bob = remembered(team), team.member("bob")
    name = team.share(ann, make_file(tmp_path / "content", 100_000))
    for _ in range(3):
        ann.reopen()
        assert ann.session.accounts.whoami().user == "ann"
        assert len(ann.session.transfers.shares().shares) == 1
        assert ann.got_notice("Logged in as ann; sharing 1 file again.")
        ann.notices.clear()
    wait_until(lambda: bob.session.files.list(GROUP).files[0].seeders == 1, what="ann to seed")
    bob.fetch(name)


def test_quitting_ends_the_session_unless_it_is_remembered(team: Team) -> None:
    ann, bob = remembered(team), team.member("bob")
    for _ in range(5):
        bob.restart()
    assert sessions(bob, team) == 1
    bob.session.close()
    ann.session.close()
    assert (sessions(ann, team), sessions(bob, team)) == (1, 0)
    assert token_file(ann).stat().st_mode & 0o777 == 0o600


@sealed
def test_quitting_keeps_a_session_that_another_program_uses(team: Team, tmp_path: Path) -> None:
    ann = team.member("ann")
    (tmp_path / "keys").mkdir()
    ann.session.groups.export_credentials(GROUP, tmp_path / "keys")
    ann.session.close()
    assert sessions(ann, team) == 1


def test_the_same_user_may_log_in_again(team: Team, tmp_path: Path) -> None:
    ann = remembered(team)
    team.share(ann, make_file(tmp_path / "content", 1000))
    ann.reopen()
    again = ann.session.accounts.login("ann", PASSWORD)
    assert (again.user, again.groups, again.sharing) == ("ann", [GROUP], 1)
    assert code_of(ann.session, "ann", "wrong") is ErrorCode.BAD_CREDENTIALS
    assert code_of(ann.session, "bob", PASSWORD) is ErrorCode.USAGE
    assert ann.session.accounts.whoami().user == "ann"
    assert sessions(ann, team) == 1


def test_a_login_that_was_typed_is_not_repeated(team: Team, tmp_path: Path) -> None:
    ann = team.member("ann")
    assert code_of(ann.session, "ann", PASSWORD) is ErrorCode.USAGE
    with acting_for(Caller(tmp_path)):  # a script beside the prompt
        assert ann.session.accounts.login("ann", PASSWORD).groups == [GROUP]


def test_logging_out_forgets_the_login(team: Team) -> None:
    ann = remembered(team)
    ann.session.accounts.logout()
    assert not token_file(ann).exists()
    assert sessions(ann, team) == 0
    ann.reopen()
    assert ann.session.overview().user is None
    with pytest.raises(MinitorrentError) as raised:
        ann.session.accounts.whoami()
    assert raised.value.code is ErrorCode.NOT_LOGGED_IN


def test_a_login_is_not_remembered_unasked(team: Team) -> None:
    ann = team.member("ann")
    assert not token_file(ann).exists()
    ann.session.accounts.login("ann", PASSWORD, remember=True)
    ann.reopen()
    ann.session.accounts.login("ann", PASSWORD)  # takes nothing back
    assert token_file(ann).exists()


@pytest.mark.parametrize("ending", ["password", "session"])
def test_a_login_that_was_ended_elsewhere_is_forgotten(team: Team, ending: str) -> None:
    ann = remembered(team)
    ann.session.close()
    laptop = Person("ann", ann.home / "laptop", team.known)
    accounts = laptop.session.accounts
    accounts.login("ann", PASSWORD)
    if ending == "password":
        accounts.change_password(PASSWORD, "another secret")
    else:
        (other,) = [row.id for row in accounts.sessions().sessions if not row.current]
        accounts.end_session(other)
    laptop.session.close()
    ann.reopen()
    with pytest.raises(MinitorrentError) as raised:
        ann.session.accounts.whoami()
    assert raised.value.code is ErrorCode.NOT_LOGGED_IN
    assert ann.got_notice("ann is logged out: This session has ended; log in again")
    assert not token_file(ann).exists()


def test_a_login_ended_while_the_client_runs_is_forgotten(team: Team) -> None:
    ann = remembered(team)
    (own,) = [row.id for row in ann.session.accounts.sessions().sessions if row.current]
    ann.session.accounts.end_session(own)
    assert not token_file(ann).exists()


def test_a_new_password_keeps_the_own_login(team: Team) -> None:
    ann = remembered(team)
    ann.session.accounts.change_password(PASSWORD, "another secret")
    ann.reopen()
    assert ann.session.accounts.whoami().user == "ann"


def test_without_a_tracker_the_client_keeps_trying(team: Team, tmp_path: Path) -> None:
    ann = remembered(team)
    team.share(ann, make_file(tmp_path / "content", 1000))
    ann.session.close()
    team.tracker.stop()
    ann.reopen()
    for ask in (ann.session.accounts.whoami, ann.session.transfers.shares):
        with pytest.raises(MinitorrentError) as raised:
            ask()
        assert raised.value.code is ErrorCode.TRACKER_UNREACHABLE
        assert "logged in as ann" in raised.value.message
    assert ann.session.overview().resuming == "ann"
    assert token_file(ann).exists()
    with team.serving(team.address):
        wait_until(lambda: ann.session.overview().seeding == 1, what="ann to share again")
        assert ann.session.overview().resuming is None
        ann.session.close()


def test_a_delayed_login_can_be_forgotten(team: Team) -> None:
    ann = remembered(team)
    ann.session.close()
    team.tracker.stop()
    ann.reopen()
    assert ann.session.accounts.logout().user == "ann"
    assert not token_file(ann).exists()
    assert ann.session.overview().resuming is None
    with team.serving(team.address):
        wait_until(lambda: ann.session.overview().tracker == "connected", what="a connection")
        assert ann.session.overview().user is None
        ann.session.close()


def test_a_file_that_others_could_read_is_not_used(team: Team) -> None:
    ann = remembered(team)
    token_file(ann).chmod(0o644)
    ann.session.close()
    assert sessions(ann, team) == 0, "quitting ends what is not remembered"
    ann.reopen()
    assert ann.got_notice("other users could read it")
    with pytest.raises(MinitorrentError) as raised:
        ann.session.accounts.whoami()
    assert raised.value.code is ErrorCode.NOT_LOGGED_IN
    ann.session.accounts.login("ann", PASSWORD, remember=True)
    assert token_file(ann).stat().st_mode & 0o777 == 0o600


def test_the_token_is_sent_to_no_other_tracker(team: Team) -> None:
    ann = remembered(team)
    ann.session.close()
    other = Endpoint("127.0.0.1", free_port())
    with team.serving(other):  # of the same database: only its address is another
        moved = Person("ann", ann.home, (other,))
        wait_until(lambda: moved.session.overview().tracker == "connected", what="a connection")
        with pytest.raises(MinitorrentError) as raised:
            moved.session.accounts.whoami()
        assert raised.value.code is ErrorCode.NOT_LOGGED_IN
        moved.session.close()
    ann.reopen()
    assert ann.session.accounts.whoami().user == "ann"


def test_another_file_is_not_replaced_by_the_token(team: Team) -> None:
    ann = team.member("ann")
    token_file(ann).write_text("notes")
    with pytest.raises(MinitorrentError) as raised:
        ann.session.accounts.login("ann", PASSWORD, remember=True)
    assert raised.value.code is ErrorCode.FILE_EXISTS
    assert token_file(ann).read_text() == "notes"
