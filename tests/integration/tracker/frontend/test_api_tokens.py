"""Tokens of the HTTP API: their scopes, their ends, and what they may not do."""

from __future__ import annotations

import pytest

from common.api.registry import OPERATIONS
from common.api.tokens import ListTokens
from tests.integration.tracker.authority.test_authority import REQUEST
from tests.integration.tracker.conftest import Connect, Serve, StartTracker
from tests.integration.tracker.http_client import HttpClient
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.sessions import (
    SessionClient,
    code_of,
    let_in,
)
from tracker.app import TrackerApp
from tracker.services.accounts.logins import HTTP_SECONDS


def token_of(client: HttpClient, tracker: TrackerApp, scope: str) -> HttpClient:
    made = client.call("create_token", scope=scope, label=f"for {scope}")
    return HttpClient(tracker, made["token"])


@pytest.mark.any_database
def test_scopes(tracker: TrackerApp, ann_web: HttpClient, bob: SessionClient) -> None:
    reader, member, admin = (
        token_of(ann_web, tracker, scope) for scope in ("read", "member", "admin")
    )
    for client in (reader, member, admin):
        assert client.call("list_groups")["groups"]
        for name in ("create_token", "list_sessions", "change_password", "list_tokens"):
            arguments = {"scope": "account", "old": "secret123", "new": "new secret"}
            assert client.refused(name, **arguments) == (403, "permission_denied")
    assert reader.refused("create_group", group="x") == (403, "permission_denied")
    assert reader.refused("announce_key", group="lab") == (403, "permission_denied")
    member.call("create_group", group="x")
    promote = {"group": "lab", "user": "bob"}
    assert member.refused("promote", **promote) == (403, "permission_denied")
    admin.call("promote", **promote)


def test_a_token_does_not_make_an_admin(
    tracker: TrackerApp, bob: SessionClient, web: HttpClient
) -> None:
    web.login("bob")
    assert web.refused("promote", group="lab", user="bob") == (403, "not_admin")


@pytest.mark.any_database
def test_every_operation_has_a_scope_that_fits() -> None:
    for operation in OPERATIONS.values():
        if operation.name.startswith(("list_", "get_", "find_")):
            account = operation.name in ("list_sessions", "list_tokens")
            assert operation.scope == ("account" if account else "read")
        elif operation.needs_login and operation.name not in ("logout", "identify_peer", "stats"):
            assert operation.scope != "read", operation.name


def test_tokens_are_listed_renewed_and_revoked(tracker: TrackerApp, ann_web: HttpClient) -> None:
    made = ann_web.call("create_token", scope="read", label="backup", seconds=3600)
    other = HttpClient(tracker, made["token"])
    first, second = ann_web.call("list_tokens")["tokens"]
    assert (first["scope"], first["current"], second["current"]) == ("account", True, False)
    assert (second["id"], second["label"], second["address"]) == (made["id"], "backup", "127.0.0.1")
    assert second["expires_at"] == made["expires_at"]
    assert "token" not in second

    renewed = ann_web.call("renew_token", id=made["id"], seconds=7200)
    assert (renewed["id"], renewed["scope"], renewed["label"]) == (made["id"], "read", "backup")
    assert renewed["expires_at"] > made["expires_at"]
    assert other.refused("list_groups") == (401, "not_logged_in")
    other.token = renewed["token"]
    other.call("list_groups")

    assert ann_web.call("revoke_token", id=made["id"]) == {"id": made["id"]}
    assert other.refused("list_groups") == (401, "not_logged_in")
    for name in ("renew_token", "revoke_token"):
        assert ann_web.refused(name, id=made["id"]) == (409, "usage")
    assert len(ann_web.call("list_tokens")["tokens"]) == 1
    acts = [event["what"] for event in ann_web.call("list_events", group="lab")["events"]]
    assert acts[-3:] == ["token_created", "token_renewed", "token_revoked"]


def test_only_own_tokens_are_listed_and_revoked(ann_web: HttpClient, bob: SessionClient) -> None:
    made = bob.call("create_token", scope="read")
    assert ann_web.refused("revoke_token", id=made["id"]) == (409, "usage")
    assert ann_web.refused("renew_token", id=made["id"]) == (409, "usage")


def test_a_token_expires(lab: Lab, serve: Serve) -> None:
    web = HttpClient(serve(lab.services))
    web.login("ann")
    lab.pass_time(HTTP_SECONDS - 1)
    assert len(web.call("list_tokens")["tokens"]) == 1
    lab.pass_time(1)
    assert web.refused("list_groups") == (401, "not_logged_in")
    me = lab.ann.caller.require_login()
    assert lab.services.tokens.list_tokens(me, ListTokens()).tokens == []


def test_a_token_from_a_session_ends_with_the_password(
    tracker: TrackerApp, ann: SessionClient
) -> None:
    client = HttpClient(tracker, ann.call("create_token", scope="member")["token"])
    client.call("list_groups")
    ann.call("change_password", old="secret123", new="new secret")
    assert client.refused("list_groups") == (401, "not_logged_in")


def test_a_token_can_be_ended_like_a_session(tracker: TrackerApp, ann: SessionClient) -> None:
    made = ann.call("create_token", scope="member")
    client = HttpClient(tracker, made["token"])
    assert made["id"] in {row["id"] for row in ann.call("list_sessions")["sessions"]}
    ann.call("end_session", id=made["id"])
    assert client.refused("list_groups") == (401, "not_logged_in")


def test_a_token_is_valid_at_every_tracker(
    start_tracker: StartTracker, connect: Connect, tracker: TrackerApp, ann_web: HttpClient
) -> None:
    other = HttpClient(start_tracker(), ann_web.token)
    assert other.call("list_groups")["groups"]
    other.call("logout")
    assert ann_web.refused("list_groups") == (401, "not_logged_in")


def test_session_tokens_and_http_tokens_are_not_interchangeable(
    tracker: TrackerApp, ann: SessionClient, ann_web: HttpClient, connect: Connect
) -> None:
    """Else a token that may only read would open a session, which may do everything."""
    resume = {"token": ann_web.token, "peer_id": "0" * 40, "port": 1}
    assert code_of(connect(tracker), "resume_session", **resume) == "not_logged_in"
    of_session = connect(tracker).login("ann")["token"]
    assert HttpClient(tracker, of_session).refused("list_groups") == (401, "not_logged_in")


def test_certificates_end_with_the_token(
    tracker: TrackerApp, ann: SessionClient, bob: SessionClient, web: HttpClient
) -> None:
    ann.call("create_group", group="vault")
    let_in(bob, "bob", ann, "vault")
    web.login("bob")
    web.call("issue_certificate", group="vault", request=REQUEST)
    assert ann.call("get_group", group="vault")["removed"] == []
    web.call("logout")
    assert len(ann.call("get_group", group="vault")["removed"]) == 1


@pytest.mark.any_database
def test_a_request_is_authenticated_once(lab: Lab, serve: Serve) -> None:
    web = HttpClient(serve(lab.services))
    web.login("ann")
    reads = lab.database.reads
    web.call("list_groups")
    assert lab.database.reads - reads == 2  # the token, and the groups


@pytest.mark.any_database
def test_a_refused_token_counts_as_a_request(web: HttpClient) -> None:
    web.token = "none"
    web.refused("list_groups")
    _, _, numbers = web.send("/metrics", method="GET")
    name = b'minitorrent_requests_total{operation="list_groups",outcome="not_logged_in"} 1.0'
    assert name in numbers.splitlines()
