"""Waiting for other threads and processes, with a limit and a clear message."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_until(
    condition: Callable[[], Value | None],
    timeout: float = 20.0,
    what: str = "the condition",
    *,
    interval: float = 0.05,
) -> Value:
    """Call `condition` until it returns a true value, and return that.

    The longer it takes, the rarer it is asked, at last every `interval` seconds: other tests want
    the processor, too. Raises AssertionError after `timeout` seconds, naming `what` and the last
    answer.
    """
    began = time.monotonic()
    while True:
        answer = condition()
        if answer:
            return answer
        waited = time.monotonic() - began
        if waited > timeout:
            raise AssertionError(f"waited {timeout:g} s for {what}; last answer: {answer!r}")
        time.sleep(min(interval, 0.005 + waited / 10))


def is_waited_for(condition: threading.Condition) -> bool:
    """Whether a thread waits for this condition now."""
    return bool(condition._waiters)  # type: ignore[attr-defined] # nothing public tells
