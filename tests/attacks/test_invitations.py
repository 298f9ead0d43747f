"""Attacks on invitations: guessed, raced for, used up, revoked, and shown to another tracker."""

from __future__ import annotations

import json
import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from common.invitation import InvitationText, InvitedTracker
from tests.integration.tracker.sessions import RefusedError, SessionClient, code_of
from tests.support.programs.processes import ManagedProcess, TrackerProcess
from tests.support.security.certificates import server_context
from tracker.services.groups.invitations import WRONG_CODES_PER_HOUR

MANY = 8
PASSWORD = "secret123"
WRONG = "A" * 22
"""A code of the right length."""

LIMIT = 60.0
Connect = Callable[[str], SessionClient]


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackerProcess]:
    """A tracker that creates accounts by invitation only; the first one was made before."""
    folder = tmp_path_factory.mktemp("tracker")
    with TrackerProcess(folder) as first, SessionClient(first.address) as ann:
        ann.sign_up("ann").call("create_group", group="lab", mode="open")
        database = first.database
    closed = TrackerProcess(folder, "--registration", "invited", database=database)
    with closed:
        yield closed


@pytest.fixture
def connect(tracker: TrackerProcess) -> Iterator[Connect]:
    """Open sessions from addresses of their own, since limits are per address."""
    with ExitStack() as opened:
        yield lambda source: opened.enter_context(SessionClient(tracker.address, source))


@pytest.fixture
def ann(connect: Connect) -> SessionClient:
    client = connect("127.0.0.1")
    client.login("ann")
    return client


def invite(ann: SessionClient, **options: Any) -> tuple[str, str]:
    """Return the code and the number of a new invitation to `lab`."""
    created = ann.call("create_invite", group="lab", **options)
    return created["code"], str(created["id"])


def events(tracker: TrackerProcess, what: str) -> list[tuple[str, str, str]]:
    """Return who, the subject and the address of all events of a kind, as stored."""
    engine = create_engine(tracker.database)
    statement = "SELECT actor, subject, address FROM events WHERE kind = :kind ORDER BY id"
    with engine.connect() as connection:
        rows = connection.execute(text(statement), {"kind": what}).all()
    engine.dispose()
    return [(row[0], row[1], row[2]) for row in rows]


def outcome(client: SessionClient, user: str, **more: str) -> str:
    """Return `ok`, or why no account was made."""
    try:
        client.call("create_user", user=user, password=PASSWORD, **more)
    except RefusedError as error:
        return error.code
    return "ok"


def test_many_at_once_enter_as_often_as_it_says(
    tracker: TrackerProcess, ann: SessionClient, connect: Connect
) -> None:
    code, number = invite(ann, uses=2)
    clients = [connect(f"127.0.1.{count}") for count in range(1, MANY + 1)]
    start = threading.Barrier(MANY)

    def attack(count: int) -> str:
        start.wait(LIMIT)
        return outcome(clients[count], f"racer{count}", invite=code)

    with ThreadPoolExecutor(MANY) as pool:
        outcomes = list(pool.map(attack, range(MANY)))
    assert sorted(outcomes) == ["invite_invalid"] * (MANY - 2) + ["ok"] * 2
    winners = {f"racer{count}" for count, outcome in enumerate(outcomes) if outcome == "ok"}
    members = {row["user"] for row in ann.call("list_members", group="lab")["members"]}
    assert {user for user in members if user.startswith("racer")} == winners
    for count in range(MANY):  # the others have no account, either
        if f"racer{count}" not in winners:
            account = {"user": f"racer{count}", "password": PASSWORD}
            ends = {"peer_id": clients[count].peer_id, "port": 1}
            assert code_of(clients[count], "login", **account, **ends) == "bad_credentials"
    assert {who for who, _, _ in events(tracker, "invite_used")} >= winners
    assert outcome(connect("127.0.1.99"), "late", invite=code) == "invite_invalid"
    assert ("", number, "127.0.1.99") in events(tracker, "invite_refused")


def test_a_newcomers_guesses_are_audited_and_end_after_some(
    tracker: TrackerProcess, ann: SessionClient, connect: Connect
) -> None:
    code, _ = invite(ann)
    mallory = connect("127.0.2.1")
    assert outcome(mallory, "mallory") == "registration_closed"
    for count in range(WRONG_CODES_PER_HOUR):
        assert outcome(mallory, f"mallory{count}", invite=f"{WRONG[:-2]}{count:02}") == (
            "invite_invalid"
        )
    assert outcome(mallory, "mallory", invite=code) == "too_many_attempts"
    assert outcome(connect("127.0.2.1"), "mallory", invite=code) == "too_many_attempts"
    refused = [event for event in events(tracker, "invite_refused") if event[2] == "127.0.2.1"]
    assert refused == [("", "", "127.0.2.1")] * WRONG_CODES_PER_HOUR
    assert outcome(connect("127.0.2.2"), "honest", invite=code) == "ok"


