"""Every command of the contract through real processes: its result, and each of its errors.

Three clients of one tracker are driven line by line and answer in JSON: ann, who owns a new group
in every test, bob, who is a member of it, and eve, who is not. A fourth never logs in.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import bencode2
import pytest

from tests.support.processes import ClientProcess, TrackerProcess

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clients")


@pytest.fixture(scope="module")
def tracker(folder: Path) -> Iterator[TrackerProcess]:
    with TrackerProcess(folder / "tracker", "--min-password-length", "8") as process:
        yield process


def client(folder: Path, tracker: TrackerProcess, user: str) -> Iterator[ClientProcess]:
    with ClientProcess(folder / user, [tracker]) as process:
        process.sign_in(user)
        yield process


@pytest.fixture(scope="module")
def ann(folder: Path, tracker: TrackerProcess) -> Iterator[ClientProcess]:
    yield from client(folder, tracker, "ann")


@pytest.fixture(scope="module")
def bob(folder: Path, tracker: TrackerProcess) -> Iterator[ClientProcess]:
    yield from client(folder, tracker, "bob")


@pytest.fixture(scope="module")
def eve(folder: Path, tracker: TrackerProcess) -> Iterator[ClientProcess]:
    yield from client(folder, tracker, "eve")


@pytest.fixture(scope="module")
def nobody(folder: Path, tracker: TrackerProcess) -> Iterator[ClientProcess]:
    with ClientProcess(folder / "nobody", [tracker]) as process:
        yield process


@pytest.fixture
def group(ann: ClientProcess, bob: ClientProcess) -> str:
    """A new group of ann's, with bob in it."""
    name = f"group-{next(_NUMBERS)}"
    ann.ok("create_group", name)
    bob.join(name, ann)
    return name


@pytest.fixture
def shared(ann: ClientProcess, group: str, tmp_path: Path) -> Path:
    """A file that ann shares with the group under its own name."""
    return share(ann, group, tmp_path / f"file {next(_NUMBERS)}.bin")


def share(who: ClientProcess, group: str, path: Path, content: bytes = b"") -> Path:
    path.write_bytes(content or path.name.encode() * 1000)
    who.ok("upload_file", str(path), group)
    return path


def info_hash(torrent: Path) -> str:
    """The info-hash of a metainfo file, worked out by others' code."""
    info = bencode2.bdecode(torrent.read_bytes())[b"info"]
    return hashlib.sha1(bencode2.bencode(info)).hexdigest()


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


def test_login_tells_groups_and_shares_again(
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
        "share tracker_info.txt y.torrent x",
        "remove y.torrent",
        "get y.torrent /tmp",
    ],
)
def test_without_a_login_it_is_refused(nobody: ClientProcess, line: str) -> None:
    nobody.fails("not_logged_in", line)


# --- groups -----------------------------------------------------------------------------------
def test_create_group(ann: ClientProcess, bob: ClientProcess) -> None:
    assert ann.ok("create_group plain") == {"group": "plain", "mode": "open"}
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
    expected = {"group": group, "owner": "ann", "members": 2, "files": 1, "mode": "open"}
    assert {**expected, "member": True} in ann.ok("list_groups")["groups"]
    assert {**expected, "member": False} in eve.ok("list_groups")["groups"]


