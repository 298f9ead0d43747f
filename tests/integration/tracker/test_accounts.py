"""Accounts and sessions through a real connection."""

from __future__ import annotations

import pytest

from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.sessions import SessionClient, code_of
from tests.support.waiting import wait_until
from tracker.app import TrackerApp

PEER = "11" * 20


def online(client: SessionClient, group: str) -> dict[str, bool]:
    members = client.call("list_members", group=group)["members"]
    return {member["user"]: member["online"] for member in members}


def test_the_tracker_greets_with_its_version(tracker: TrackerApp, connect: Connect) -> None:
    greeting = connect(tracker).greeting
    assert greeting == {"minitorrent": {"version": [1, 0], "server": "minitorrent 0.1.0"}}


def test_a_user_is_created_once(tracker: TrackerApp, connect: Connect) -> None:
    client = connect(tracker)
    reply = client.call("create_user", user="ann", password="long enough")
    assert reply == {"user": "ann", "warning": None}
    assert code_of(client, "create_user", user="ann", password="other one") == "user_exists"


def test_a_short_password_is_warned_of(tracker: TrackerApp, connect: Connect) -> None:
    reply = connect(tracker).call("create_user", user="ann", password="short")
    assert "short" in reply["warning"]


def test_the_operator_may_refuse_short_passwords(
    start_tracker: StartTracker, connect: Connect
) -> None:
    client = connect(start_tracker(min_password=10))
    assert code_of(client, "create_user", user="ann", password="123456789") == "weak_password"
    client.sign_up("ann", "1234567890")
    wrong = code_of(client, "change_password", old="1234567890", new="short")
    assert wrong == "weak_password"


def test_names_are_checked(tracker: TrackerApp, connect: Connect) -> None:
    client = connect(tracker)
    assert code_of(client, "create_user", user="a b", password="secret123") == "invalid_name"


def test_login_tells_of_groups_shares_and_requests(
    tracker: TrackerApp, ann: SessionClient, eve: SessionClient, connect: Connect
) -> None:
    file = ann.upload("lab", "x.bin")
    eve.call("join_group", group="lab")

    reply = connect(tracker).login("ann")

    assert reply["user"] == "ann"
    assert reply["groups"] == ["lab"]
    assert reply["shares"] == [{"group": "lab", "name": "x.bin", "info_hash": file["info_hash"]}]
    assert reply["pending_requests"] == 1


def test_wrong_user_and_wrong_password_sound_the_same(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    client = connect(tracker)
    answers = set()
    for user in ("ann", "nobody"):
        with pytest.raises(Exception, match="bad_credentials") as raised:
            client.login(user, "wrong password")
        answers.add(str(raised.value))
    assert len(answers) == 1


def test_guessing_is_throttled(tracker: TrackerApp, ann: SessionClient, connect: Connect) -> None:
    client = connect(tracker)
    wrong = {"user": "ann", "password": "wrong", "peer_id": PEER, "port": 1}
    codes = [code_of(client, "login", **wrong) for _ in range(11)]
    assert codes == ["bad_credentials"] * 10 + ["too_many_attempts"]
    right = {**wrong, "password": "secret123"}
    assert code_of(client, "login", **right) == "too_many_attempts"


def test_one_login_a_connection(tracker: TrackerApp, ann: SessionClient) -> None:
    again = {"user": "ann", "password": "secret123", "peer_id": PEER, "port": 1}
    assert code_of(ann, "login", **again) == "usage"
    token = {"token": "x", "peer_id": PEER, "port": 1}
    assert code_of(ann, "resume_session", **token) == "usage"


def test_login_elsewhere_ends_no_other_session(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    connect(tracker).login("ann")
    assert ann.call("list_groups")


@pytest.mark.parametrize("operation", ["list_groups", "logout", "announce_key", "announce"])
def test_without_login(tracker: TrackerApp, connect: Connect, operation: str) -> None:
    assert code_of(connect(tracker), operation) == "not_logged_in"


def test_logout_ends_the_token_and_being_online(
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


def test_a_token_brings_a_lost_connection_back(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    lost = connect(tracker)
    token = lost.login("ann")["token"]
    lost.close()

    back = connect(tracker)
    reply = back.call("resume_session", token=token, peer_id=PEER, port=1)

    assert (reply["user"], reply["token"], reply["groups"]) == ("ann", token, ["lab"])
    assert back.call("list_requests", group="lab")["requests"] == []


def test_a_made_up_token_is_refused(tracker: TrackerApp, connect: Connect) -> None:
    made_up = {"token": "x" * 43, "peer_id": PEER, "port": 1}
    assert code_of(connect(tracker), "resume_session", **made_up) == "not_logged_in"


def test_a_new_password_ends_the_other_sessions(
    tracker: TrackerApp, ann: SessionClient, connect: Connect
) -> None:
    other = connect(tracker)
    token = other.login("ann")["token"]

    assert ann.call("change_password", old="secret123", new="new secret")["user"] == "ann"

    assert code_of(other, "list_groups") == "not_logged_in"
    resume = {"token": token, "peer_id": PEER, "port": 1}
    assert code_of(other, "resume_session", **resume) == "not_logged_in"
    assert ann.call("list_groups")["groups"]
    with pytest.raises(Exception, match="bad_credentials"):
        other.login("ann", "secret123")
    other.login("ann", "new secret")


def test_the_old_password_must_be_right(ann: SessionClient) -> None:
    wrong = {"old": "wrong", "new": "new secret"}
    assert code_of(ann, "change_password", **wrong) == "bad_credentials"


def test_being_online_is_having_the_connection(ann: SessionClient, bob: SessionClient) -> None:
    assert online(ann, "lab") == {"ann": True, "bob": True}
    bob.close()
    wait_until(lambda: online(ann, "lab") == {"ann": True, "bob": False}, 5, "bob to be offline")


def test_ping_needs_no_login(tracker: TrackerApp, connect: Connect) -> None:
    assert connect(tracker).call("ping") == {}
