from __future__ import annotations

from client.web.page.parts.part import SCREENFUL, STEP, Part


def test_a_screenful_is_drawn_first_and_the_rest_after_it() -> None:
    part = Part()
    first, whole = part.steps("lab")
    assert first == {"pattern": None, "limit": SCREENFUL}
    assert whole == {"pattern": None, "limit": STEP}
    assert not part.note(SCREENFUL, 100_000, "lab")
    assert part.note(STEP, 100_000, "lab")
    assert part.steps("lab") == [whole]


def test_a_list_of_one_screenful_needs_no_second_step() -> None:
    part = Part()
    part.steps("lab")
    assert part.note(3, 3, "lab")
    assert part.steps("lab") == [part.fields]


def test_a_new_list_or_search_begins_with_a_screenful() -> None:
    part = Part()
    assert part.note(STEP, 100_000, "lab")
    assert len(part.steps("big")) == 2
    part.search("film")
    assert [step["pattern"] for step in part.steps("lab")] == ["film", "film"]
    part.search("")
    assert len(part.steps("lab")) == 1
    part.reset()
    assert len(part.steps("lab")) == 2


def test_answers_to_an_older_search_are_dropped() -> None:
    part = Part()
    older = part.steps("lab")
    part.search("film")
    assert not any(part.is_wanted(fields) for fields in older)
    assert all(part.is_wanted(fields) for fields in part.steps("lab"))


def test_the_drawn_part_never_shrinks() -> None:
    part = Part()
    assert part.note(STEP, 3 * STEP, "lab")
    less = part.fields
    part.grow()
    assert part.steps("lab") == [{"pattern": None, "limit": 2 * STEP}]
    assert not part.is_wanted(less)
    part.search("film")
    assert part.limit == STEP
