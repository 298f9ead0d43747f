from __future__ import annotations

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from client.web.page.parts import graph

RATES = st.lists(st.floats(0, 1e12), max_size=130)
POINT = re.compile(r"(-?[\d.]+),(-?[\d.]+)")


@given(RATES, RATES)
def test_curves_stay_inside_the_graph_and_end_at_its_right(
    down: list[float], up: list[float]
) -> None:
    curves = ElementTree.fromstring(graph.rates(down, up, 120))
    for curve, values in zip(curves, (down, up), strict=True):
        points = [tuple(map(float, match)) for match in POINT.findall(curve.attrib["points"])]
        assert len(points) == min(len(values), 120)
        assert all(-0.1 <= x <= 240.1 and 0 <= y <= 48 for x, y in points)
        assert not points or points[-1][0] == 240


def test_a_higher_rate_is_drawn_higher() -> None:
    curve = ElementTree.fromstring(graph.rates([1000.0, 2000.0], [], 120))[0]
    (_, low), (_, high) = (map(float, match) for match in POINT.findall(curve.attrib["points"]))
    assert high < low


def test_pieces_are_drawn_by_position() -> None:
    cells = ElementTree.fromstring(graph.pieces([1.0, 0.5, 0.0, 0.0], [0, 0, 1, 0]))
    assert [cell.attrib["class"] for cell in cells] == ["here", "partly", "there", "nowhere"]


@given(RATES, RATES)
def test_the_scale_is_round_and_just_high_enough(down: list[float], up: list[float]) -> None:
    top, highest = graph.top_of(down, up), max([*down, *up, 0.0])
    assert highest <= top
    assert top <= max(2.57 * highest, 1024)


def test_the_scale_has_round_numbers() -> None:
    tops: list[float] = []
    rate = 1.0
    while len(tops) < 12:
        tops.append(graph.top_of([rate], []))
        rate = tops[-1] + 1
    kib = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1024, 2048, 5120]
    assert tops == [1024 * number for number in kib]
