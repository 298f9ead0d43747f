"""The operator's subcommands, on the database of running trackers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.errors import ErrorCode, MinitorrentError
from tests.integration.tracker.authority.test_authority import certify, holder_of
from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.http_client import HttpClient
from tests.integration.tracker.sessions import RefusedError, SessionClient, code_of, let_in
from tests.support.databases.database import empty_database
from tests.support.ports import free_port
from tracker.app import TrackerApp
from tracker.operator import registry
from tracker.operator.subcommand import CommandFailedError

Operate = Callable[..., Any]


@pytest.fixture
def operate(tmp_path: Path) -> Operate:
    """Run a subcommand on the test's database; return its JSON."""
    url = empty_database(tmp_path)
    return lambda *words: json.loads(registry.run([*words, "--json", "--database", url]))


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text("another123\nand more\n")
    return str(path)


def is_closed(client: SessionClient) -> bool:
    """Whether the tracker has ended a connection, by the error that it sends before."""
    while answer := client.read():
        if answer.get("ok") is False:
            return bool(answer["error"]["code"] == "not_logged_in")
    return True


def audit_of(client: SessionClient, group: str) -> list[tuple[str, str, str]]:
    rows = client.call("list_events", group=group)["events"]
    return [(row["who"], row["what"], row["subject"]) for row in rows]


def test_the_first_account_of_a_closed_tracker(
    start_tracker: StartTracker, connect: Connect, operate: Operate, password_file: str
) -> None:
    made = operate("users", "create", "ann", "--password-file", password_file)
    assert made == {"user": "ann", "warning": None}
    tracker = start_tracker(by_invitation_only=True)
    client = connect(tracker)
    assert code_of(client, "create_user", user="bob", password="secret123") == "registration_closed"
    client.login("ann", "another123")
    client.call("create_group", group="lab", mode="open")
    assert audit_of(client, "lab")[0] == ("(operator)", "account_created", "ann")
    with pytest.raises(MinitorrentError, match="ann is taken"):
        operate("users", "create", "ann", "--password-file", password_file)


def test_accounts_are_listed(bob: SessionClient, operate: Operate) -> None:
    bob.upload("lab", "x.bin")
    rows = operate("users", "list")["users"]
    assert [row["user"] for row in rows] == ["ann", "bob"]
    found = rows[1]
    assert (found["groups"], found["files"], found["connections"]) == (1, 1, 1)
    assert found["blocked"] is None
    assert [row["user"] for row in operate("users", "list", "B")["users"]] == ["bob"]


def test_a_blocked_account_is_cut_off_at_every_tracker(
    tracker: TrackerApp,
    start_tracker: StartTracker,
    ann: SessionClient,
    bob: SessionClient,
    connect: Connect,
    operate: Operate,
) -> None:
    ann.call("create_group", group="vault", mode="sealed")
    let_in(bob, "bob", ann, "vault")
    elsewhere = connect(start_tracker())
    elsewhere.login("bob")
    held = {holder_of(certify(bob)), holder_of(certify(elsewhere))}
    key = bob.call("announce_key", group="lab")["key"]
    http = HttpClient(tracker)
    token = http.login("bob")["token"]
    resumable = connect(tracker).login("bob")["token"]

    assert operate("users", "block", "bob") == {"user": "bob", "blocked": True}
    ann.notice(kind="member_left", group="lab", subject="bob")
    notice = ann.notice(kind="member_left", group="vault", subject="bob")
    assert set(notice["removed"]) == held
    assert "operator" in notice["text"]
    assert is_closed(bob)
    assert is_closed(elsewhere)
    newcomer = connect(tracker)
    with pytest.raises(RefusedError, match="This account is blocked; ask the operator") as raised:
        newcomer.login("bob")
    assert raised.value.code == "permission_denied"
    assert code_of(newcomer, "login", user="bob", password="wrong") == "bad_credentials"
    resume = {"token": resumable, "peer_id": "ab" * 20, "port": 1}
    assert code_of(newcomer, "resume_session", **resume) == "not_logged_in"
    assert HttpClient(tracker, token).refused("list_groups") == (401, "not_logged_in")
    _, _, answer = http.send(f"/scrape/{key}?info_hash={'x' * 20}", method="GET")
    assert b"failure reason" in answer
    assert ("(operator)", "account_blocked", "bob") in audit_of(ann, "vault")

    operate("users", "block", "bob")  # again: changes nothing
    operate("users", "unblock", "bob")
    operate("users", "unblock", "bob")
    newcomer.login("bob")
    assert holder_of(certify(newcomer)) not in held
    acts = [what for who, what, _ in audit_of(ann, "lab") if who == "(operator)"]
    assert acts == ["member_blocked", "account_blocked", "account_unblocked"]


