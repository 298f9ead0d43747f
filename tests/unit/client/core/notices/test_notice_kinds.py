from __future__ import annotations

from client.core.notices.notice_kinds import PRESENTATIONS, Keeper, NoticeKind, presentation_of


def test_every_kind_has_one_presentation() -> None:
    assert set(PRESENTATIONS) == set(NoticeKind)
    headings = [presentation.heading for presentation in PRESENTATIONS.values()]
    assert len(set(headings)) == len(headings)
    assert all(presentation_of(kind) is PRESENTATIONS[kind] for kind in NoticeKind)


def test_a_kind_of_a_newer_tracker_is_shown_as_a_notice_that_it_keeps() -> None:
    shown = presentation_of("a_word_of_a_newer_tracker")
    assert (shown.heading, shown.keeper) == ("Notice", Keeper.TRACKER)
