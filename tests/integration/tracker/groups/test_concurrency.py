"""Many members at two trackers do everything at once: the rules hold, and nothing fails inside."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial

from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.sessions import RefusedError, SessionClient
from tests.support.together import run_together

GROUPS = ("red", "blue")
USERS = ("ann", "bob", "cat", "dan", "eve", "fay")
DEEDS = 80
ON_GROUPS = ("create_group", "join_group", "join_group", "leave_group", "list_members")
ON_USERS = ("remove_member", "promote", "demote", "transfer_group", "reject_request")
ON_FILES = ("upload", "upload", "stop_share", "remove_file", "announce", "announce")
DECISIONS = ("accept_request",) * 5


def act(client: SessionClient, choice: random.Random) -> None:
    """One deed at random; raises RefusedError."""
    group, user = choice.choice(GROUPS), choice.choice(USERS)
    action = choice.choice(ON_GROUPS + ON_USERS + ON_FILES + DECISIONS)
    if action == "upload":
        client.upload(group, choice.choice("xy"))
    elif action in ("stop_share", "remove_file"):
        client.call(action, group=group, name=choice.choice("xy"))
    elif action == "announce":
        for file in client.call("list_files", group=group)["files"]:
            client.announce(file["info_hash"], choice.choice((0, 5)))
    elif action in ON_GROUPS:
        client.call(action, group=group)
    elif action == "accept_request":
        for request in client.call("list_requests", group=group)["requests"]:
            client.call(action, group=group, user=request["user"])
    else:
        client.call(action, group=group, user=user)


def live(client: SessionClient, seed: int, completions: Counter[str]) -> None:
    choice = random.Random(seed)
    for _ in range(DEEDS):
        try:
            act(client, choice)
            completions["ok"] += 1
        except RefusedError as error:
            completions[error.code] += 1


def test_many_simultaneous_actions(start_tracker: StartTracker, connect: Connect) -> None:
    trackers = [start_tracker(), start_tracker()]
    clients = {
        user: connect(trackers[number % 2]).sign_up(user) for number, user in enumerate(USERS)
    }
    counts: list[Counter[str]] = [Counter() for _ in USERS]
    run_together(
        [partial(live, client, seed, counts[seed]) for seed, client in enumerate(clients.values())],
        100,
    )

    completions = sum(counts, Counter())
    assert sum(completions.values()) == DEEDS * len(USERS)
    assert completions["internal"] == 0
    assert completions["not_logged_in"] == 0
    assert completions["ok"] > 20, completions
    for row in clients["ann"].call("list_groups")["groups"]:
        members = clients[row["owner"]].call("list_members", group=row["group"])["members"]
        assert [m["user"] for m in members if m["role"] == "owner"] == [row["owner"]]
        assert len(members) == row["members"]
        names = {member["user"] for member in members}
        files = clients[row["owner"]].call("list_files", group=row["group"])["files"]
        assert {file["owner"] for file in files} <= names
        assert all(file["seeders"] + file["leechers"] <= len(members) for file in files)
