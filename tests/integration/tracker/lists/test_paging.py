"""Long lists are paged; the pages contain every row once, even during changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from common.api.groups import GroupProfileReply
from common.api.lines import LIMIT_AFTER_LOGIN
from common.api.model import Model
from common.api.operation import Operation
from common.api.paging import MAX_PAGE
from tests.integration.tracker.conftest import Connect, Serve
from tests.integration.tracker.http_client import HttpClient
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.sessions import RefusedError, SessionClient, code_of, let_in
from tests.support.databases import bulk_rows
from tests.support.waiting import wait_until
from tracker.app import TrackerApp
from tracker.frontend.dispatch import Dispatcher
from tracker.services.caller import Caller

Rows = list[dict[str, Any]]
SignUp = Callable[[str], SessionClient]


def pages(client: SessionClient, operation: str, rows: str, **arguments: Any) -> list[Rows]:
    """Return all pages of a list, two rows each; each has the total."""
    found: list[Rows] = []
    after: str | None = ""
    while after is not None:
        reply = client.call(operation, limit=2, after=after, **arguments)
        assert len(reply[rows]) <= 2
        found.append(reply[rows])
        after = reply["next"]
        total = reply["total"]
    assert sum(map(len, found)) == total
    return found


def names(found: list[Rows], key: str) -> list[str]:
    return [row[key] for page in found for row in page]


@pytest.fixture
def files(ann: SessionClient, bob: SessionClient) -> dict[str, str]:
    """The info-hashes of five files of lab, the largest and the last of them first by name."""
    hashes = {}
    for number, name in enumerate(("e.bin", "d.bin", "Ähre.txt", "c.txt", "a.bin")):
        content = b"x" * (10 + number)
        hashes[name] = ann.upload("lab", name, content)["info_hash"]
    return hashes


def test_files_by_name(ann: SessionClient, files: dict[str, str]) -> None:
    found = pages(ann, "list_files", "files", group="lab")
    assert [len(page) for page in found] == [2, 2, 1]
    assert names(found, "name") == sorted(files)
    assert all(row["owner"] == "ann" for page in found for row in page)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("size", ["a.bin", "c.txt", "Ähre.txt", "d.bin", "e.bin"]),
        ("age", ["a.bin", "c.txt", "Ähre.txt", "d.bin", "e.bin"]),
        ("seeders", ["d.bin", "c.txt", "a.bin", "Ähre.txt", "e.bin"]),
    ],
)
def test_files_in_other_orders(
    ann: SessionClient, bob: SessionClient, files: dict[str, str], sort: str, expected: list[str]
) -> None:
    ann.announce(files["d.bin"], 0)
    ann.announce(files["c.txt"], 0)
    bob.announce(files["d.bin"], 0)
    bob.announce(files["a.bin"], 5)  # no seeder
    found = pages(ann, "list_files", "files", group="lab", sort=sort)
    assert names(found, "name") == expected


def test_seeders_are_counted_per_file(
    ann: SessionClient, bob: SessionClient, files: dict[str, str]
) -> None:
    ann.announce(files["d.bin"], 0)
    bob.announce(files["d.bin"], 3)
    rows = ann.call("list_files", group="lab", sort="seeders", limit=2)["files"]
    assert [(row["seeders"], row["leechers"]) for row in rows] == [(1, 1), (0, 0)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("BIN", ["a.bin", "d.bin", "e.bin"]),
        ("*.TXT", ["c.txt", "Ähre.txt"]),
        ("?.txt", ["c.txt"]),
        ("ähRE", ["Ähre.txt"]),
        ("%", []),
        ("a.bin", ["a.bin"]),
    ],
)
def test_a_pattern_selects_matching_files(
    ann: SessionClient, files: dict[str, str], pattern: str, expected: list[str]
) -> None:
    assert (
        names(pages(ann, "list_files", "files", group="lab", pattern=pattern), "name") == expected
    )
    found = ann.call("list_files", group="lab", pattern=pattern, sort="size")
    assert {row["name"] for row in found["files"]} == set(expected)


@pytest.mark.parametrize("sort", ["name", "size", "age", "seeders"])
def test_pages_stay_consistent_while_files_change(
    ann: SessionClient, files: dict[str, str], sort: str
) -> None:
    whole = [row["name"] for row in ann.call("list_files", group="lab", sort=sort)["files"]]
    first = ann.call("list_files", group="lab", sort=sort, limit=2)
    ann.call("stop_share", group="lab", name=whole[1])  # the one that the page ended with
    ann.call("stop_share", group="lab", name=whole[3])
    rest = ann.call("list_files", group="lab", sort=sort, after=first["next"])
    assert [row["name"] for row in rest["files"]] == [whole[2], whole[4]]


@pytest.mark.sqlite  # it fills a SQLite file
def test_without_a_limit_the_first_page_is_returned(ann: SessionClient, tmp_path: Path) -> None:
    with bulk_rows.opened(tmp_path / "tracker.db") as database:
        bulk_rows.add_files(database, "lab", "ann", MAX_PAGE + 2)
    for arguments in ({}, {"limit": MAX_PAGE + 1}, {"limit": 2**31}):
        reply = ann.call("list_files", group="lab", **arguments)
        assert len(reply["files"]) == MAX_PAGE
        last = reply["files"][-1]["name"]
        assert (reply["total"], reply["next"]) == (MAX_PAGE + 2, f'["{last}"]')


@pytest.mark.parametrize(
    "arguments",
    [
        {"limit": 0},
        {"limit": -1},
        {"limit": "2"},
        {"after": "nonsense"},
        {"after": '["a", 1]'},
        {"after": "a\0"},
        {"after": '["\\u0000"]'},
        {"after": f"[{2**64}]", "sort": "size"},
        {"after": "x" * 5000},
        {"pattern": "x" * 256},
        {"pattern": "\0"},
        {"sort": "owner"},
    ],
)
def test_invalid_pages(ann: SessionClient, arguments: dict[str, Any]) -> None:
    assert code_of(ann, "list_files", group="lab", **arguments) == "usage"


def test_positions_beyond_32_bits(ann: SessionClient, files: dict[str, str]) -> None:
    for operation in ("list_members", "list_requests", "list_events"):
        ann.call(operation, group="lab", after=str(2**40))
    for operation in ("list_sessions", "list_tokens", "list_notices"):
        ann.call(operation, after=str(2**63 - 1))
    ann.call("list_files", group="lab", sort="size", after=f"[{2**63 - 1}, {2**63 - 1}]")
    ann.call("list_files", group="lab", sort="seeders", after=f"[{2**40}, {2**40}]")
    assert code_of(ann, "revoke_token", id=2**40) != "internal"


def test_own_groups_are_listed_first(ann: SessionClient, eve: SessionClient) -> None:
    for group in ("alpha", "beta", "gamma"):
        eve.call("create_group", group=group, mode="open")
    ann.call("create_group", group="zeta", mode="open")
    found = pages(ann, "list_groups", "groups")
    assert names(found, "group") == ["lab", "zeta", "alpha", "beta", "gamma"]
    assert [row["member"] for page in found for row in page] == [True] * 2 + [False] * 3
    assert [row["owner"] for row in found[0]] == ["ann", "ann"]
    assert [(row["members"], row["files"]) for row in found[0]] == [(1, 0), (1, 0)]
    assert names(pages(ann, "list_groups", "groups", member=True), "group") == ["lab", "zeta"]
    others = pages(ann, "list_groups", "groups", member=False)
    assert names(others, "group") == ["alpha", "beta", "gamma"]
    assert names(pages(ann, "list_groups", "groups", pattern="*ETA"), "group") == ["zeta", "beta"]


def test_members_and_requests(
    tracker: TrackerApp,
    ann: SessionClient,
    bob: SessionClient,
    sign_up: SignUp,
) -> None:
    for user in ("tim", "eve", "kim"):
        let_in(sign_up(user), user, ann)
    found = pages(ann, "list_members", "members", group="lab")
    assert names(found, "user") == ["ann", "bob", "tim", "eve", "kim"]
    assert names(pages(ann, "list_members", "members", group="lab", pattern="IM"), "user") == [
        "tim",
        "kim",
    ]
    asking = ["uwe", "max", "zoe"]
    for user in asking:
        sign_up(user).call("join_group", group="lab")
    assert names(pages(ann, "list_requests", "requests", group="lab"), "user") == asking
    fits = pages(ann, "list_requests", "requests", group="lab", pattern="?AX")
    assert names(fits, "user") == ["max"]


def test_sessions_and_tokens(tracker: TrackerApp, ann: SessionClient, connect: Connect) -> None:
    others = [connect(tracker, "127.0.0.9") for _ in range(2)]
    for other in others:
        other.login("ann")
    found = pages(ann, "list_sessions", "sessions")
    assert [row["current"] for page in found for row in page] == [True, False, False]
    away = pages(ann, "list_sessions", "sessions", pattern="127.0.0.9")
    assert [row["address"] for page in away for row in page] == ["127.0.0.9"] * 2
    for label in ("backup", "Report", "report 2"):
        ann.call("create_token", scope="read", label=label)
    assert len(pages(ann, "list_tokens", "tokens")) == 2
    labelled = pages(ann, "list_tokens", "tokens", pattern="REPORT")
    assert names(labelled, "label") == ["Report", "report 2"]


@pytest.mark.sqlite  # it fills a SQLite file
def test_login_replies_stay_small(
    tracker: TrackerApp, ann: SessionClient, connect: Connect, tmp_path: Path
) -> None:
    with bulk_rows.opened(tmp_path / "tracker.db") as database:
        bulk_rows.add_groups(database, "ann", MAX_PAGE + 1)  # all before lab
    reply = connect(tracker).login("ann")
    assert reply["groups"] == [f"g{number:06}" for number in range(MAX_PAGE)]
    assert (reply["more_groups"], reply["shares"]) == (2, [])


def test_groups_are_found_by_source(ann: SessionClient, bob: SessionClient) -> None:
    profile = ann.call("get_group", group="lab")
    assert ann.call("find_group", source=profile["source"]) == profile
    assert bob.call("find_group", source=profile["source"])["role"] == "member"
    uid = profile["source"].removeprefix("minitorrent:")
    assert code_of(ann, "find_group", source=uid) == "no_such_group"
    bob.call("leave_group", group="lab")
    assert code_of(bob, "find_group", source=profile["source"]) == "no_such_group"


def _hold(tracker: TrackerApp, user: str, count: int) -> None:
    """Give a member of lab certificates under this many logins that have ended since."""
    with tracker._store.write() as work:
        group, person = work.groups.by_name("lab"), work.users.by_name(user)
        assert group is not None
        assert person is not None
        for number in range(count):
            digest = number.to_bytes(32, "big")
            token = work.users.add_token(person.id, digest, "", 0.0, 1e12)
            holder = work.authorities.hold(group.id, person.id, token.id, f"holder{number}")
            work.authorities.certify(holder.id, 1e12)


def test_many_revocations_are_sent_in_parts(
    tracker: TrackerApp, ann: SessionClient, bob: SessionClient
) -> None:
    _hold(tracker, "bob", 2 * MAX_PAGE + 1)
    ann.call("remove_member", group="lab", user="bob")
    parts = [ann.notice(kind="member_left", group="lab")]
    parts += [ann.notice(kind="certificates_revoked", group="lab") for _ in range(2)]
    assert [len(part["removed"]) for part in parts] == [MAX_PAGE, MAX_PAGE, 1]
    revoked = {holder for part in parts for holder in part["removed"]}
    assert len(revoked) == 2 * MAX_PAGE + 1

    profile = ann.call("get_group", group="lab")
    assert len(profile["removed"]) == MAX_PAGE
    assert profile["more_removed"]
    listed: list[str] = []
    after: str | None = ""
    while after is not None:
        page = ann.call("list_removed", group="lab", after=after)
        assert page["total"] == 2 * MAX_PAGE + 1
        listed += page["removed"]
        after = page["next"]
    assert set(listed) == revoked
    assert len(listed) == len(revoked)
    assert listed[:MAX_PAGE] == profile["removed"]


class VerboseDispatcher(Dispatcher):
    """A dispatcher whose profiles of groups fit no line."""

    def answer(self, caller: Caller, operation: Operation[Any, Any], arguments: object) -> Model:
        return _lengthened(super().answer(caller, operation, arguments))

    def call(self, caller: Caller, name: str, arguments: object) -> Model:
        return _lengthened(super().call(caller, name, arguments))


def _lengthened(reply: Model) -> Model:
    if isinstance(reply, GroupProfileReply):
        return reply.model_copy(update={"source": "x" * LIMIT_AFTER_LOGIN})
    return reply


def test_an_answer_that_does_not_fit_is_an_error(lab: Lab, serve: Serve, connect: Connect) -> None:
    frontends = serve(lab.services, make_dispatcher=VerboseDispatcher)
    ann = connect(frontends)
    ann.login("ann")
    with pytest.raises(RefusedError, match="internal: The answer is too long"):
        ann.call("get_group", group="lab")
    http = HttpClient(frontends, ann.call("create_token", scope="read")["token"])
    assert http.refused("get_group", group="lab") == (500, "internal")
    assert [row["group"] for row in ann.call("list_groups")["groups"]] == ["lab"]


def test_only_connected_users_are_read_as_the_audience(
    tracker: TrackerApp, ann: SessionClient, bob: SessionClient, sign_up: SignUp
) -> None:
    """A group of ten thousand is not read for each event."""
    with sign_up("eve") as eve:
        let_in(eve, "eve", ann)

    def audience() -> frozenset[str]:
        last = tracker._services.events.last_id()
        ann.call("stop_share", group="lab", name=ann.upload("lab", "x.bin")["name"])
        return tracker._services.events.after(last).deliveries[0].users

    wait_until(lambda: audience() == {"bob"}, 10, "eve to be gone")
