"""What holds for all tests."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings

from tests.support import warm

# A busy machine, or one that measures coverage, is slow now and then: that is no failure.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")

# Coverage is measured in the test processes, not in the hundreds of trackers and clients that
# they start: that would cost more than all the rest, and shows next to nothing that they don't.
MEASURE: dict[str, str] = {}
"""What has to be in the environment of a process whose coverage is measured all the same."""


def _measure_no_processes() -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        for name in ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START"):
            if name in os.environ:
                MEASURE[name] = os.environ.pop(name)


_measure_no_processes()

# The trackers and clients that tests start keep what they compile: compiling it anew each time
# takes longer than the rest of a start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Nor do they load it all anew, except where a test is about the start itself.
os.environ[warm.SWITCH] = "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """No coverage of slow tests: it makes some of them six times slower, and what they reach
    over and over, quick ones reach too."""
    measuring = Coverage.current() if item.get_closest_marker("slow") else None
    if measuring is None:
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()
        _measure_no_processes()  # for this, it said the opposite
