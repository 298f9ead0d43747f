"""Notices: recipients and contents, live and later."""

from __future__ import annotations

from collections.abc import Callable

from common.api.events import ListNotices
from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.sessions import SessionClient, let_in
from tests.support.waiting import wait_until
from tracker.app import TrackerApp
from tracker.services.notices import NoticeService

SignUp = Callable[[str], SessionClient]


def notices(client: SessionClient) -> list[tuple[str, str]]:
    """Return kind and text of the listed notices."""
    return [(n["kind"], n["text"]) for n in client.call("list_notices")["notices"]]


def leave(client: SessionClient, watcher: SessionClient, user: str) -> None:
    """Drop a connection and wait until the tracker knows."""
    client.close()

    def is_offline() -> bool:
        members = watcher.call("list_members", group="lab")["members"]
        return not any(m["user"] == user and m["online"] for m in members)

    wait_until(is_offline, what=f"{user} to be offline")


def test_missed_events_are_listed(
    tracker: TrackerApp,
    ann: SessionClient,
    bob: SessionClient,
    eve: SessionClient,
    connect: Connect,
) -> None:
    leave(ann, bob, "ann")
    eve.call("join_group", group="lab")
    bob.upload("lab", "x.bin")
    bob.call("leave_group", group="lab")
    ann = connect(tracker)
    assert ann.login("ann")["unread_notices"] == 3
    reply = ann.call("list_notices")
    assert reply["unread"] == 3
    assert [(n["kind"], n["group"], n["text"]) for n in reply["notices"]] == [
        ("join_requested", "lab", "bob asks to join lab."),  # notified when it happened
        ("join_requested", "lab", "eve asks to join lab."),
        ("file_added", "lab", "bob shares x.bin in lab."),
        ("member_left", "lab", "bob left lab."),
    ]
    assert set(reply["notices"][0]) == {"at", "kind", "group", "text", "actor"}
    again = ann.call("list_notices")
    assert (again["notices"], again["unread"]) == (reply["notices"], 0)
    assert connect(tracker).login("ann")["unread_notices"] == 0


def test_everybody_gets_exactly_their_own_notices(
    ann: SessionClient, bob: SessionClient, eve: SessionClient
) -> None:
    ann.upload("lab", "before.bin")
    bob.notice(kind="file_added")
    let_in(eve, "eve", ann)
    ann.upload("lab", "after.bin")
    ann.call("promote", group="lab", user="bob")
    ann.call("create_group", group="other")
    ann.upload("other", "secret.bin")
    ann.call("remove_member", group="lab", user="eve")
    assert notices(eve) == [
        ("request_accepted", "ann let you into lab."),
        ("member_removed", "ann removed you from lab."),
    ]
    assert [text for _, text in notices(bob)] == [
        "ann let you into lab.",
        "ann shares before.bin in lab.",
        "eve asks to join lab.",
        "ann shares after.bin in lab.",
        "ann made you an admin of lab.",
        "ann removed eve from lab.",
    ]


def complete(client: SessionClient, info_hash: str) -> None:
    client.announce(info_hash, 7, event="started")
    client.announce(info_hash, 0, event="completed")


def test_sharers_are_notified_of_finished_downloads(
    ann: SessionClient, bob: SessionClient, eve: SessionClient
) -> None:
    let_in(eve, "eve", ann)
    info_hash = ann.upload("lab", "x.bin")["info_hash"]
    complete(bob, info_hash)
    assert ann.notice(kind="file_completed")["text"] == "bob has finished downloading x.bin of lab."
    complete(bob, info_hash)  # notified once
    complete(eve, info_hash)
    assert ann.notice(kind="file_completed")["actor"] == "eve"
    assert bob.notice(kind="file_completed")["actor"] == "eve"  # he shares it, too, by now
    completed = [text for kind, text in notices(ann) if kind == "file_completed"]
    assert [text.split()[0] for text in completed] == ["bob", "eve"]
    assert not [kind for kind, _ in notices(eve) if kind == "file_completed"]


def test_a_partial_download_is_not_reported_as_finished(
    ann: SessionClient, bob: SessionClient
) -> None:
    info_hash = ann.upload("lab", "x.bin")["info_hash"]
    bob.announce(info_hash, 7, event="completed")
    assert "file_completed" not in dict(notices(ann))


def test_pushed_events_are_marked_read_when_a_tracker_stops(
    start_tracker: StartTracker, connect: Connect
) -> None:
    one, two = start_tracker(), start_tracker()
    ann, bob = connect(one).sign_up("ann"), connect(two).sign_up("bob")
    ann.call("create_group", group="lab")
    bob.call("join_group", group="lab")
    assert ann.notice()["kind"] == "join_requested"
    one._heartbeat.stop(10)
    one._leave_database()
    again = connect(two)
    assert again.login("ann")["unread_notices"] == 0
    assert notices(again) == [("join_requested", "bob asks to join lab.")]


def test_all_unread_notices_are_listed(lab: Lab) -> None:
    notices = NoticeService(lab.database, lab.clock, recent=2)
    lab.member("bob")
    for number in range(4):
        lab.share(f"{number}.bin")
    bob = lab.client("bob").caller.require_login()

    def listed() -> list[str]:
        return [notice.text for notice in notices.list_notices(bob, ListNotices()).notices]

    assert len(listed()) == 5  # with his own acceptance
    assert listed() == ["ann shares 2.bin in lab.", "ann shares 3.bin in lab."]


def test_older_notices_are_on_the_next_pages(ann: SessionClient, bob: SessionClient) -> None:
    for number in range(5):
        bob.upload("lab", f"{number}.bin")
    texts: list[str] = []
    after: str | None = ""
    while after is not None:
        page = ann.call("list_notices", limit=2, after=after)
        assert page["total"] == 6  # bob's request, too
        texts = [row["text"] for row in page["notices"]] + texts
        after = page["next"]
    assert texts[1:] == [f"bob shares {number}.bin in lab." for number in range(5)]
    found = ann.call("list_notices", pattern="3.BIN", limit=2)
    assert [row["text"] for row in found["notices"]] == ["bob shares 3.bin in lab."]
    assert (found["total"], found["next"]) == (1, None)


def test_notices_that_were_not_sent_stay_unread(
    start_tracker: StartTracker, connect: Connect
) -> None:
    one, two = start_tracker(), start_tracker()
    ann, bob = connect(one).sign_up("ann"), connect(two).sign_up("bob")
    ann.call("create_group", group="lab")
    one._notices.stop(30)
    bob.call("join_group", group="lab")
    ann.call("logout")
    again = connect(two)
    assert again.login("ann")["unread_notices"] == 1
    assert again.call("list_notices")["unread"] == 1
    assert again.call("list_notices")["unread"] == 0


def test_a_new_account_has_no_notices(ann: SessionClient, sign_up: SignUp) -> None:
    """Neither of an earlier account of that name, nor of its groups before it joined."""
    ann.upload("lab", "before.bin")
    with sign_up("cat") as cat:
        let_in(cat, "cat", ann)
        ann.upload("lab", "after.bin")
        assert [text for kind, text in notices(cat) if kind == "file_added"] == [
            "ann shares after.bin in lab."
        ]