def test_list_members(ann: ClientProcess, eve: ClientProcess, group: str) -> None:
    assert ann.ok("list_members", group) == {
        "group": group,
        "members": [
            {"user": "ann", "role": "owner", "online": True},
            {"user": "bob", "role": "member", "online": True},
        ],
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


# --- files ------------------------------------------------------------------------------------
def test_upload_and_list_files(
    ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, group: str, tmp_path: Path
) -> None:
    path = tmp_path / "ünï code, with spaces.bin"
    path.write_bytes(b"x" * 100_000)
    uploaded = ann.ok("upload_file", str(path), group)
    assert uploaded.keys() == {"group", "name", "size", "pieces", "info_hash"}
    assert (uploaded["group"], uploaded["name"], uploaded["size"]) == (group, path.name, 100_000)
    assert len(bytes.fromhex(uploaded["info_hash"])) == 20
    listed = bob.ok("list_files", group)
    assert listed["group"] == group
    assert listed["files"] == [
        {
            "name": path.name,
            "size": 100_000,
            "pieces": uploaded["pieces"],
            "info_hash": uploaded["info_hash"],
            "owner": "ann",
            "seeders": listed["files"][0]["seeders"],
            "leechers": 0,
        }
    ]
    eve.fails("not_member", f"list_files {group}")
    eve.fails("no_such_group", "list_files of-nobody")
    assert ann.ok("upload_file", str(path), group, "--name", "other")["name"] == "other"


def test_upload_errors(
    ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, shared: Path, group: str
) -> None:
    nowhere = shared.with_name("nowhere")
    ann.fails("file_not_found", "upload_file", str(nowhere), group)
    eve.fails("not_member", "upload_file", str(shared), group)
    ann.fails("no_such_group", "upload_file", str(shared), "of-nobody")
    ann.fails("invalid_name", "upload_file", str(shared), group, "--name", "a/b")
    ann.fails("usage", "upload_file", str(shared), group, "too", "many")
    other = shared.parent / "other"
    other.write_bytes(b"other content")
    said = bob.fails("name_taken", "upload_file", str(other), group, "--name", shared.name)
    assert "--name" in said


def test_download(ann: ClientProcess, bob: ClientProcess, shared: Path, group: str) -> None:
    folder = shared.parent / "bob"
    folder.mkdir()
    started = bob.ok("download_file", group, shared.name, str(folder))
    assert started == {
        "group": group,
        "name": shared.name,
        "destination": str(folder / shared.name),
        "info_hash": bob.ok("list_files", group)["files"][0]["info_hash"],
    }
    done = bob.ok("wait 30")
    assert f"{group}/{shared.name}" in done["completed"]
    assert done["failed"] == []
    assert (folder / shared.name).read_bytes() == shared.read_bytes()
    row = bob.transfer(group, shared.name)
    assert row == {
        "group": group,
        "name": shared.name,
        "state": "seeding",
        "progress": 1.0,
        "done": shared.stat().st_size,
        "size": shared.stat().st_size,
        "down_rate": row["down_rate"],
        "up_rate": row["up_rate"],
        "peers": row["peers"],
        "eta": None,
        "error": None,
    }


def test_download_errors(
    ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, shared: Path, group: str
) -> None:
    folder = str(shared.parent)
    bob.fails("no_such_file", "download_file", group, "nothing", folder)
    eve.fails("not_member", "download_file", group, shared.name, folder)
    bob.fails("no_such_group", "download_file", "of-nobody", shared.name, folder)
    bob.fails("file_not_found", "download_file", group, shared.name, f"{shared}/under-a-file")
    bob.fails("usage", "download_file", group)
    taken = shared.parent / "taken.txt"
    taken.write_bytes(b"something else")
    bob.fails("file_exists", "download_file", group, shared.name, str(taken))
    assert taken.read_bytes() == b"something else"


def test_the_same_content_is_taken_as_there(
    ann: ClientProcess, bob: ClientProcess, shared: Path, group: str
) -> None:
    copy = shared.with_name("copy.bin")
    copy.write_bytes(shared.read_bytes())
    assert bob.ok("download_file", group, shared.name, str(copy))["destination"] == str(copy)
    bob.wait_complete(group, shared.name)


def test_stop_share(ann: ClientProcess, eve: ClientProcess, shared: Path, group: str) -> None:
    eve.fails("not_member", "stop_share", group, shared.name)
    ann.fails("no_such_file", "stop_share", group, "nothing")
    ann.fails("no_such_group", "stop_share", "of-nobody", shared.name)
    assert ann.ok("stop_share", group, shared.name) == {"group": group, "name": shared.name}
    assert ann.ok("list_files", group)["files"] == []
    assert shared.exists()


# --- transfers --------------------------------------------------------------------------------
def test_show_shares(ann: ClientProcess, shared: Path, group: str) -> None:
    rows = [row for row in ann.ok("show_shares")["shares"] if row["group"] == group]
    assert rows == [
        {
            "group": group,
            "name": shared.name,
            "path": str(shared),
            "size": shared.stat().st_size,
            "uploaded": 0,
            "peers": 0,
        }
    ]


def test_pause_resume_cancel_and_recheck(
    ann: ClientProcess, bob: ClientProcess, shared: Path, group: str
) -> None:
    ann.ok("pause", group, shared.name)
    bob.ok("download_file", group, shared.name, str(shared.parent / "wanted.bin"))
    result = {"group": group, "name": shared.name}
    assert bob.ok("pause", group, shared.name) == {**result, "state": "paused"}
    assert bob.transfer(group, shared.name)["state"] == "paused"
    resumed = bob.ok("resume", group, shared.name)
    assert resumed.keys() == {"group", "name", "state"}
    assert resumed["state"] in ("queued", "checking", "downloading")
    rechecked = ann.ok("recheck", group, shared.name)
    assert rechecked["state"] in ("queued", "checking", "seeding", "paused")
    cancelled = bob.ok("cancel", group, shared.name)
    assert cancelled.keys() == {"group", "name", "state"}
    assert not (shared.parent / "wanted.bin").exists()
    assert all(row["group"] != group for row in bob.ok("show_downloads")["downloads"])


@pytest.mark.parametrize("command", ["pause", "resume", "cancel", "recheck", "peers"])
def test_transfers_that_are_not_there(bob: ClientProcess, group: str, command: str) -> None:
    bob.fails("no_such_file", f"{command} {group} nothing")
    bob.fails("usage", f"{command} a b c")


def test_peers(ann: ClientProcess, bob: ClientProcess, group: str, tmp_path: Path) -> None:
    ann.ok("use_group", group)
    path = share(ann, group, tmp_path / "peers.bin")
    assert ann.ok("peers", group, path.name) == {"peers": []}


def test_wait(ann: ClientProcess, bob: ClientProcess, shared: Path, group: str) -> None:
    ann.ok("wait")
    ann.ok("pause", group, shared.name)
    bob.ok("wait")
    bob.ok("download_file", group, shared.name, str(shared.parent / "late.bin"))
    bob.fails("timeout", "wait 0.2")
    bob.fails("usage", "wait soon")
    ann.ok("resume", group, shared.name)
    assert bob.ok("wait 60", timeout=70) == {
        "completed": [f"{group}/{shared.name}"],
        "failed": [],
    }
    assert bob.ok("wait") == {"completed": [], "failed": []}


# --- metainfo files ---------------------------------------------------------------------------
def test_share_get_and_remove(
    ann: ClientProcess, bob: ClientProcess, eve: ClientProcess, group: str, tmp_path: Path
) -> None:
    path, torrent = tmp_path / "shared.bin", tmp_path / "shared.torrent"
    path.write_bytes(b"y" * 50_000)
    result = ann.ok("share", str(path), str(torrent), group)
    assert result == {
        "metainfo": str(torrent),
        "group": group,
        "name": path.name,
        "info_hash": info_hash(torrent),
    }
    again = tmp_path / "again.torrent"
    assert ann.ok("share", str(path), str(again), group)["info_hash"] == result["info_hash"]
    assert info_hash(again) == info_hash(torrent)
    out = tmp_path / "out"
    out.mkdir()
    assert bob.ok("get", str(torrent), str(out)) == {
        "group": group,
        "name": path.name,
        "destination": str(out / path.name),
        "info_hash": result["info_hash"],
    }
    bob.wait_complete(group, path.name)
    assert (out / path.name).read_bytes() == path.read_bytes()
    for who in (ann, bob):
        assert who.ok("remove", str(torrent)) == {"group": group, "name": path.name}
    bob.fails("no_such_file", "get", str(torrent), str(out))
    ann.fails("no_such_file", "remove", str(torrent))


def test_metainfo_errors(
    ann: ClientProcess, eve: ClientProcess, shared: Path, group: str, tmp_path: Path
) -> None:
    torrent = str(tmp_path / "a.torrent")
    ann.fails("file_not_found", "share", str(tmp_path / "nowhere"), torrent, group)
    ann.fails("file_not_found", "share", str(shared), str(tmp_path / "no" / "where"), group)
    eve.fails("not_member", "share", str(shared), torrent, group)
    ann.ok("share", str(shared), torrent, group)
    eve.fails("no_such_file", "get", torrent, str(tmp_path))
    ann.fails("file_not_found", "get", str(tmp_path / "nowhere"), str(tmp_path))
    ann.fails("file_not_found", "remove", str(tmp_path / "nowhere"))
    garbage = tmp_path / "garbage.torrent"
    garbage.write_bytes(b"this is no metainfo")
    ann.fails("usage", "get", str(garbage), str(tmp_path))
    ann.fails("usage", "remove", str(garbage))


# --- the rest ---------------------------------------------------------------------------------
def test_trackers(ann: ClientProcess, tracker: TrackerProcess) -> None:
    assert ann.ok("trackers") == {
        "trackers": [
            {
                "address": str(tracker.address),
                "state": "connected",
                "current": True,
                "fingerprint": None,
            }
        ]
    }
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
