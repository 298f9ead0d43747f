"""Searching through the files of all of one's groups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.tracker.sessions import SessionClient, code_of


@pytest.fixture
def libraries(ann: SessionClient, bob: SessionClient, eve: SessionClient) -> dict[str, str]:
    """Files of Ann and Bob's `lab`, Ann's `club` and Eve's `attic`; their info-hashes."""
    ann.call("create_group", group="club")
    eve.call("create_group", group="attic", mode="open")
    return {
        f"{group}/{name}": client.upload(group, name, name.encode())["info_hash"]
        for client, group, name in (
            (ann, "lab", "b-film.mkv"),
            (bob, "lab", "notes.txt"),
            (ann, "club", "b-film.mkv"),
            (ann, "club", "A-Film.mkv"),
            (eve, "attic", "c-film.mkv"),
        )
    }


def titles(reply: dict[str, Any]) -> list[str]:
    return [f"{row['group']}/{row['name']}" for row in reply["files"]]


def test_only_the_users_own_groups_are_searched(
    ann: SessionClient, bob: SessionClient, eve: SessionClient, libraries: dict[str, str]
) -> None:
    found = ann.call("find_files", pattern="film")
    assert titles(found) == ["club/A-Film.mkv", "lab/b-film.mkv", "club/b-film.mkv"]
    assert (found["total"], found["next"]) == (3, None)
    assert titles(bob.call("find_files", pattern="*.mkv")) == ["lab/b-film.mkv"]
    assert titles(eve.call("find_files", pattern="film")) == ["attic/c-film.mkv"]
    assert ann.call("find_files", pattern="c-film")["files"] == []

    bob.announce(libraries["lab/b-film.mkv"], 0)
    bob.upload("lab", "b-film.mkv", b"b-film.mkv")
    (row,) = bob.call("find_files", pattern="FILM")["files"]
    assert row == {
        "group": "lab",
        "name": "b-film.mkv",
        "size": 10,
        "info_hash": libraries["lab/b-film.mkv"],
        "owner": "ann",
        "seeders": 1,
        "leechers": 0,
    }


def test_a_search_is_paged(ann: SessionClient, libraries: dict[str, str]) -> None:
    first = ann.call("find_files", limit=2)
    assert titles(first) == ["club/A-Film.mkv", "lab/b-film.mkv"]
    assert first["total"] == 4
    ann.upload("club", "A0.txt")  # sorts before what was seen already
    second = ann.call("find_files", limit=2, after=first["next"])
    assert titles(second) == ["club/b-film.mkv", "lab/notes.txt"]
    assert second["next"] is None
    assert code_of(ann, "find_files", after="[1]") == "usage"


def test_a_search_ends_with_the_membership(
    ann: SessionClient, bob: SessionClient, libraries: dict[str, str]
) -> None:
    ann.call("remove_member", group="lab", user="bob")
    reply = bob.call("find_files")
    assert (reply["files"], reply["total"]) == ([], 0)
