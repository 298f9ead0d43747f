"""Data folders of the first version, which had only open groups, are upgraded completely.

`first_version` has what that version left: ann founded the group `lab`, shared two files and
paused one; bob has the first and has asked for the second, also paused; cat asks to be let in.
"""

from __future__ import annotations

import os
import random
import sqlite3
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import bencode2
import pytest

from tests.support.content import make_file, sha256
from tests.support.programs.processes import ClientProcess, TrackerProcess
from tests.support.waiting import wait_until

LEFT = Path(__file__).parent / "first_version"
GROUP, FILM, SONG = "lab", "film.bin", "song.bin"
SIZES = {FILM: (1_000_000, 1), SONG: (500_000, 2)}
ANNOUNCE_KEY = "J0BFpv5qebDnvGKTMk8oyGezlgyAaNkE"
INFO_HASH = "%BC%9A%8F%40H%2B%049%05%EA%1A%8A%FBj%B7%9F%F9%FD%9F%07"


def restore(name: str, path: Path) -> Path:
    """Make the database again that the first version left."""
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as database:
        database.executescript((LEFT / f"{name}.sql").read_text())
    return path


def make_content(folder: Path, name: str) -> None:
    """Make a file again whose info-hash that version knew."""
    folder.mkdir(exist_ok=True)
    size, seed = SIZES[name]
    (folder / name).write_bytes(random.Random(seed).randbytes(size))


def restore_client(name: str, folder: Path, content: Path) -> None:
    """The same for a client whose files are in another folder now."""
    with (
        closing(sqlite3.connect(restore(name, folder / "state" / "client.sqlite"))) as database,
        database,
    ):
        for file in SIZES:
            place = os.fsencode(content / file)
            database.execute("UPDATE transfers SET path = ? WHERE name = ?", (place, file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("upgraded")


@pytest.fixture(scope="module")
def tracker(folder: Path) -> Iterator[TrackerProcess]:
    restore("tracker", folder / "tracker" / "tracker.db")
    with TrackerProcess(folder / "tracker") as process:
        yield process


@pytest.fixture(scope="module")
def people(tracker: TrackerProcess, folder: Path) -> Iterator[dict[str, ClientProcess]]:
    for name in SIZES:
        make_content(folder / "anns", name)
    make_content(folder / "bobs", FILM)
    restore_client("ann", folder / "ann", folder / "anns")
    restore_client("bob", folder / "bob", folder / "bobs")
    with ExitStack() as stack:
        found = {}
        for name in ("ann", "bob", "cat"):
            found[name] = stack.enter_context(ClientProcess(folder / name, [tracker]))
            found[name].ok("login", name, "secret123")
        yield found


def test_accounts_groups_files_and_transfers_are_kept(
    people: dict[str, ClientProcess], folder: Path
) -> None:
    ann, bob, cat = people["ann"], people["bob"], people["cat"]
    (row,) = [row for row in ann.ok("list_groups")["groups"] if row["group"] == GROUP]
    assert (row["owner"], row["mode"]) == ("ann", "open")
    members = ann.ok("list_members", GROUP)["members"]
    assert [(m["user"], m["role"]) for m in members] == [("ann", "owner"), ("bob", "member")]
    assert [r["user"] for r in ann.ok("list_requests", GROUP)["requests"]] == ["cat"]
    assert {f["name"] for f in bob.ok("list_files", GROUP)["files"]} >= {FILM, SONG}
    assert {row["name"] for row in ann.ok("show_shares")["shares"]} >= {FILM, SONG}
    wait_until(lambda: bob.transfer(GROUP, FILM)["state"] == "seeding", what="bob to have it")
    assert bob.transfer(GROUP, SONG)["state"] == "paused"

    ann.ok("resume", GROUP, SONG)
    bob.ok("resume", GROUP, SONG)
    bob.wait_complete(GROUP, SONG)
    assert sha256(folder / "bobs" / SONG) == sha256(folder / "anns" / SONG)
    ann.ok("accept_request", GROUP, "cat")
    copy = cat.download(GROUP, FILM, folder / "cats")
    assert sha256(copy) == sha256(folder / "anns" / FILM)


def test_content_shared_by_the_first_version_is_the_same_file_today(
    people: dict[str, ClientProcess], folder: Path
) -> None:
    """That version put no times into its metainfo, which ours would."""
    cat = people["cat"]
    make_content(folder / "made again", FILM)
    (row,) = [row for row in cat.ok("list_files", GROUP)["files"] if row["name"] == FILM]
    cat.ok("stop_share", GROUP, FILM)
    shared = cat.ok("upload_file", str(folder / "made again" / FILM), GROUP)
    assert shared["info_hash"] == row["info_hash"]
    assert cat.ok("show_shares")["shares"][0]["path"] == str(folder / "made again" / FILM)


def test_earlier_events_are_listed_but_not_as_new(people: dict[str, ClientProcess]) -> None:
    assert "cat asks to join lab." in {n["text"] for n in people["ann"].ok("notices")["notices"]}
    assert not [line for one in people.values() for line in one.errors.all if "meanwhile" in line]


def test_old_groups_stay_open_beside_new_sealed_ones(
    people: dict[str, ClientProcess], tmp_path: Path
) -> None:
    ann, bob = people["ann"], people["bob"]
    assert ann.ok("create_group", "vault")["mode"] == "sealed"
    bob.join("vault", ann)
    content = make_file(tmp_path / "paper.bin", 300_000, 3)
    for group in ("vault", GROUP):
        ann.ok("upload_file", str(content), group)
        copy = bob.download(group, "paper.bin", tmp_path / group)
        assert sha256(copy) == sha256(content)
    modes = {row["group"]: row["mode"] for row in bob.ok("list_groups")["groups"]}
    assert modes == {GROUP: "open", "vault": "sealed"}
    ann.fails("usage", "export_credentials", GROUP, str(tmp_path / "none"))


def test_metainfo_files_of_stock_clients_keep_working(
    tracker: TrackerProcess, people: dict[str, ClientProcess]
) -> None:
    query = f"info_hash={INFO_HASH}&peer_id=-XX0001-abcdefghijkl&port=6999&left=1000000"
    url = f"http://{tracker.http}/announce/{ANNOUNCE_KEY}?{query}&event=started"

    def peers() -> bytes:
        with urllib.request.urlopen(url, timeout=10) as answer:
            found: bytes = bencode2.bdecode(answer.read())[b"peers"]
        return found

    wait_until(lambda: len(peers()) // 6 >= 2, 15.0, "ann and bob to be listed")


def test_clients_pin_the_tracker_at_the_first_connection_after_the_upgrade(
    tracker: TrackerProcess, people: dict[str, ClientProcess]
) -> None:
    assert (tracker.folder / "tracker.pem").is_file()
    for person in people.values():
        (row,) = person.ok("trackers")["trackers"]
        assert row["fingerprint"]
