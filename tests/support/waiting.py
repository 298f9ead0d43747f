"""Waiting for what other threads and processes do, with a limit and a message that tells."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_until(
    condition: Callable[[], Value],
    timeout: float = 20.0,
    what: str = "the condition",
    *,
    interval: float = 0.02,
) -> Value:
    """Ask `condition` until its answer is true, and return that answer.

    Raises AssertionError after `timeout` seconds, naming `what` and the last answer.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what}; last answer: {answer!r}")
        time.sleep(interval)
