"""Whole clients at a real tracker, as in tests/integration/client, with a check for leftovers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.integration.client.conftest import log, nothing_left, team

__all__ = ["log", "nothing_left", "stack", "team"]


@pytest.fixture
def stack(nothing_left: None) -> Iterator[ExitStack]:
    """The attackers' open resources, released before the team closes."""
    with ExitStack() as opened:
        yield opened
