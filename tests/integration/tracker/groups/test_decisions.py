"""Several requests to join are decided at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from common.api.groups import MAX_DECISIONS
from tests.integration.tracker.sessions import SessionClient, code_of

SignUp = Callable[[str], SessionClient]
NAMES = ("cat", "dan", "eva")


@pytest.fixture
def asking(ann: SessionClient, sign_up: SignUp) -> dict[str, SessionClient]:
    """Three users who ask to join lab, in this order."""
    clients = {name: sign_up(name) for name in NAMES}
    for client in clients.values():
        client.call("join_group", group="lab")
    return clients


def members(ann: SessionClient) -> list[str]:
    return [row["user"] for row in ann.call("list_members", group="lab")["members"]]


def test_named_users_are_let_in(ann: SessionClient, asking: dict[str, SessionClient]) -> None:
    reply = ann.call("accept_requests", group="lab", users=["dan", "cat", "dan"])
    assert reply == {"group": "lab", "users": ["dan", "cat"], "left": 1}
    assert members(ann) == ["ann", "dan", "cat"]
    assert asking["dan"].notice()["kind"] == "request_accepted"


def test_everybody_is_let_in(ann: SessionClient, asking: dict[str, SessionClient]) -> None:
    assert ann.call("accept_requests", group="lab")["users"] == list(NAMES)
    assert members(ann) == ["ann", *NAMES]
    assert ann.call("accept_requests", group="lab") == {"group": "lab", "users": [], "left": 0}


def test_everybody_is_rejected(ann: SessionClient, asking: dict[str, SessionClient]) -> None:
    reply = ann.call("reject_requests", group="lab", users=["eva"])
    assert reply == {"group": "lab", "users": ["eva"], "left": 2}
    assert ann.call("reject_requests", group="lab")["users"] == ["cat", "dan"]
    assert members(ann) == ["ann"]
    assert asking["cat"].notice()["kind"] == "request_rejected"


def test_other_admins_hear_of_decisions(
    ann: SessionClient, bob: SessionClient, asking: dict[str, SessionClient]
) -> None:
    ann.call("promote", group="lab", user="bob")
    ann.call("accept_request", group="lab", user="cat")
    ann.call("reject_request", group="lab", user="dan")
    told = [bob.notice(kind="request_decided") for _ in range(2)]
    assert [(one["subject"], one["text"]) for one in told] == [
        ("cat", "ann let cat into lab."),
        ("dan", "ann rejected the request of dan to join lab."),
    ]
    assert asking["cat"].notice()["text"] == "ann let you into lab."
    bob.call("reject_request", group="lab", user="eva")
    assert ann.notice(kind="request_decided")["subject"] == "eva"
    kinds = {notice["kind"] for notice in ann.notices + bob.notices + asking["cat"].notices}
    assert "request_decided" not in kinds, "neither the actor nor the user is told"
    listed = bob.call("list_notices")["notices"]
    assert "request_decided" not in {notice["kind"] for notice in listed}


def test_one_wrong_name_decides_nothing(
    ann: SessionClient, asking: dict[str, SessionClient]
) -> None:
    for wrong, code in (("nobody", "no_such_user"), ("ann", "no_such_request")):
        users = ["cat", wrong]
        assert code_of(ann, "accept_requests", group="lab", users=users) == code
    assert members(ann) == ["ann"]
    assert code_of(asking["cat"], "accept_requests", group="lab") == "not_member"
    too_many = ["cat"] * (MAX_DECISIONS + 1)
    assert code_of(ann, "accept_requests", group="lab", users=too_many) == "usage"


def test_only_admins_decide(ann: SessionClient, asking: dict[str, SessionClient]) -> None:
    ann.call("accept_request", group="lab", user="cat")
    assert code_of(asking["cat"], "accept_requests", group="lab") == "not_admin"
    assert code_of(asking["cat"], "reject_requests", group="lab", users=["dan"]) == "not_admin"
