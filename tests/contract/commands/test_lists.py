"""Long lists: patterns, limits, orders and totals, through real processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.content import make_file
from tests.support.programs.processes import ClientProcess, TrackerProcess

NAMES = ("a.mkv", "b.txt", "c.MKV")


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientProcess]:
    """Set up ann, who shares three files of 1, 3 and 2 KiB with lab, and owns another group."""
    folder = tmp_path_factory.mktemp("lists")
    with (
        TrackerProcess(folder / "tracker") as tracker,
        ClientProcess(folder / "ann", [tracker]) as ann,
    ):
        ann.sign_in("ann")
        for group in ("lab", "attic"):
            ann.ok("create_group", group)
        for name, size in zip(NAMES, (1, 3, 2), strict=True):
            ann.ok("upload_file", str(make_file(folder / name, size << 10)), "lab")
        yield ann


def names(ann: ClientProcess, *arguments: str) -> tuple[list[str], int]:
    """Return the listed files, and the total."""
    result = ann.ok("list_files", "lab", *arguments)
    assert list(result) == ["group", "files", "total"]
    return [row["name"] for row in result["files"]], result["total"]


def test_files_by_pattern_order_and_limit(ann: ClientProcess) -> None:
    assert names(ann) == (["a.mkv", "b.txt", "c.MKV"], 3)
    assert names(ann, "*.mkv") == (["a.mkv", "c.MKV"], 2)
    assert names(ann, "TXT") == (["b.txt"], 1)
    assert names(ann, "none") == ([], 0)
    assert names(ann, "--sort", "size", "--limit", "2") == (["b.txt", "c.MKV"], 3)
    assert names(ann, "--sort", "age", "--limit", "1") == (["c.MKV"], 3)
    assert names(ann, "--limit", "0") == (["a.mkv", "b.txt", "c.MKV"], 3)


@pytest.mark.parametrize("wrong", [("--limit", "x"), ("--limit", "-1"), ("--sort", "colour")])
def test_invalid_limits_and_orders(ann: ClientProcess, wrong: tuple[str, str]) -> None:
    ann.fails("usage", "list_files", "lab", *wrong)


def test_all_other_lists(ann: ClientProcess) -> None:
    groups = ann.ok("list_groups", "--limit", "1")
    assert ([row["group"] for row in groups["groups"]], groups["total"]) == (["attic"], 2)
    assert ann.ok("list_groups", "LA")["total"] == 1
    assert ann.ok("list_members", "lab", "a*")["total"] == 1
    assert ann.ok("list_requests", "lab", "--limit", "5") == {
        "group": "lab",
        "requests": [],
        "total": 0,
    }
    assert ann.ok("sessions", "127.", "--limit", "1")["total"] == 1
    assert ann.ok("notices", "nothing", "--limit", "1") == {"notices": [], "total": 0}


def test_an_audit_goes_back_to_the_beginning(ann: ClientProcess) -> None:
    whats: list[str] = []
    older: list[str] = []
    while True:
        page = ann.ok("audit", "lab", "--limit", "2", *older)
        whats = [row["what"] for row in page["events"]] + whats
        if page["before"] is None:
            break
        older = ["--before", str(page["before"])]
    assert len(whats) == page["total"]
    assert whats[0] == "account_created"
    assert whats.count("file_added") == len(NAMES)
    assert ann.ok("audit", "lab", "FILE_added")["total"] == len(NAMES)
