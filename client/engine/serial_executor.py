"""What takes its time for one transfer: one job after the other, in threads that all share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor

import structlog

from common.errors import ErrorCode, MinitorrentError

log = structlog.get_logger(__name__)


class SerialExecutor:
    """The jobs of one transfer, done in `threads`; `failed` hears what one of them raises.

    Whoever does something with the transfer in a thread of its own holds `alone` meanwhile.
    """

    def __init__(
        self, name: str, threads: Executor, failed: Callable[[MinitorrentError], None]
    ) -> None:
        self.alone = threading.Lock()
        self._name = name
        self._threads = threads
        self._failed = failed

    def submit(self, job: Callable[[], None], is_wanted: Callable[[], bool] | None = None) -> None:
        """Have it done, unless `is_wanted` says no when its turn has come; returns at once."""

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
