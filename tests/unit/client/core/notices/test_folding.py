"""Notices that belong together are one line; nothing is lost, and the order stays right."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.notices.folding import (
    LISTED_QUIET,
    LIVE_LONGEST,
    LIVE_QUIET,
    MOST_BURSTS,
    SENTENCES,
    Folded,
    NoticeFolder,
    fold,
    newest_lines,
)
from client.core.notices.notice_kinds import NoticeKind


@dataclass(frozen=True)
class Item:
    """A notice."""

    text: str = "ann shares a.txt in lab."
    kind: str = NoticeKind.FILE_ADDED
    group: str | None = "lab"
    actor: str = "ann"
    at: float = 0.0


def texts(lines: list[Folded[Item]]) -> list[str]:
    return [line.text for line in lines]


@pytest.fixture
def folder() -> NoticeFolder[Item]:
    return NoticeFolder(LIVE_QUIET, LIVE_LONGEST)


def test_a_single_notice_keeps_its_text(folder: NoticeFolder[Item]) -> None:
    assert folder.add(Item(), 10.0) == []
    assert folder.due_at == 11.0
    assert folder.due(10.9) == []
    assert texts(folder.due(11.0)) == ["ann shares a.txt in lab."]
    assert folder.due_at is None


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (NoticeKind.FILE_ADDED, "ann shared 1,060 files in lab."),
        (NoticeKind.FILE_REMOVED, "ann removed 1,060 files from lab."),
        (NoticeKind.FILE_COMPLETED, "ann has finished downloading 1,060 files of lab."),
    ],
)
def test_a_burst_becomes_one_sentence(
    folder: NoticeFolder[Item], kind: NoticeKind, sentence: str
) -> None:
    for number in range(1060):
        assert folder.add(Item(kind=kind), number / 1000) == []
    assert texts(folder.flush()) == [sentence]
    assert folder.flush() == []


def test_downloads_that_end_together_are_one_line(folder: NoticeFolder[Item]) -> None:
    end = Item("lab/a is complete: ...", kind=NoticeKind.DOWNLOAD_COMPLETED, actor="")
    folder.add(end, 0.0)
    folder.add(end, 0.1)
    assert texts(folder.flush()) == ["2 downloads from lab are complete."]
    folder.add(end, 2.0)
    assert texts(folder.flush()) == [end.text]


def test_a_burst_that_goes_on_is_shown_from_time_to_time(folder: NoticeFolder[Item]) -> None:
    shown = [line for second in range(20) for line in folder.add(Item(), second * 0.5)]
    assert texts(shown) == ["ann shared 10 files in lab."]
    assert texts(folder.flush()) == ["ann shared 10 files in lab."]


def test_groups_users_and_kinds_are_kept_apart(folder: NoticeFolder[Item]) -> None:
    others = [
        Item("eve"),
        Item("bob", actor="bob"),
        Item("club", group="club"),
        Item("removed", kind=NoticeKind.FILE_REMOVED),
    ]
    for item in others:
        assert folder.add(item, 0.0) == []
    folder.add(Item(), 0.5)
    assert texts(folder.due(1.0)) == ["bob", "club", "removed"]
    assert texts(folder.due(1.5)) == ["ann shared 2 files in lab."]


@pytest.mark.parametrize(
    "item",
    [
        Item("Lost the connection", kind=NoticeKind.TRACKER, actor=""),
        Item("eve asks", kind=NoticeKind.JOIN_REQUESTED, actor="eve"),
        Item("from an older tracker", actor=""),
        Item("from a newer tracker", kind="invented_later"),
    ],
)
def test_other_notices_wait_for_nothing(folder: NoticeFolder[Item], item: Item) -> None:
    folder.add(Item(), 0.0)
    folder.add(Item(), 0.1)
    assert texts(folder.add(item, 0.2)) == ["ann shared 2 files in lab.", item.text]
    assert texts(folder.add(item, 0.3)) == [item.text]


def test_the_number_of_bursts_is_bounded(folder: NoticeFolder[Item]) -> None:
    shown = [
        line
        for number in range(MOST_BURSTS + 3)
        for line in folder.add(Item(str(number), actor=f"u{number}"), 0.0)
    ]
    assert texts(shown) == ["0", "1", "2"]
    assert len(folder.flush()) == MOST_BURSTS


def test_a_list_is_folded_by_its_times() -> None:
    quiet = LISTED_QUIET
    rows = [Item(at=second) for second in (0.0, 1.0, 2.0, quiet + 3.0, 500.0, 501.0)]
    lines = fold(rows, lambda row: row.at)
    assert [(line.count, line.newest.at) for line in lines] == [(3, 2.0), (1, quiet + 3), (2, 501)]


def test_the_newest_lines_of_a_list() -> None:
    rows = [
        Item("1", kind=NoticeKind.TRACKER, at=0.0),
        *(Item(at=float(n)) for n in range(1, 60)),
        Item("2", kind=NoticeKind.TRACKER, at=60.0),
        Item("3", kind=NoticeKind.TRACKER, at=61.0),
    ]
    for most, expected in ((9, rows), (4, rows), (3, rows[1:]), (2, rows[-2:]), (1, rows[-1:])):
        assert newest_lines(rows, most, lambda row: row.at) == expected


ITEMS = st.builds(
    Item,
    text=st.text(max_size=3),
    kind=st.sampled_from([*SENTENCES, NoticeKind.TRACKER]),
    group=st.sampled_from(["lab", "club", None]),
    actor=st.sampled_from(["ann", "bob", ""]),
)
GAPS = st.sampled_from([0.0, 0.1, 0.9, 1.0, 1.1, 6.0])


@given(st.lists(st.tuples(ITEMS, GAPS), max_size=40))
def test_every_notice_is_shown_once_and_soon(arriving: list[tuple[Item, float]]) -> None:
    folder: NoticeFolder[Item] = NoticeFolder(LIVE_QUIET, LIVE_LONGEST)
    now, lines = 0.0, list[Folded[Item]]()
    waiting_since: dict[tuple[str, str | None, str], float] = {}

    def take(shown: list[Folded[Item]]) -> None:
        for line in shown:
            key = line.newest.kind, line.newest.group, line.newest.actor
            assert now - waiting_since.pop(key, now) <= LIVE_LONGEST
        lines.extend(shown)

    for item, gap in arriving:
        while (due_at := folder.due_at) is not None and due_at <= now + gap:
            now, gap = max(now, due_at), now + gap - max(now, due_at)
            take(folder.due(now))
        now += gap
        key = item.kind, item.group, item.actor
        ready = folder.add(item, now)
        waiting_since.setdefault(key, now)
        take(ready)
    take(folder.flush())

    assert sum(line.count for line in lines) == len(arriving)
    shown, sent = Counter[object](), Counter[object]()
    for line in lines:
        shown[line.newest.kind, line.newest.group, line.newest.actor] += line.count
    for item, _ in arriving:
        sent[item.kind, item.group, item.actor] += 1
    assert shown == sent
    assert all(line.text == line.newest.text for line in lines if line.count == 1)


def _may_fold(item: Item) -> bool:
    """Whether there is a sentence for several of its kind, and it has what that needs."""
    sentence = SENTENCES.get(item.kind)
    return sentence is not None and (bool(item.actor) or "{actor}" not in sentence)


@given(st.lists(ITEMS, max_size=20))
def test_what_cannot_be_folded_keeps_its_place(items: list[Item]) -> None:
    lines = fold(items, lambda _: 0.0)
    plain = [item for item in items if not _may_fold(item)]
    assert [line.newest for line in lines if line.newest in plain and line.count == 1] == plain
