"""Doing several things at the same time, each in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager


@contextmanager
def running(acts: Iterable[Callable[[], object]], seconds: float = 60) -> Iterator[None]:
    """Run the acts during the block, and wait for them at its end.

    Raises AssertionError if one hasn't ended `seconds` later.
    """
    threads = [threading.Thread(target=act, daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(seconds)
    assert not any(thread.is_alive() for thread in threads), f"an act takes over {seconds} seconds"


def run_together(acts: Iterable[Callable[[], object]], seconds: float = 60) -> None:
    """Run the acts at the same time, and wait for all; as `running`."""
    with running(acts, seconds):
        pass
