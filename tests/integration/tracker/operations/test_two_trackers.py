"""Several trackers on one database: in one process, and as processes that are killed."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, update

from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.sessions import SessionClient, code_of, let_in
from tests.support.programs.processes import TrackerProcess
from tests.support.waiting import wait_until
from tracker.store.presence.trackers import FRESH_SECONDS
from tracker.store.tables import trackers


def online(client: SessionClient) -> set[str]:
    members = client.call("list_members", group="lab")["members"]
    return {member["user"] for member in members if member["online"]}


def let_time_pass_for(killed: TrackerProcess) -> None:
    """Make the last sign of life of a killed tracker older, so that its lease ends in a second."""
    engine = create_engine(killed.database)
    with engine.begin() as connection:
        ago = trackers.c.heartbeat_at - (FRESH_SECONDS - 1)
        connection.execute(
            update(trackers).where(trackers.c.port == killed.address.port).values(heartbeat_at=ago)
        )
    engine.dispose()


def test_members_at_two_trackers_work_together(
    start_tracker: StartTracker, connect: Connect
) -> None:
    one, two = start_tracker(), start_tracker()
    ann, bob = connect(one).sign_up("ann"), connect(two).sign_up("bob")
    ann.call("create_group", group="lab")

    bob.call("join_group", group="lab")
    assert ann.notice()["kind"] == "join_requested"
    ann.call("accept_request", group="lab", user="bob")
    assert bob.notice()["kind"] == "request_accepted"

    info_hash = ann.upload("lab", "x.bin")["info_hash"]
    ann.announce(info_hash, 0, port=1001)
    (peer,) = bob.announce(info_hash, 7)["peers"]
    assert (peer["user"], peer["port"]) == ("ann", 1001)
    assert online(bob) == {"ann", "bob"}
    urls = bob.call("announce_key", group="lab")["announce_urls"]
    ports = [int(url.split(":")[2].split("/")[0]) for url in urls]
    assert one.http_address is not None
    assert two.http_address is not None
    assert ports == [two.http_address.port, one.http_address.port]


def test_a_clean_stop_is_visible_at_the_other_tracker_at_once(
    start_tracker: StartTracker, connect: Connect
) -> None:
    one, two = start_tracker(), start_tracker()
    ann, bob = connect(one).sign_up("ann"), connect(two).sign_up("bob")
    ann.call("create_group", group="lab")
    let_in(bob, "bob", ann)
    one._heartbeat.stop(10)
    one._leave_database()
    assert online(bob) == {"bob"}


def test_a_token_is_valid_at_every_tracker(start_tracker: StartTracker, connect: Connect) -> None:
    one, two = start_tracker(), start_tracker()
    first = connect(one).sign_up("ann")
    token = connect(one).login("ann")["token"]
    second = connect(two)
    second.call("resume_session", token=token, peer_id=first.peer_id, port=1)
    first.call("change_password", old="secret123", new="new secret")
    assert code_of(second, "list_groups") == "not_logged_in"


def test_a_killed_tracker_loses_nothing(tmp_path: Path) -> None:
    with TrackerProcess(tmp_path) as process:
        with SessionClient(process.address) as ann, SessionClient(process.address) as bob:
            ann.sign_up("ann").call("create_group", group="lab")
            bob.sign_up("bob").call("join_group", group="lab")
            info_hash = ann.upload("lab", "x.bin")["info_hash"]
            ann.announce(info_hash, 0, port=1001)
            for number in range(30):
                ann.call("create_group", group=f"group{number}")
            process.kill()
        process.start()
        with SessionClient(process.address) as ann:
            reply = ann.login("ann")
            assert set(reply["groups"]) == {"lab", *(f"group{n}" for n in range(30))}
            assert reply["pending_requests"] == 1
            (row,) = ann.call("list_files", group="lab")["files"]
            assert (row["info_hash"], row["owner"]) == (info_hash, "ann")
            assert row["seeders"] == 0
            assert online(ann) == {"ann"}


def test_a_killed_trackers_peers_expire_at_the_other(tmp_path: Path) -> None:
    with (
        TrackerProcess(tmp_path) as one,
        TrackerProcess(tmp_path, number=2, database=one.database) as two,
        SessionClient(one.address) as ann,
        SessionClient(two.address) as bob,
    ):
        ann.sign_up("ann").call("create_group", group="lab")
        bob.sign_up("bob")
        let_in(bob, "bob", ann)
        key = bob.call("announce_key", group="lab")
        assert len(key["announce_urls"]) == 2
        one.kill()
        assert online(bob) == {"ann", "bob"}
        let_time_pass_for(one)
        wait_until(lambda: online(bob) == {"bob"}, 30, "the killed tracker's lease to end")
        assert len(bob.call("announce_key", group="lab")["announce_urls"]) == 1
