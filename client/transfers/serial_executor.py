"""Runs the slow jobs of one transfer one after the other, in threads that all transfers share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor

import structlog

from common.errors import ErrorCode, MinitorrentError

log = structlog.get_logger(__name__)


class SerialExecutor:
    """The jobs of one transfer, run in `threads`; `failed` gets the error that a job raises.

    A thread that works on the transfer outside of a job holds `alone` meanwhile.
    """

    def __init__(
        self, name: str, threads: Executor, failed: Callable[[MinitorrentError], None]
    ) -> None:
        self.alone = threading.Lock()
        self._name = name
        self._threads = threads
        self._failed = failed

    def submit(self, job: Callable[[], None], is_wanted: Callable[[], bool] | None = None) -> None:
        """Run `job`, unless `is_wanted` returns False when its turn comes; returns at once."""

        def guarded() -> None:
            with self.alone:
                if is_wanted is None or is_wanted():
                    self._do(job)

        try:
            self._threads.submit(guarded)
        except RuntimeError:
            log.debug("closing: a job is left undone", name=self._name)

    def _do(self, job: Callable[[], None]) -> None:
        try:
            job()
        except MinitorrentError as error:
            self._failed(error)
        except Exception as error:
            log.exception("transfer failed", name=self._name)
            self._failed(MinitorrentError(ErrorCode.INTERNAL, f"Unexpected: {error}."))
