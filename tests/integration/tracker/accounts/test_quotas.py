"""Quotas of one user, group or address; others are not affected."""

from __future__ import annotations

import time
from functools import partial

import pytest

from tests.integration.tracker.authority.test_authority import REQUEST
from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.http_client import HttpClient
from tests.integration.tracker.sessions import RefusedError, SessionClient, code_of
from tests.support.together import run_together
from tracker.quotas import Quotas


def test_groups_per_owner(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(groups=2))
    ann, bob = (connect(tracker).sign_up(user) for user in ("ann", "bob"))
    for group in ("one", "two"):
        ann.call("create_group", group=group)
    assert code_of(ann, "create_group", group="three") == "quota_exceeded"
    bob.call("create_group", group="three")
    ann.call("leave_group", group="one")
    ann.call("create_group", group="four")


def test_simultaneous_requests_do_not_exceed_a_quota(
    start_tracker: StartTracker, connect: Connect
) -> None:
    tracker = start_tracker(quotas=Quotas(groups=5))
    clients = [connect(tracker).sign_up("ann")]
    clients += [connect(tracker) for _ in range(3)]
    for client in clients[1:]:
        client.login("ann")
    refused: list[str] = []

    def create(client: SessionClient, number: int) -> None:
        for count in range(3):
            try:
                client.call("create_group", group=f"g{number}-{count}")
            except RefusedError as error:
                refused.append(error.code)

    run_together([partial(create, client, number) for number, client in enumerate(clients)])
    assert refused == ["quota_exceeded"] * 7


def test_undecided_requests(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(requests=2, group_requests=2))
    ann, bob, cat, dan = (connect(tracker).sign_up(user) for user in ("ann", "bob", "cat", "dan"))
    for group in ("one", "two", "three"):
        ann.call("create_group", group=group)
    for group in ("one", "two"):
        bob.call("join_group", group=group)
    assert code_of(bob, "join_group", group="three") == "quota_exceeded"
    cat.call("join_group", group="one")
    assert code_of(dan, "join_group", group="one") == "quota_exceeded"
    ann.call("reject_request", group="one", user="bob")
    bob.call("join_group", group="three")
    dan.call("join_group", group="one")


def test_files_and_metainfo(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(files=2, group_files=3))
    ann = connect(tracker).sign_up("ann")
    ann.call("create_group", group="lab", mode="open")
    bob = connect(tracker).sign_up("bob")
    bob.call("join_group", group="lab")
    ann.call("accept_request", group="lab", user="bob")
    for name in ("a", "b"):
        ann.upload("lab", name)
    with pytest.raises(RefusedError, match=r"quota_exceeded.*at most 2 files from ann and has 2;"):
        ann.upload("lab", "c")
    ann.upload("lab", "a")  # exists already
    bob.upload("lab", "c")
    with pytest.raises(RefusedError, match=r"quota_exceeded.*at most 3 files in lab and has 3;"):
        bob.upload("lab", "d")
    ann.call("stop_share", group="lab", name="a")
    ann.upload("lab", "d")


def test_bytes_of_metainfo(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(metainfo_bytes=500))
    ann = connect(tracker).sign_up("ann")
    ann.call("create_group", group="lab", mode="open")
    ann.upload("lab", "a")
    with pytest.raises(RefusedError, match=r"quota_exceeded.*bytes of metainfo"):
        for number in range(4):
            ann.upload("lab", f"b{number}")


def test_tokens(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(tokens=2))
    ann = connect(tracker).sign_up("ann")
    made = [ann.call("create_token", scope="read") for _ in range(2)]
    assert code_of(ann, "create_token", scope="read") == "quota_exceeded"
    http = HttpClient(tracker)
    assert http.refused("login", user="ann", password="secret123") == (409, "quota_exceeded")
    ann.call("revoke_token", id=made[0]["id"])
    http.login("ann")


def test_connections_of_one_user(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(sessions=2))
    first = connect(tracker).sign_up("ann")
    token = connect(tracker).login("ann")["token"]
    assert code_of(connect(tracker), "login", user="ann", password="secret123") == "quota_exceeded"
    resume = {"token": token, "peer_id": "11" * 20, "port": 0}
    assert code_of(connect(tracker), "resume_session", **resume) == "quota_exceeded"
    connect(tracker).sign_up("bob")
    first.call("logout")
    connect(tracker).login("ann")


