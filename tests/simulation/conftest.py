"""What holds for all simulations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from coverage import Coverage


@pytest.fixture(autouse=True)
def unmeasured() -> Iterator[None]:
    """No coverage: it makes them six times slower, and unit tests reach the same lines."""
    measuring = Coverage.current()
    if measuring is None:
        yield
        return
    measuring.stop()
    yield
    measuring.start()
