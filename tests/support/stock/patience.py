"""Waiting for stock clients, which take seconds for what they do."""

from __future__ import annotations

from functools import partial

from tests.support import waiting

wait_until = partial(waiting.wait_until, interval=0.3)
"""As in tests.support.waiting, but less often: each poll involves two of our processes."""
