"""Accounts and sessions through a real connection."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from common.api.accounts import Login
from common.errors import ErrorCode, MinitorrentError
from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.lab import ADDRESS, Lab
from tests.integration.tracker.sessions import SessionClient, code_of
from tests.support.security.passwords import CHEAP
from tests.support.waiting import wait_until
from tracker.app import TrackerApp
from tracker.quotas import Quotas
from tracker.services.accounts.hashing import PasswordHasher
from tracker.services.accounts.logins import LoginService
from tracker.services.accounts.passwords import PasswordChecker
from tracker.services.caller import Caller
from tracker.services.events import EventService
from tracker.services.rate_limits import RateLimiter

ResultT = TypeVar("ResultT")

PEER = "11" * 20


def login_of(user: str, password: str) -> dict[str, object]:
    """The arguments of a login."""
    return {"user": user, "password": password, "peer_id": PEER, "port": 1}


def online(client: SessionClient, group: str) -> dict[str, bool]:
    members = client.call("list_members", group=group)["members"]
    return {member["user"]: member["online"] for member in members}


@pytest.mark.any_database
def test_the_greeting_has_version_and_time(tracker: TrackerApp, connect: Connect) -> None:
    greeting = connect(tracker).greeting["minitorrent"]
    sent = datetime.fromisoformat(greeting.pop("time"))
    assert greeting == {"version": [1, 1], "server": "minitorrent 0.1.0"}
    assert abs(datetime.now(UTC) - sent) < timedelta(minutes=1)


def test_user_names_are_unique(tracker: TrackerApp, connect: Connect) -> None:
    client = connect(tracker)
    reply = client.call("create_user", user="ann", password="long enough")
    assert reply == {"user": "ann", "warning": None, "group": None}
    assert code_of(client, "create_user", user="ann", password="other one") == "user_exists"


@pytest.mark.any_database
def test_a_short_password_gets_a_warning(tracker: TrackerApp, connect: Connect) -> None:
    reply = connect(tracker).call("create_user", user="ann", password="short")
    assert "short" in reply["warning"]


@pytest.mark.any_database
def test_the_operator_may_refuse_short_passwords(
    start_tracker: StartTracker, connect: Connect
) -> None:
    client = connect(start_tracker(min_password=10))
    assert code_of(client, "create_user", user="ann", password="123456789") == "weak_password"
    client.sign_up("ann", "1234567890")
    wrong = code_of(client, "change_password", old="1234567890", new="short")
    assert wrong == "weak_password"


@pytest.mark.any_database
def test_names_are_checked(tracker: TrackerApp, connect: Connect) -> None:
    client = connect(tracker)
    assert code_of(client, "create_user", user="a b", password="secret123") == "invalid_name"


def test_login_lists_groups_and_requests(
    tracker: TrackerApp, ann: SessionClient, eve: SessionClient, connect: Connect
) -> None:
    ann.upload("lab", "x.bin")
    eve.call("join_group", group="lab")

    reply = connect(tracker).login("ann")

    assert reply["user"] == "ann"
    assert reply["groups"] == ["lab"]
    assert reply["shares"] == []  # clients of version 1.0 look for it
    assert reply["pending_requests"] == 1


@pytest.mark.any_database
def test_unknown_user_and_wrong_password_give_the_same_answer(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    client = connect(tracker)
    answers = set()
    for user in ("ann", "nobody"):
        with pytest.raises(Exception, match="bad_credentials") as raised:
            client.login(user, "wrong password")
        answers.add(str(raised.value))
    assert len(answers) == 1


class NotingHasher(PasswordHasher):
    """Counts hashes; the tests of credentials cover their cost."""

    def __init__(self, work: list[str]) -> None:
        super().__init__(CHEAP)
        self._work = work

    def run(self, party: str, work: Callable[[], ResultT], *, known: bool) -> ResultT:
        self._work.append("hash")
        return super().run(party, work, known=known)


@pytest.mark.any_database
def test_an_unknown_user_takes_the_same_work(lab: Lab) -> None:
    work: list[str] = []
    hasher, quotas = NotingHasher(work), Quotas()
    passwords = PasswordChecker(lab.database, lab.clock, lab.clock, hasher)
    audit_limit = RateLimiter.daily(quotas.acts, lab.clock)
    events = EventService(lab.database, "here", lab.clock)
    logins = LoginService(lab.database, lab.clock, events, passwords, quotas, audit_limit)
    lab.database.on_write = lambda: work.append("write")
    done = []
    for user in ("ann", "nobody"):
        work.clear()
        reads = lab.database.reads
        with pytest.raises(MinitorrentError) as raised:
            logins.login(Caller("", ADDRESS, ADDRESS), Login(user=user, password="wrong"))
        assert raised.value.code is ErrorCode.BAD_CREDENTIALS
        done.append((list(work), lab.database.reads - reads))
    hasher.close()
    assert done[0] == done[1] == (["hash", "write"], 1)


def test_guessing_is_throttled(tracker: TrackerApp, ann: SessionClient, connect: Connect) -> None:
    client = connect(tracker)
    wrong = {"user": "ann", "password": "wrong", "peer_id": PEER, "port": 1}
    for user in ("ann", "nobody"):
        wrong["user"] = user
        codes = [code_of(client, "login", **wrong) for _ in range(11)]
        assert codes == ["bad_credentials"] * 10 + ["too_many_attempts"]
    right = {**wrong, "user": "ann", "password": "secret123"}
    assert code_of(client, "login", **right) == "too_many_attempts"


def test_guesses_from_elsewhere_do_not_lock_the_owner_out(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    codes = []
    for number in range(2, 14):
        outsider = connect(tracker, f"127.0.0.{number}")
        codes.append(code_of(outsider, "login", **login_of("ann", "wrong")))
    assert codes == ["bad_credentials"] * 10 + ["too_many_attempts"] * 2
    right = login_of("ann", "secret123")
    assert code_of(connect(tracker, "127.0.0.99"), "login", **right) == "too_many_attempts"
    assert connect(tracker).login("ann")["user"] == "ann"


def test_an_address_guessing_at_many_accounts_is_throttled(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    outsider = connect(tracker, "127.0.0.2")
    codes = {
        code_of(outsider, "login", **login_of(f"user-{number}", "wrong")) for number in range(100)
    }
    assert codes == {"bad_credentials"}
    last = login_of("one-more", "wrong")  # on a slow machine one is allowed again by now
    codes = {code_of(outsider, "login", **last) for _ in range(10)}
    assert "too_many_attempts" in codes


def test_one_login_per_connection(tracker: TrackerApp, ann: SessionClient) -> None:
    again = {"user": "ann", "password": "secret123", "peer_id": PEER, "port": 1}
    assert code_of(ann, "login", **again) == "usage"
    token = {"token": "x", "peer_id": PEER, "port": 1}
    assert code_of(ann, "resume_session", **token) == "usage"


def test_a_second_login_ends_no_session(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    connect(tracker).login("ann")
    assert ann.call("list_groups")


@pytest.mark.any_database
@pytest.mark.parametrize("operation", ["list_groups", "logout", "announce_key", "announce"])
def test_operations_without_login(tracker: TrackerApp, connect: Connect, operation: str) -> None:
    assert code_of(connect(tracker), operation) == "not_logged_in"


def test_logout_ends_the_token_and_the_presence(
    tracker: TrackerApp, ann: SessionClient, bob: SessionClient, connect: Connect
) -> None:
    bob.call("logout")
    token = connect(tracker).login("bob")["token"]
    other = connect(tracker)
    other.call("resume_session", token=token, peer_id=PEER, port=1)
    assert other.call("logout") == {"user": "bob", "warning": None}
    resume = {"token": token, "peer_id": PEER, "port": 1}
    assert code_of(other, "resume_session", **resume) == "not_logged_in"
    assert code_of(other, "list_groups") == "not_logged_in"
    assert online(ann, "lab") == {"ann": True, "bob": False}


def test_a_token_resumes_a_session(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    lost = connect(tracker)
    token = lost.login("ann")["token"]
    lost.close()

    back = connect(tracker)
    reply = back.call("resume_session", token=token, peer_id=PEER, port=1)

    assert (reply["user"], reply["token"], reply["groups"]) == ("ann", token, ["lab"])
    assert back.call("list_requests", group="lab")["requests"] == []


def test_an_invented_token_is_refused(tracker: TrackerApp, connect: Connect) -> None:
    made_up = {"token": "x" * 43, "peer_id": PEER, "port": 1}
    assert code_of(connect(tracker), "resume_session", **made_up) == "not_logged_in"


def test_a_new_password_ends_the_other_sessions(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    other = connect(tracker)
    token = other.login("ann")["token"]

    assert ann.call("change_password", old="secret123", new="new secret")["user"] == "ann"

    assert is_closed(other)
    back = connect(tracker)
    resume = {"token": token, "peer_id": PEER, "port": 1}
    assert code_of(back, "resume_session", **resume) == "not_logged_in"
    assert ann.call("list_groups")["groups"]
    assert code_of(back, "login", **login_of("ann", "secret123")) == "bad_credentials"
    back.login("ann", "new secret")


def test_a_new_password_voids_announce_keys(ann: SessionClient) -> None:
    key = ann.call("announce_key", group="lab")["key"]
    ann.call("change_password", old="secret123", new="new secret")
    assert ann.call("announce_key", group="lab")["key"] != key


def test_end_session_voids_announce_keys_and_logout_does_not(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    key = ann.call("announce_key", group="lab")["key"]
    elsewhere = connect(tracker)
    elsewhere.login("ann")
    elsewhere.call("logout")
    assert ann.call("announce_key", group="lab")["key"] == key
    elsewhere.login("ann")
    other = next(s["id"] for s in ann.call("list_sessions")["sessions"] if not s["current"])
    ann.call("end_session", id=other)
    assert ann.call("announce_key", group="lab")["key"] != key


def test_sessions_are_listed_and_ended_on_every_tracker(
    tracker: TrackerApp, start_tracker: StartTracker, ann: SessionClient, connect: Connect
) -> None:
    other = connect(start_tracker(), "127.0.0.2")
    token = other.login("ann")["token"]
    first, second = ann.call("list_sessions")["sessions"]
    assert (first["current"], first["address"]) == (True, "127.0.0.1")
    assert (second["current"], second["address"]) == (False, "127.0.0.2")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", second["since"])

    assert ann.call("end_session", id=second["id"]) == {"id": second["id"], "current": False}
    assert is_closed(other)
    resume = {"token": token, "peer_id": PEER, "port": 1}
    assert code_of(connect(tracker), "resume_session", **resume) == "not_logged_in"
    assert [row["id"] for row in ann.call("list_sessions")["sessions"]] == [first["id"]]


def test_only_own_sessions_are_ended(ann: SessionClient, bob: SessionClient) -> None:
    (own,) = bob.call("list_sessions")["sessions"]
    assert code_of(ann, "end_session", id=own["id"]) == "usage"
    assert code_of(ann, "end_session", id=2**40) == "usage"
    assert bob.call("list_groups")["groups"]


def test_the_current_session_can_be_ended(ann: SessionClient) -> None:
    (own,) = ann.call("list_sessions")["sessions"]
    assert ann.call("end_session", id=own["id"]) == {"id": own["id"], "current": True}
    assert is_closed(ann)


def test_a_session_shows_its_latest_address(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    token = connect(tracker).login("ann")["token"]
    moved = connect(tracker, "127.0.0.7")
    moved.call("resume_session", token=token, peer_id=PEER, port=1)
    assert [row["address"] for row in moved.call("list_sessions")["sessions"]] == [
        "127.0.0.1",
        "127.0.0.7",
    ]


def is_closed(client: SessionClient) -> bool:
    """Return whether the tracker closes the connection, skipping its data."""
    while client.read():
        pass
    return True


def test_the_old_password_must_be_right(ann: SessionClient) -> None:
    wrong = {"old": "wrong", "new": "new secret"}
    assert code_of(ann, "change_password", **wrong) == "bad_credentials"


def test_the_password_can_be_checked_in_a_session(ann: SessionClient) -> None:
    assert ann.call("check_password", password="secret123")["user"] == "ann"
    guesses = [code_of(ann, "check_password", password="wrong") for _ in range(11)]
    assert guesses == ["bad_credentials"] * 10 + ["too_many_attempts"]
    assert ann.call("list_groups")["groups"]


def test_online_means_connected(ann: SessionClient, bob: SessionClient) -> None:
    assert online(ann, "lab") == {"ann": True, "bob": True}
    bob.close()
    wait_until(lambda: online(ann, "lab") == {"ann": True, "bob": False}, 5, "bob to be offline")


@pytest.mark.any_database
def test_ping_needs_no_login(tracker: TrackerApp, connect: Connect) -> None:
    assert connect(tracker).call("ping") == {}
