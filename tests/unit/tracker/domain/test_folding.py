"""Failures that repeat are counted."""

from __future__ import annotations

from tracker.domain.folding import FailureFolder, Repeated, Told


def test_a_storm_is_told_once_and_then_counted() -> None:
    folder = FailureFolder(interval=10.0)
    assert folder.take("disk", "a", 0.0) == Told("a", True)
    assert folder.take("disk", "b", 1.0) == Told("a", False)
    assert folder.take("disk", "c", 2.0) == Told("a", False)
    assert folder.due(9.0) == []
    assert folder.due(10.0) == [Repeated("a", 2)]
    assert folder.take("disk", "d", 11.0) == Told("a", False)
    assert folder.due(19.0) == []
    assert folder.due(20.0) == [Repeated("a", 1)]


def test_a_kind_that_has_ended_is_new_again() -> None:
    folder = FailureFolder(interval=10.0)
    folder.take("disk", "a", 0.0)
    assert folder.due(10.0) == []
    assert folder.take("disk", "b", 11.0) == Told("b", True)


def test_kinds_are_told_apart_up_to_a_bound() -> None:
    folder = FailureFolder(interval=10.0, most=2)
    assert folder.take("disk", "a", 0.0).is_new
    assert folder.take("bug", "b", 0.0).is_new
    assert folder.take("third", "c", 0.0) == Told("c", True)  # of all others together
    assert folder.take("fourth", "d", 0.0) == Told("c", False)
    assert folder.take("disk", "e", 0.0) == Told("a", False)
    assert folder.due(10.0) == [Repeated("a", 1), Repeated("c", 1)]
