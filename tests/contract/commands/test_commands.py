"""Accounts, groups and general commands through real processes: each result, each error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contract.sharing import share
from tests.support.programs.processes import ClientProcess, TrackerProcess


# --- accounts ---------------------------------------------------------------------------------
def test_create_user(nobody: ClientProcess) -> None:
    assert nobody.ok("create_user zoe secret123") == {"user": "zoe"}
    nobody.fails("user_exists", "create_user zoe secret456")
    nobody.fails("invalid_name", "create_user", "zoe smith", "secret123")
    nobody.fails("invalid_name", "create_user", "z" * 65, "secret123")
    nobody.fails("weak_password", "create_user yan short")
    nobody.fails("usage", "create_user yan")


def test_login_and_logout(folder: Path, tracker: TrackerProcess, ann: ClientProcess) -> None:
    with ClientProcess(folder / "lou", [tracker]) as lou:
        lou.ok("create_user lou secret123")
        lou.fails("bad_credentials", "login lou wrong-password")
        lou.fails("bad_credentials", "login nobody-of-that-name secret123")
        lou.fails("usage", "login lou")
        assert lou.ok("login lou secret123") == {"user": "lou", "groups": [], "sharing": 0}
        lou.fails("usage", "login lou secret123")
        assert lou.ok("whoami") == {"user": "lou"}
        assert lou.ok("logout") == {"user": "lou"}
        lou.fails("not_logged_in", "logout")
        lou.fails("not_logged_in", "whoami")


def test_login_lists_groups_and_resumes_shares(
    folder: Path, tracker: TrackerProcess, tmp_path: Path
) -> None:
    with ClientProcess(folder / "max", [tracker]) as max_:
        max_.sign_in("max")
        max_.ok("create_group of-max")
        share(max_, "of-max", tmp_path / "a.txt")
        max_.ok("logout")
        expected = {"user": "max", "groups": ["of-max"], "sharing": 1}
        assert max_.ok("login max secret123") == expected
        assert max_.ok("quit") == {}
        assert max_.wait() == 0
    with ClientProcess(folder / "max", [tracker]) as max_:
        assert max_.ok("login max secret123") == expected


def test_too_many_attempts(nobody: ClientProcess) -> None:
    nobody.ok("create_user guessed secret123")
    codes = set()
    for attempt in range(30):
        answer = nobody.run(f"login guessed wrong-{attempt}")
        codes.add(answer["error"]["code"])
        if "too_many_attempts" in codes:
            break
    assert codes == {"bad_credentials", "too_many_attempts"}
    nobody.fails("too_many_attempts", "login guessed secret123")


def test_passwd(folder: Path, tracker: TrackerProcess) -> None:
    with ClientProcess(folder / "pat", [tracker]) as pat:
        pat.sign_in("pat")
        pat.fails("bad_credentials", "passwd wrong-one secret456")
        pat.fails("weak_password", "passwd secret123 short")
        pat.fails("usage", "passwd secret123")
        assert pat.ok("passwd secret123 secret456") == {"user": "pat"}
        pat.ok("logout")
        pat.fails("bad_credentials", "login pat secret123")
        pat.ok("login pat secret456")


@pytest.mark.parametrize(
    "line",
    [
        "logout",
        "whoami",
        "passwd secret123 secret456",
        "create_group x",
        "join_group x",
        "leave_group x",
        "use_group x",
        "list_groups",
        "list_members x",
        "list_requests x",
        "accept_request x ann",
        "reject_request x ann",
        "remove_member x ann",
        "promote x ann",
        "demote x ann",
        "transfer_group x ann",
        "list_files x",
        "upload_file tracker_info.txt x",
        "download_file x y /tmp",
        "stop_share x y",
        "show_downloads",
        "show_shares",
        "pause x y",
        "resume x y",
        "cancel x y",
        "recheck x y",
        "peers x y",
        "notices",
        "share tracker_info.txt y.torrent x",
        "remove y.torrent",
        "get y.torrent /tmp",
    ],
)
def test_commands_without_a_login_are_refused(nobody: ClientProcess, line: str) -> None:
    nobody.fails("not_logged_in", line)


# --- groups -----------------------------------------------------------------------------------
def test_create_group(ann: ClientProcess, bob: ClientProcess) -> None:
    assert ann.ok("create_group plain") == {"group": "plain", "mode": "sealed"}
    assert ann.ok("create_group opened --open") == {"group": "opened", "mode": "open"}
    bob.fails("group_exists", "create_group plain")
    ann.fails("invalid_name", "create_group", "not a name")
    ann.fails("usage", "create_group")
    ann.fails("usage", "create_group x --sealed")
    members = ann.ok("list_members plain")["members"]
    assert members == [{"user": "ann", "role": "owner", "online": True}]


def test_join_group(ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, group: str) -> None:
    assert eve.ok("join_group", group) == {"group": group, "status": "requested"}
    eve.fails("already_requested", f"join_group {group}")
    bob.fails("already_member", f"join_group {group}")
    ann.fails("already_member", f"join_group {group}")
    eve.fails("no_such_group", "join_group of-nobody")


def test_leave_group(
    ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, group: str
) -> None:
    eve.fails("not_member", f"leave_group {group}")
    eve.fails("no_such_group", "leave_group of-nobody")
    assert ann.ok("leave_group", group) == {"group": group}
    assert bob.ok("list_members", group)["members"] == [
        {"user": "bob", "role": "owner", "online": True}
    ]
    bob.ok("leave_group", group)
    bob.fails("no_such_group", f"list_members {group}")


def test_use_group(ann: ClientProcess, eve: ClientProcess, shared: Path, group: str) -> None:
    eve.fails("not_member", f"use_group {group}")
    eve.fails("no_such_group", "use_group of-nobody")
    eve.fails("usage", "list_files")
    eve.fails("usage", "pause x")
    assert ann.ok("use_group", group) == {"group": group}
    assert ann.ok("list_members")["group"] == group
    assert ann.ok("list_requests")["group"] == group
    assert ann.ok("list_files")["group"] == group
    assert ann.ok("recheck", shared.name)["group"] == group
    assert ann.ok("stop_share", shared.name) == {"group": group, "name": shared.name}
    assert ann.ok("promote bob") == {"group": group, "user": "bob"}


def test_list_groups(ann: ClientProcess, eve: ClientProcess, shared: Path, group: str) -> None:
    expected = {"group": group, "owner": "ann", "members": 2, "files": 1, "mode": "sealed"}
    assert {**expected, "member": True} in ann.ok("list_groups")["groups"]
    assert {**expected, "member": False} in eve.ok("list_groups")["groups"]


def test_list_members(ann: ClientProcess, eve: ClientProcess, group: str) -> None:
    assert ann.ok("list_members", group) == {
        "group": group,
        "members": [
            {"user": "ann", "role": "owner", "online": True},
            {"user": "bob", "role": "member", "online": True},
        ],
        "total": 2,
    }
    eve.fails("not_member", f"list_members {group}")
    eve.fails("no_such_group", "list_members of-nobody")


def test_requests(ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, group: str) -> None:
    eve.ok("join_group", group)
    requests = ann.ok("list_requests", group)
    assert [row["user"] for row in requests["requests"]] == ["eve"]
    assert requests["requests"][0]["requested_at"].startswith("20")
    assert requests["group"] == group
    bob.fails("not_admin", f"list_requests {group}")
    eve.fails("not_member", f"list_requests {group}")
    ann.fails("no_such_group", "list_requests of-nobody")
    for answer in ("accept_request", "reject_request"):
        bob.fails("not_admin", f"{answer} {group} eve")
        eve.fails("not_member", f"{answer} {group} eve")
        ann.fails("no_such_group", f"{answer} of-nobody eve")
        ann.fails("no_such_user", f"{answer} {group} no-such-user")
        ann.fails("no_such_request", f"{answer} {group} bob")
    assert ann.ok("reject_request", group, "eve") == {"group": group, "user": "eve"}
    ann.fails("no_such_request", f"accept_request {group} eve")
    eve.ok("join_group", group)
    assert ann.ok("accept_request", group, "eve") == {"group": group, "user": "eve"}
    assert len(eve.ok("list_members", group)["members"]) == 3


def test_many_requests(ann: ClientProcess, bob: ClientProcess, eve: ClientProcess) -> None:
    for group in ("crowd", "circle"):
        ann.ok("create_group", group)
        for asking in (bob, eve):
            asking.ok("join_group", group)
    ann.fails("no_such_request", "accept_request crowd bob ann")
    ann.fails("usage", "accept_request crowd bob --all")
    ann.fails("usage", "accept_request")
    reply = ann.ok("accept_request crowd eve bob")
    assert reply == {"group": "crowd", "users": ["eve", "bob"]}
    assert ann.ok("accept_request crowd --all") == {"group": "crowd", "users": []}
    assert ann.ok("reject_request circle --all") == {"group": "circle", "users": ["bob", "eve"]}
    assert len(bob.ok("list_members crowd")["members"]) == 3


def test_roles(ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, group: str) -> None:
    result = {"group": group, "user": "bob"}
    ann.fails("last_admin", f"demote {group} ann")
    for change in ("promote", "demote", "transfer_group", "remove_member"):
        bob.fails("not_admin", f"{change} {group} bob")
        eve.fails("not_member", f"{change} {group} bob")
        ann.fails("no_such_group", f"{change} of-nobody bob")
        ann.fails("no_such_user", f"{change} {group} no-such-user")
        ann.fails("not_member", f"{change} {group} eve")
    assert ann.ok("promote", group, "bob") == result
    bob.fails("permission_denied", f"remove_member {group} ann")
    bob.fails("permission_denied", f"demote {group} ann")
    bob.fails("permission_denied", f"transfer_group {group} bob")
    assert ann.ok("demote", group, "bob") == result
    assert ann.ok("transfer_group", group, "bob") == result
    roles = {row["user"]: row["role"] for row in ann.ok("list_members", group)["members"]}
    assert roles == {"ann": "admin", "bob": "owner"}
    assert bob.ok("remove_member", group, "ann") == {"group": group, "user": "ann"}
    ann.fails("not_member", f"list_members {group}")


def test_readers_and_uploaders(
    ann: ClientProcess, bob: ClientProcess, group: str, tmp_path: Path
) -> None:
    assert ann.ok("set_role", group, "bob", "reader") == {
        "group": group,
        "user": "bob",
        "role": "reader",
    }
    roles = {row["user"]: row["role"] for row in bob.ok("list_members", group)["members"]}
    assert roles == {"ann": "owner", "bob": "reader"}
    own = tmp_path / "bobs.txt"
    own.write_text("bob")
    assert "reader" in bob.fails("permission_denied", "upload_file", str(own), group)
    ann.fails("usage", f"set_role {group} bob boss")
    ann.fails("usage", f"set_role {group} bob owner")
    bob.fails("not_admin", f"set_role {group} bob admin")
    assert ann.ok("set_upload", group, "uploaders") == {"group": group, "upload": "uploaders"}
    ann.ok("set_role", group, "bob", "uploader")
    bob.ok("upload_file", str(own), group)
    bob.fails("not_admin", f"set_upload {group} members")


def test_stats(ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, group: str) -> None:
    eve.fails("not_member", f"stats {group}")
    ann.fails("no_such_group", "stats of-nobody")
    assert bob.ok("stats", group) == {
        "group": group,
        "files": 0,
        "bytes": 0,
        "members": 2,
        "users": [{"user": user, "up": 0, "down": 0} for user in ("ann", "bob")],
    }


# --- the rest ---------------------------------------------------------------------------------
def test_trackers(ann: ClientProcess, tracker: TrackerProcess) -> None:
    (row,) = ann.ok("trackers")["trackers"]
    assert re.fullmatch(r"[0-9A-F]{2}(:[0-9A-F]{2}){31}", row.pop("fingerprint"))
    assert row == {"address": str(tracker.address), "state": "connected", "current": True}
    ann.fails("usage", "trackers now")


def test_help(nobody: ClientProcess) -> None:
    everything = nobody.ok("help")
    assert {"login", "quit", "download_file"} <= {row["command"] for row in everything["commands"]}
    assert nobody.ok("help login")["usage"] == "login USER PASSWORD"
    assert "login" in nobody.fails("usage", "help logn")


def test_unknown_commands(nobody: ClientProcess) -> None:
    assert "did you mean list_files?" in nobody.fails("usage", "list_file lab")


def test_without_a_tracker(tmp_path: Path) -> None:
    with TrackerProcess(tmp_path / "tracker") as tracker:  # noqa: SIM117 - it ends before tim
        with ClientProcess(tmp_path / "tim", [tracker]) as tim:
            tim.sign_in("tim")
            tim.ok("create_group of-tim")
            share(tim, "of-tim", tmp_path / "a.txt")
            tracker.kill()
            tim.fails("tracker_unreachable", "list_groups")
            tim.fails("tracker_unreachable", "create_user uma secret123")
            tim.fails("tracker_unreachable", "join_group x")
            assert tim.ok("whoami") == {"user": "tim"}
            assert len(tim.ok("show_shares")["shares"]) == 1
            assert tim.ok("show_downloads") == {"downloads": []}
            assert tim.ok("trackers")["trackers"][0]["current"] is False
