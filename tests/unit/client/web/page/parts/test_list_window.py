from __future__ import annotations

from client.web.page.parts.list_window import SCREENFUL, STEP, ListWindow


def test_a_screenful_is_drawn_first_and_then_the_rest() -> None:
    window = ListWindow()
    first, whole = window.requests("lab")
    assert first == {"pattern": None, "limit": SCREENFUL}
    assert whole == {"pattern": None, "limit": STEP}
    assert not window.record(SCREENFUL, 100_000, "lab")
    assert window.record(STEP, 100_000, "lab")
    assert window.requests("lab") == [whole]


def test_a_list_of_one_screenful_needs_no_second_step() -> None:
    window = ListWindow()
    window.requests("lab")
    assert window.record(3, 3, "lab")
    assert window.requests("lab") == [window.fields]


def test_a_new_list_or_search_begins_with_a_screenful() -> None:
    window = ListWindow()
    assert window.record(STEP, 100_000, "lab")
    assert len(window.requests("big")) == 2
    window.search("film")
    assert [step["pattern"] for step in window.requests("lab")] == ["film", "film"]
    window.search("")
    assert len(window.requests("lab")) == 1
    window.reset()
    assert len(window.requests("lab")) == 2


def test_answers_to_an_older_search_are_dropped() -> None:
    window = ListWindow()
    older = window.requests("lab")
    window.search("film")
    assert not any(window.is_wanted(fields) for fields in older)
    assert all(window.is_wanted(fields) for fields in window.requests("lab"))


def test_the_drawn_part_never_shrinks() -> None:
    window = ListWindow()
    assert window.record(STEP, 3 * STEP, "lab")
    less = window.fields
    window.grow()
    assert window.requests("lab") == [{"pattern": None, "limit": 2 * STEP}]
    assert not window.is_wanted(less)
    window.search("film")
    assert window.limit == STEP
