"""The window of the list of transfers: counts, filters, order, what is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.results.transfers import TransferState
from client.services.transfer_list import TransferQuery, list_names, list_page
from tests.unit.client.services.conftest import Sharer
from tests.unit.client.storage.contents import PIECE, describe, put, random_bytes

CONTENT = random_bytes(2 * PIECE)


@pytest.fixture
def sharer(ann: Sharer, tmp_path: Path) -> Sharer:
    """Shares b and C, has paused A, and downloads `film` with no peer in sight."""
    for name in ("b", "C", "A"):
        put(tmp_path / name, name.encode())
        ann.upload(tmp_path / name)
    ann.lab.jobs.run()
    ann.manager.get("lab", "A").pause()
    ann.offered(describe(CONTENT, name="film"))
    ann.download("film", tmp_path / "got")
    ann.lab.jobs.run()
    return ann


def names(sharer: Sharer, query: TransferQuery) -> list[str]:
    return [one.name for one in list_names(sharer.manager.all(), query)]


def test_running_ones_are_first_and_others_in_the_order_of_addition(sharer: Sharer) -> None:
    assert names(sharer, TransferQuery()) == ["film", "A", "b", "C"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (TransferQuery(state=TransferState.SEEDING), ["b", "C"]),
        (TransferQuery(pattern="c"), ["C"]),
        (TransferQuery(pattern="f*m"), ["film"]),
        (TransferQuery(pattern="LAB", sort="name"), ["A", "b", "C", "film"]),
        (TransferQuery(sort="size", descending=True), ["film", "b", "C", "A"]),
        (TransferQuery(sort="added"), ["b", "C", "A", "film"]),
        (TransferQuery(sort="completed"), ["film", "b", "C", "A"]),
        (TransferQuery(sort="left"), ["b", "C", "A", "film"]),
        (TransferQuery(sort="progress"), ["film", "b", "C", "A"]),
    ],
)
def test_filters_and_orders(sharer: Sharer, query: TransferQuery, expected: list[str]) -> None:
    assert names(sharer, query) == expected


def test_only_the_window_is_returned_but_all_are_counted(sharer: Sharer) -> None:
    page = list_page(sharer.manager.all(), TransferQuery(limit=1))
    assert [row.name for row in page.rows] == ["film"]
    assert page.total == 4
    assert page.counts[TransferState.SEEDING] == 2
    assert page.counts[TransferState.PAUSED] == 1


def test_a_download_remembers_when_it_was_completed(sharer: Sharer) -> None:
    transfer = sharer.manager.get("lab", "film")
    (row,) = list_page([transfer], TransferQuery()).rows
    assert row.completed_at is None
    sharer.lab.seeder(transfer, CONTENT).give()
    sharer.lab.jobs.run()
    (row,) = list_page([transfer], TransferQuery()).rows
    assert row.completed_at is not None
    assert row.completed_at >= row.added_at
    stored = sharer.lab.context.store.get(transfer.record.id)
    assert stored is not None
    assert stored.completed_at == transfer.record.completed_at
    sharer.manager.discard(transfer)
    assert not sharer.lab.context.store.names_complete("ann", "lab", ["film"])