def test_guesses_over_http_count_as_well(
    tracker: TrackerProcess, ann: SessionClient, connect: Connect
) -> None:
    code, _ = invite(ann)
    assert outcome(connect("127.0.3.1"), "eve", invite=code) == "ok"
    code, _ = invite(ann)
    token = ask(tracker, "login", {"user": "eve", "password": PASSWORD})[1]["token"]
    for _ in range(WRONG_CODES_PER_HOUR // 2):
        assert ask(tracker, "accept_invite", {"code": WRONG}, token)[0] == "invite_invalid"
    eve = connect("127.0.3.2")
    eve.login("eve")
    for _ in range(WRONG_CODES_PER_HOUR // 2):
        assert code_of(eve, "accept_invite", code=WRONG) == "invite_invalid"
    assert code_of(eve, "accept_invite", code=code) == "too_many_attempts"
    assert ask(tracker, "accept_invite", {"code": code}, token)[0] == "too_many_attempts"


def ask(
    tracker: TrackerProcess, operation: str, arguments: dict[str, str], token: str = ""
) -> tuple[str, Any]:
    """Return the error code, or `ok`, and the result of an operation over HTTP."""
    request = urllib.request.Request(
        f"http://{tracker.http}/api/v1/{operation}",
        json.dumps(arguments).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    if not token:
        request.remove_header("Authorization")
    try:
        with urllib.request.urlopen(request, timeout=LIMIT) as response:
            return "ok", json.load(response)["result"]
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)["error"]["code"], None


def test_revoked_and_removed_are_refused_in_every_way(
    tracker: TrackerProcess, ann: SessionClient, connect: Connect
) -> None:
    code, number = invite(ann, uses=9)
    bob = connect("127.0.4.1")
    assert outcome(bob, "bob", invite=code) == "ok"
    bob.login("bob")
    ann.call("remove_member", group="lab", user="bob")
    assert code_of(bob, "accept_invite", code=code) == "invite_invalid"
    assert code_of(bob, "create_invite", group="lab") == "not_member"
    ann.call("revoke_invite", group="lab", id=int(number))
    assert outcome(connect("127.0.4.2"), "bob2", invite=code) == "invite_invalid"
    refused = [event for event in events(tracker, "invite_refused") if event[1] == number]
    assert refused == [("bob", number, "127.0.4.1"), ("", number, "127.0.4.2")]
    rows = ann.call("list_events", group="lab")["events"]
    shown = {row["what"] for row in rows if row["subject"] == number}
    assert shown == {"invite_created", "invite_revoked", "invite_refused"}


def test_a_code_is_neither_stored_nor_logged(
    tracker: TrackerProcess, ann: SessionClient, connect: Connect
) -> None:
    code, _ = invite(ann)
    assert outcome(connect("127.0.5.1"), "carl", invite=code) == "ok"
    assert outcome(connect("127.0.5.1"), "carl2", invite=code) == "invite_invalid"
    kept = [path.read_bytes() for path in tracker.folder.iterdir() if path.is_file()]
    assert not any(code.encode() in content for content in kept)
    assert code not in tracker.story()
    assert code not in json.dumps(ann.call("list_events", group="lab"))


@contextmanager
def an_impostor(tracker: TrackerProcess, folder: Path) -> Iterator[list[bytes]]:
    """Take a tracker's address with another certificate; what clients send to it."""
    received: list[bytes] = []

    def serve() -> None:
        with suppress(OSError):  # the listener is closed at the end
            while True:
                sock, _ = listener.accept()
                with suppress(OSError), context.wrap_socket(sock, server_side=True) as stream:
                    stream.sendall(greeting)
                    received.append(b"".join(iter(lambda: stream.recv(4096), b"")))

    with SessionClient(tracker.address) as client:
        greeting = json.dumps(client.greeting).encode() + b"\n"
    tracker.terminate()
    context = server_context(folder, "impostor")
    with socket.create_server(tracker.address) as listener:
        thread = threading.Thread(target=serve, name="impostor")
        thread.start()
        try:
            yield received
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(LIMIT)
    tracker.start()


@pytest.mark.parametrize("action", ["join", "receive"])
def test_the_code_is_not_sent_to_an_impostor(
    tracker: TrackerProcess,
    ann: SessionClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    code, _ = invite(ann)
    trackers = (InvitedTracker(tracker.address, ann.fingerprint),)
    invitation = InvitationText("lab", code, trackers).encode()
    (tmp_path / "password").write_text(PASSWORD)
    account = ["--user", "dan", "--password-file", str(tmp_path / "password")]
    words = [action, invitation, *(account if action == "join" else [str(tmp_path)])]
    client = ManagedProcess([sys.executable, "-m", "client", *words])
    with an_impostor(tracker, tmp_path) as received, client:
        client.close_input()
        assert client.wait(LIMIT) != 0, client.story()
        said = client.errors.tail()
    assert received
    assert not any(received)
    assert "than the invitation names" in said
    assert code not in said
