"""Pages of very many files by their seeders."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.api import files
from tests.integration.tracker.lab import Lab
from tests.support.databases import bulk_rows
from tracker.services.sharing.rankings import LARGE, RANKED_SECONDS

pytestmark = pytest.mark.sqlite  # it fills a SQLite file

COUNT = max(LARGE, 2_000) + 500


def page(lab: Lab, after: str = "") -> files.ListFilesReply:
    request = files.ListFiles(group="lab", sort="seeders", after=after)
    return lab.services.files.list_files(lab.ann.caller.require_login(), request)


def pages(lab: Lab) -> list[str]:
    """The names on all pages."""
    names: list[str] = []
    after: str | None = ""
    while after is not None:
        reply = page(lab, after)
        names += [row.name for row in reply.files]
        after = reply.next
    return names


def test_pages_of_very_many_files_by_seeders(lab: Lab, tmp_path: Path) -> None:
    with bulk_rows.opened(tmp_path / "tracker.db") as database:
        bulk_rows.add_files(database, "lab", "ann", COUNT)
        bulk_rows.add_peers(database, "lab", "ann")  # every other one is a seeder
    by_name = {f"file {number:06}.bin": number + 1 for number in range(COUNT)}
    expected = sorted(by_name, key=lambda name: (by_name[name] % 2, -by_name[name]))
    assert pages(lab) == expected

    first = page(lab)
    assert first.total == COUNT
    assert {row.seeders for row in first.files} == {1}
    lab.remove_file(expected[-1])  # of the last page
    lab.remove_file(expected[len(first.files)])  # of the next page
    left = [name for name in expected if name not in (expected[-1], expected[1000])]
    assert pages(lab) == left

    with bulk_rows.opened(tmp_path / "tracker.db") as database:
        database.execute("DELETE FROM peers WHERE file_id > 2")
    lab.now += RANKED_SECONDS
    after = pages(lab)
    assert after[0] == "file 000001.bin"  # the only one with a seeder
    assert sorted(after) == sorted(left)
