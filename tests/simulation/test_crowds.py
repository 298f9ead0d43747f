"""One seeder and many new peers, under less than ideal circumstances."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.swarm.scenarios import scenarios
from benchmarks.swarm.simulated import Outcome, Run

CROWDS = pytest.mark.parametrize("leechers", [10, pytest.param(100, marks=pytest.mark.soak)])


def outcome(name: str, leechers: int) -> Outcome:
    """Run a scenario with a file that takes a minute, six rounds of choking, at best."""
    (scenario,) = [scenario for scenario in scenarios(leechers) if scenario.name == name]
    return Run(replace(scenario, pieces=256, blocks=4), seed=1).outcome()


@CROWDS
def test_the_seeder_gives_hardly_more_than_one_copy(leechers: int) -> None:
    crowd = outcome("equal", leechers)
    assert crowd.last < 1.25
    assert crowd.copies < 1.25
    assert crowd.wasted < 0.03
    assert crowd.last < 1.1 * crowd.middle


@CROWDS
def test_the_file_survives_a_seeder_that_leaves_after_little_more_than_a_copy(
    leechers: int,
) -> None:
    crowd = outcome("seed leaves", leechers)
    assert crowd.copies < 1.12
    assert crowd.last < 1.25


@CROWDS
def test_free_riders_have_the_file_after_the_others(leechers: int) -> None:
    crowd = outcome("free riders", leechers)
    assert crowd.riders is not None
    assert crowd.riders[0] > crowd.last
    assert crowd.last < 1.5


@pytest.mark.soak
@pytest.mark.parametrize("name", ["mixed", "half leave", "leave when done"])
def test_the_slowest_finishes_soon_after_the_median(name: str) -> None:
    crowd = outcome(name, 50)
    assert crowd.last < 1.3
    assert crowd.last < 1.5 * crowd.middle