def test_nobody_is_sent_to_a_blocked_account(
    ann: SessionClient, bob: SessionClient, operate: Operate
) -> None:
    info_hash = ann.upload("lab", "x.bin")["info_hash"]
    bob.announce(info_hash, left=1, port=7001)
    assert [peer["port"] for peer in ann.announce(info_hash, left=1)["peers"]] == [7001]
    operate("users", "block", "bob")
    assert is_closed(bob)
    assert ann.announce(info_hash, left=1)["peers"] == []


def test_a_reset_password_ends_sessions(
    tracker: TrackerApp, bob: SessionClient, connect: Connect, operate: Operate, password_file: str
) -> None:
    operate("users", "reset-password", "bob", "--password-file", password_file)
    assert is_closed(bob)
    client = connect(tracker)
    assert code_of(client, "login", user="bob", password="secret123") == "bad_credentials"
    assert client.login("bob", "another123")["user"] == "bob"


def test_a_deleted_account_leaves_its_groups(
    tracker: TrackerApp, ann: SessionClient, bob: SessionClient, operate: Operate
) -> None:
    ann.call("create_group", group="own", mode="open")
    ann.upload("lab", "x.bin")
    assert operate("users", "delete", "ann", "--yes") == {"user": "ann"}
    bob.notice(kind="member_left", group="lab", subject="ann")
    bob.notice(kind="role_changed", group="lab", subject="bob")
    assert is_closed(ann)
    groups = bob.call("list_groups")["groups"]
    assert [(row["group"], row["owner"]) for row in groups] == [("lab", "bob")]
    assert bob.call("list_files", group="lab")["files"] == []
    assert ("(operator)", "member_deleted", "ann") in audit_of(bob, "lab")
    assert [row["user"] for row in operate("users", "list")["users"]] == ["bob"]


def test_groups_are_listed_transferred_and_deleted(
    ann: SessionClient, bob: SessionClient, eve: SessionClient, operate: Operate
) -> None:
    ann.upload("lab", "x.bin", b"12345")
    (row,) = operate("groups", "list", "la")["groups"]
    assert (row["group"], row["owner"], row["members"], row["files"], row["bytes"]) == (
        "lab",
        "ann",
        2,
        1,
        5,
    )
    assert operate("groups", "transfer", "lab", "bob") == {"group": "lab", "owner": "bob"}
    assert bob.notice(kind="role_changed")["actor"] == "(operator)"
    members = operate("groups", "members", "lab")["members"]
    assert [(row["user"], row["role"], row["online"]) for row in members] == [
        ("ann", "admin", True),
        ("bob", "owner", True),
    ]
    with pytest.raises(MinitorrentError) as raised:
        operate("groups", "transfer", "lab", "eve")
    assert raised.value.code is ErrorCode.NOT_MEMBER
    assert operate("groups", "delete", "lab", "--yes") == {"group": "lab"}
    for member in (ann, bob):
        assert member.notice(kind="member_removed", group="lab")["actor"] == "(operator)"
    assert code_of(ann, "list_files", group="lab") == "no_such_group"
    assert operate("groups", "list") == {"groups": []}


def test_the_guests_of_a_deleted_group_are_cut_off(
    tracker: TrackerApp, ann: SessionClient, connect: Connect, operate: Operate
) -> None:
    invite = ann.call("create_invite", group="lab", uses=1, seconds=3600)["code"]
    guest = connect(tracker)
    guest.call("create_user", user="visitor", password="secret123", invite=invite, guest=True)
    guest.login("visitor")
    operate("groups", "delete", "lab", "--yes")
    assert is_closed(guest)
    assert [row["user"] for row in operate("users", "list")["users"]] == ["ann"]


def test_sessions_are_listed_and_ended(
    tracker: TrackerApp, bob: SessionClient, connect: Connect, operate: Operate
) -> None:
    bob.call("create_token", scope="read", label="board", seconds=3600)
    session, token = operate("sessions", "list", "bob")["sessions"]
    assert (session["kind"], token["kind"]) == ("session", "token (read)")
    assert (session["tracker"], token["tracker"]) == (str(tracker.address), None)
    assert operate("sessions", "end", str(session["id"])) == {"id": session["id"], "user": "bob"}
    assert is_closed(bob)
    with pytest.raises(MinitorrentError, match="There is no session"):
        operate("sessions", "end", str(session["id"]))
    with pytest.raises(MinitorrentError, match="There is no user nobody"):
        operate("sessions", "list", "nobody")


