"""Which of several obstacles counts, and how it is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.admission.obstacle import Obstacle, commonest, describe
from common.types import PeerId

REFUSED, SILENT, HUNG_UP = Obstacle.REFUSED, Obstacle.SILENT, Obstacle.HUNG_UP


@pytest.mark.parametrize(
    ("met", "counts", "text"),
    [
        (
            [HUNG_UP],
            HUNG_UP,
            "The only peer that is online answers at its port, but hangs up before the handshake.",
        ),
        (
            [REFUSED, REFUSED],
            REFUSED,
            "All 2 peers that are online refuse connections at their ports.",
        ),
        (
            [REFUSED, HUNG_UP],
            HUNG_UP,
            "No connection to any of 2 peers; 1 of them answers at its port, but hangs up before"
            " the handshake.",
        ),
        (
            [REFUSED, HUNG_UP, REFUSED],
            REFUSED,
            "No connection to any of 3 peers; 2 of them refuse connections at their ports.",
        ),
    ],
)
def test_the_most_common_obstacle_is_named(
    met: list[Obstacle], counts: Obstacle, text: str
) -> None:
    assert commonest(met) is counts
    assert describe(met, counts) == text


@given(st.lists(st.sampled_from(Obstacle), min_size=1))
def test_the_order_changes_nothing(met: list[Obstacle]) -> None:
    assert commonest(met) is commonest(met[::-1])
    assert describe(met, commonest(met)).endswith(".")
    assert commonest(met).hint.endswith((".", "doctor"))


def test_the_meaning_depends_on_the_peer() -> None:
    ours, theirs = PeerId(b"-MI0100-abcdefghijkl"), PeerId(b"-LT20B0-abcdefghijkl")
    assert HUNG_UP.of(theirs) is HUNG_UP
    assert HUNG_UP.of(ours) is Obstacle.TURNED_AWAY
    assert SILENT.of(ours) is SILENT
