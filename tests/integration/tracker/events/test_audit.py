"""The audit keeps every security-relevant action: who, what, when, and from where."""

from __future__ import annotations

import re

import pytest

from tests.integration.tracker.conftest import Connect
from tests.integration.tracker.sessions import RefusedError, SessionClient, code_of, let_in
from tracker.app import TrackerApp

HOME, AWAY = "127.0.0.1", "127.0.0.9"
Act = tuple[str, str, str, str]


def acts(admin: SessionClient) -> list[Act]:
    """Who, what, subject, address; the oldest first."""
    events = admin.call("list_events", group="lab")["events"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", event["at"]) for event in events)
    return [(e["who"], e["what"], e["subject"], e["address"]) for e in events]


def test_actions_in_a_group(
    tracker: TrackerApp, ann: SessionClient, bob: SessionClient, connect: Connect
) -> None:
    eve = connect(tracker, AWAY).sign_up("eve")
    eve.call("join_group", group="lab")
    ann.call("reject_request", group="lab", user="eve")
    assert eve.notice(kind="request_rejected")["actor"] == "ann"
    let_in(eve, "eve", ann)
    ann.call("promote", group="lab", user="bob")
    ann.call("demote", group="lab", user="bob")
    eve.upload("lab", "x.bin")
    eve.call("stop_share", group="lab", name="x.bin")
    ann.call("remove_member", group="lab", user="eve")
    bob.call("leave_group", group="lab")
    found = acts(ann)
    in_order: list[Act] = [
        ("ann", "group_created", "lab", HOME),
        ("bob", "join_requested", "bob", HOME),
        ("ann", "request_accepted", "bob", HOME),
        ("eve", "join_requested", "eve", AWAY),
        ("ann", "request_rejected", "eve", HOME),
        ("eve", "join_requested", "eve", AWAY),
        ("ann", "request_accepted", "eve", HOME),
        ("ann", "member_promoted", "bob", HOME),
        ("ann", "member_demoted", "bob", HOME),
        ("eve", "file_added", "x.bin", AWAY),
        ("eve", "file_stopped", "x.bin", AWAY),
        ("ann", "member_removed", "eve", HOME),
        ("bob", "member_left", "bob", HOME),
    ]
    assert [act for act in found if act[1] not in ("login", "account_created")] == in_order


def test_a_transferred_group(ann: SessionClient, bob: SessionClient) -> None:
    ann.call("transfer_group", group="lab", user="bob")
    assert bob.notice(kind="role_changed")["subject"] == "bob"
    bob.call("leave_group", group="lab")
    assert ann.notice(kind="role_changed")["subject"] == "ann"
    found = acts(ann)
    assert ("ann", "group_transferred", "bob", HOME) in found
    assert ("bob", "group_inherited", "ann", HOME) in found


def test_actions_on_members_accounts(
    tracker: TrackerApp, ann: SessionClient, bob: SessionClient, connect: Connect
) -> None:
    outsider = connect(tracker, AWAY)
    for user, password in (("bob", "wrong"), ("my-password", "wrong")):
        with pytest.raises(RefusedError, match="bad_credentials"):
            outsider.login(user, password)
    outsider.login("bob")
    outsider.call("logout")
    outsider.login("bob")
    other = next(s for s in bob.call("list_sessions")["sessions"] if not s["current"])
    bob.call("end_session", id=other["id"])
    bob.call("change_password", old="secret123", new="new secret")
    connect(tracker).sign_up("eve")  # no member

    found = [act for act in acts(ann) if act[2] == "bob" and act[3]]
    assert [act for act in found if act[1] not in ("join_requested", "request_accepted")] == [
        ("bob", "account_created", "bob", HOME),
        ("bob", "login", "bob", HOME),
        ("", "login_failed", "bob", AWAY),
        ("bob", "login", "bob", AWAY),
        ("bob", "logout", "bob", AWAY),
        ("bob", "login", "bob", AWAY),
        ("bob", "session_ended", "bob", HOME),
        ("bob", "password_changed", "bob", HOME),
    ]
    everything = str(acts(ann))
    assert "eve" not in everything
    assert "my-password" not in everything  # people type their password there


def test_only_admins_see_the_audit(
    ann: SessionClient, bob: SessionClient, eve: SessionClient
) -> None:
    assert code_of(bob, "list_events", group="lab") == "not_admin"
    assert code_of(eve, "list_events", group="lab") == "not_member"
    assert code_of(eve, "list_events", group="none") == "no_such_group"


def test_logins_are_not_pushed(
    tracker: TrackerApp, ann: SessionClient, bob: SessionClient, connect: Connect
) -> None:
    connect(tracker).login("bob")
    ann.call("create_group", group="other")
    bob.call("join_group", group="other")
    pushed = ann.notice(kind="join_requested", group="other")
    assert pushed["actor"] == "bob"
    assert {event["kind"] for event in ann.notices + bob.notices} <= {"request_accepted"}


def test_the_audit_keeps_everything(ann: SessionClient) -> None:
    ann.upload("lab", "x.bin")
    for number in range(5):
        ann.call("create_token", scope="read", label=str(number))
    newest = ann.call("list_events", group="lab", limit=2)
    assert [event["what"] for event in newest["events"]] == ["token_created"] * 2
    whats: list[str] = []
    after: str | None = ""
    while after is not None:
        page = ann.call("list_events", group="lab", limit=2, after=after)
        assert page["total"] == 9
        whats = [event["what"] for event in page["events"]] + whats
        after = page["next"]
    assert whats == ["account_created", "login", "group_created", "file_added"] + 5 * [
        "token_created"
    ]


def test_a_pattern_filters_the_audit(ann: SessionClient, bob: SessionClient) -> None:
    ann.upload("lab", "x.bin")
    for pattern, whats in (
        ("X.B", ["file_added"]),
        ("*_added", ["file_added"]),
        ("BO", ["account_created", "login", "join_requested", "request_accepted"]),
        ("none", []),
    ):
        found = ann.call("list_events", group="lab", pattern=pattern)
        assert [event["what"] for event in found["events"]] == whats
        assert found["total"] == len(whats)