def test_quotas_of_one_user_or_group(
    ann: SessionClient, bob: SessionClient, operate: Operate
) -> None:
    bob.upload("lab", "x.bin", b"12345")
    limited = operate("quota", "set", "--user", "bob", "--files", "1")
    assert limited["limits"] == {"files": 1, "bytes": None}
    assert limited["used"] == {"files": 1, "bytes": 5}
    with pytest.raises(RefusedError, match="at most 1 files from"):
        bob.upload("lab", "y.bin")
    assert operate("quota", "clear", "--user", "bob")["limits"] == {"files": None, "bytes": None}
    bob.upload("lab", "y.bin")
    operate("quota", "set", "--group", "lab", "--bytes", "2K")
    limits = operate("quota", "set", "--group", "lab", "--members", "9")["limits"]
    assert limits == operate("quota", "show", "--group", "lab")["limits"]
    assert limits == {"files": None, "bytes": 2048, "members": 9}
    changed = [subject for _, what, subject in audit_of(ann, "lab") if what == "quota_changed"]
    assert changed == ["bob", "bob", "lab", "lab"]


def test_people_get_tables(ann: SessionClient, tmp_path: Path) -> None:
    url = empty_database(tmp_path)
    head, row = registry.run(["groups", "list", "--database", url]).splitlines()
    assert head.split() == ["group", "mode", "owner", "created", "members", "files", "bytes"]
    assert row.split()[:3] == ["lab", "open", "ann"]
    assert registry.run(["groups", "list", "nothing", "--database", url]) == "no groups"
    said = registry.run(["users", "block", "ann", "--database", url])
    assert said == "ann is blocked, and everything that used the account is disconnected."


def test_only_an_account_is_worth_a_new_database(tmp_path: Path, password_file: str) -> None:
    where = ["--data-dir", str(tmp_path / "new")]
    with pytest.raises(CommandFailedError, match="there is no database"):
        registry.run(["users", "list", *where])
    registry.run(["users", "create", "ann", "--password-file", password_file, *where])
    assert "ann" in registry.run(["users", "list", *where])


def test_a_failing_database_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "tracker.db").write_text("not a database")
    with pytest.raises(CommandFailedError, match="can't open the database"):
        registry.run(["users", "list", "--data-dir", str(tmp_path)])


def test_a_password_of_the_database_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "tracker.toml"
    file.write_text(f'database = "postgresql://tracker:pa55@127.0.0.1:{free_port()}/tracker"')
    with pytest.raises(CommandFailedError, match="can't open the database") as raised:
        registry.run(["users", "list", "--config", str(file)])
    assert "pa55" not in str(raised.value)


def test_a_configured_length_of_passwords_applies(tmp_path: Path, password_file: str) -> None:
    file = tmp_path / "tracker.toml"
    file.write_text(f'data-dir = "{tmp_path}"\nmin-password-length = 30')
    with pytest.raises(MinitorrentError) as raised:
        words = ["users", "create", "ann", "--password-file", password_file]
        registry.run([*words, "--config", str(file)])
    assert raised.value.code is ErrorCode.WEAK_PASSWORD


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["users"], "users needs another word; choose one of: list, create,"),
        (["users", "blok"], "users has no 'blok'; did you mean: users block"),
        (["quota", "show"], "one of the arguments --user --group is required"),
        (["quota", "set", "--user", "ann"], "say which limit"),
        (["quota", "set", "--user", "ann", "--members", "3"], "a user has no limit of members"),
        (["quota", "set", "--user", "ann", "--bytes", "3Q"], "argument --bytes: '3Q' is not a"),
        (["users", "delete", "ann"], "there is no terminal to ask for confirmation at"),
        (["users", "create", "ann"], "there is no terminal to ask for the password at"),
        (["users", "create", "ann", "--password-file", "/nowhere"], "can't read /nowhere"),
    ],
)
def test_usage_errors(words: list[str], said: str) -> None:
    with pytest.raises(MinitorrentError) as raised:
        registry.run(words)
    assert raised.value.code is ErrorCode.USAGE
    assert raised.value.message.startswith(said)


def test_help_lists_what_can_follow() -> None:
    assert "groups transfer" in registry.run(["groups", "--help"])
