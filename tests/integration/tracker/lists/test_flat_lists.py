"""What the tracker's operations read doesn't grow with the group: counted in SQLite's steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event

from common.api import audit, events, files, groups, stats
from common.api.files import Sort
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.lists.test_long_lists import counting
from tests.support.databases import bulk_rows
from tests.support.databases.database import on
from tracker.services.caller import Identity

pytestmark = pytest.mark.sqlite  # it counts SQLite's steps

FEW, MANY = 600, 2_400  # more than what is counted for each page
ROWS = 10
Act = Callable[[Lab, Identity], object]


def _files(pattern: str = "", sort: Sort = "name") -> Act:
    request = files.ListFiles(group="lab", limit=ROWS, pattern=pattern, sort=sort)
    return lambda lab, me: lab.services.files.list_files(me, request)


def _found(pattern: str = "") -> Act:
    request = files.FindFiles(limit=ROWS, pattern=pattern)
    return lambda lab, me: lab.services.files.find_files(me, request)


def _members(pattern: str = "") -> Act:
    request = groups.ListMembers(group="lab", limit=ROWS, pattern=pattern)
    return lambda lab, me: lab.services.members.list_members(me, request)


def _groups(pattern: str = "", member: bool | None = None) -> Act:
    request = groups.ListGroups(limit=ROWS, pattern=pattern, member=member)
    return lambda lab, me: lab.services.groups.list_groups(me, request)


def _audit(pattern: str) -> Act:
    request = audit.ListEvents(group="lab", limit=ROWS, pattern=pattern)
    return lambda lab, me: lab.services.events.list_events(me, request)


def _notices(pattern: str) -> Act:
    request = events.ListNotices(limit=ROWS, pattern=pattern)
    return lambda lab, me: lab.services.notices.list_notices(me, request)


def _stats(lab: Lab, me: Identity) -> object:
    return lab.services.stats.stats(me, stats.Stats(group="lab", limit=ROWS))


def _create_and_leave(lab: Lab, me: Identity) -> None:
    lab.services.groups.create_group(me, groups.CreateGroup(group="den", mode="open"))
    lab.services.members.leave_group(me, groups.LeaveGroup(group="den"))


def _add_and_remove(lab: Lab, _: Identity) -> None:
    lab.share("a new file")
    lab.remove_file("a new file")


FLAT: dict[str, Act] = {
    "files by name": _files(),
    "files by size": _files(sort="size"),
    "files by age": _files(sort="age"),
    "files by seeders": _files(sort="seeders"),
    "files, few fit": _files("000123"),
    "files, none fits": _files("elsewhere"),
    "files by size, few fit": _files("000123", "size"),
    "files of all groups": _found(),
    "files of all groups, few fit": _found("000123"),
    "members": _members(),
    "members, few fit": _members("00123"),
    "groups": _groups(),
    "groups, few fit": _groups("000123"),
    "others' groups": _groups(member=False),
    "stats": _stats,
    "audit": _audit(""),
    "audit, few fit": _audit("000123"),
    "audit, none fits": _audit("elsewhere"),
    "notices, none fits": _notices("elsewhere"),
    "create_group, leave_group": _create_and_leave,
    "add_file, remove_file": _add_and_remove,
}


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lab]]:
    """Labs with FEW and MANY files, shared by ann, members, and groups of another."""
    with on("sqlite"):
        made = []
        for count in (FEW, MANY):
            folder = tmp_path_factory.mktemp("lab")
            lab = Lab(folder)
            lab.member("eve")
            with bulk_rows.opened(folder / "tracker.db") as database:
                bulk_rows.add_files(database, "lab", "ann", count)
                bulk_rows.add_peers(database, "lab", "ann")
                bulk_rows.add_members(database, "lab", count)
                bulk_rows.add_groups(database, "eve", count)
            for _ in range(10):
                lab.services.events.index()
            made.append(lab)
        yield made
        for lab in made:
            lab.store.close()


@pytest.mark.parametrize("name", FLAT)
def test_an_operation_reads_as_much_of_many_rows_as_of_few(labs: list[Lab], name: str) -> None:
    steps = [_steps(lab, FLAT[name]) for lab in labs]
    few, many = steps
    assert many <= 1.25 * few + 500, f"{few} steps of {FEW} rows, {many} of {MANY}"


def _steps(lab: Lab, act: Act) -> int:
    me: Any = lab.ann.caller.require_login()
    act(lab, me)  # what is kept for a while is found out
    with counting(lab.store) as counted:
        act(lab, me)
        return counted() * 100


def test_very_many_groups_are_not_counted_for_each_page(labs: list[Lab]) -> None:
    lab = labs[-1]
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(" ".join(statement.split()))

    me = lab.ann.caller.require_login()
    first = lab.services.groups.list_groups(me, groups.ListGroups(limit=ROWS))
    event.listen(lab.store._reader, "before_cursor_execute", note)
    again = lab.services.groups.list_groups(me, groups.ListGroups(limit=ROWS))
    others = lab.services.groups.list_groups(me, groups.ListGroups(limit=ROWS, member=False))
    event.remove(lab.store._reader, "before_cursor_execute", note)
    assert first.total == again.total == MANY + 1
    assert others.total == MANY
    assert len(asked) > 2
    assert not [one for one in asked if one.endswith("FROM groups") and "count" in one]