def test_the_oldest_unused_login_ends_at_the_quota(
    start_tracker: StartTracker, connect: Connect
) -> None:
    tracker = start_tracker(quotas=Quotas(logins=3))
    ann = connect(tracker).sign_up("ann")  # the oldest, but in use
    for _ in range(5):
        with SessionClient(tracker.address) as client:
            client.login("ann")
    sessions = ann.call("list_sessions")["sessions"]
    assert len(sessions) <= 5
    assert sessions[0]["current"]


def test_a_login_used_last_outlives_newer_ones(
    start_tracker: StartTracker, connect: Connect
) -> None:
    tracker = start_tracker(quotas=Quotas(logins=2))
    connect(tracker).sign_up("ann")

    def log_in() -> str:
        with SessionClient(tracker.address) as client:
            token: str = client.login("ann")["token"]
            return token

    def resume(token: str) -> None:
        with SessionClient(tracker.address) as client:
            client.call("resume_session", token=token, peer_id="11" * 20, port=1)

    remembered = log_in()
    for _ in range(5):
        resume(remembered)
        log_in()
    resume(remembered)


@pytest.mark.any_database
def test_certificates(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(certificates=9))
    ann = connect(tracker).sign_up("ann")
    ann.call("create_group", group="lab")
    codes = set()
    for _ in range(10):
        try:
            ann.call("issue_certificate", group="lab", request=REQUEST)
        except RefusedError as error:
            codes.add(error.code)
            assert "try again in" in error.message
    assert codes == {"quota_exceeded"}


def test_logins_with_certificates(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(holders=2))
    ann = connect(tracker).sign_up("ann")
    ann.call("create_group", group="lab")
    for _ in range(2):
        ann.call("issue_certificate", group="lab", request=REQUEST)  # the same login
        ann.call("logout")
        ann.login("ann")
    assert code_of(ann, "issue_certificate", group="lab", request=REQUEST) == "quota_exceeded"


@pytest.mark.any_database
def test_accounts_from_one_address(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(accounts=2))
    outsider = connect(tracker, "127.0.0.2")
    for user in ("x1", "x2"):
        outsider.call("create_user", user=user, password="secret123")
    refused = code_of(outsider, "create_user", user="x3", password="secret123")
    assert refused == "too_many_attempts"
    connect(tracker).sign_up("ann")


def test_audit_entries_per_user_and_day(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(acts=5))
    ann, bob = (connect(tracker).sign_up(user) for user in ("ann", "bob"))
    ann.call("create_group", group="lab", mode="open")
    for _ in range(2):
        ann.upload("lab", "x")
        ann.call("stop_share", group="lab", name="x")
    with pytest.raises(RefusedError, match="quota_exceeded"):
        ann.upload("lab", "x")
    bob.call("create_group", group="den")
    # Removing something is still possible, and so is a login.
    ann.call("change_password", old="secret123", new="secret456")
    ann.call("leave_group", group="lab")
    connect(tracker).login("ann", "secret456")


@pytest.mark.any_database
def test_too_many_requests_are_delayed(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(requests_per_second=20))
    ann, bob = (connect(tracker).sign_up(user) for user in ("ann", "bob"))

    def seconds(client: SessionClient, count: int) -> float:
        began = time.monotonic()
        for _ in range(count):
            client.call("ping")
        return time.monotonic() - began

    busy = seconds(ann, 240)
    assert busy > 1.0, "ten seconds' worth at once, then twenty a second"
    assert seconds(bob, 20) < busy


@pytest.mark.any_database
def test_too_many_http_requests_are_delayed(start_tracker: StartTracker, connect: Connect) -> None:
    tracker = start_tracker(quotas=Quotas(requests_per_second=5))
    token = connect(tracker).sign_up("ann").call("create_token", scope="read")["token"]
    ann = HttpClient(tracker, token)
    began = time.monotonic()
    for _ in range(55):
        ann.call("list_groups")
    assert time.monotonic() - began > 0.5


@pytest.mark.any_database
def test_too_many_connections_are_delayed(start_tracker: StartTracker) -> None:
    tracker = start_tracker(quotas=Quotas(requests_per_second=5))
    began = time.monotonic()
    for _ in range(56):
        with SessionClient(tracker.address, "127.0.0.2"):
            pass
    assert time.monotonic() - began > 0.5
    with SessionClient(tracker.address) as other:
        assert other.call("ping") == {}
