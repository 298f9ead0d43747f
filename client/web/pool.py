"""A thread pool for the commands of page and HTTP API, so that no event loop blocks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from client.commands.command import Arguments, Command, never
from client.commands.runner import Outcome, Runner
from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.services.api import SessionApi
    from client.services.content.uploads import HashProgress

Value = TypeVar("Value")

_THREADS = 32
"""Commands that run at the same time; further ones are queued."""

MOST_WAITS = 8
"""How many of them may be waiting commands; the others serve what users click."""

_LONGEST_WAIT = 600.0
"""Seconds after which a waiting command ends."""


class CommandPool:
    """Runs commands on one session, each in a thread of the pool.

    Commands that are still running when `is_closing` returns True end early. `longest_wait`, in
    seconds, limits waiting commands; HTTP clients can repeat them.
    """

    def __init__(
        self,
        session: SessionApi,
        is_closing: Callable[[], bool] = never,
        longest_wait: float = _LONGEST_WAIT,
    ) -> None:
        self.session = session
        self._is_closing = is_closing
        self._longest_wait = longest_wait
        self._waiting = 0
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="web command")

    async def run(
        self,
        command: Command,
        arguments: Arguments,
        *,
        progress: HashProgress | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Outcome:
        """Run a command; errors are outcomes too. Call this in the event loop's thread only.

        `progress` is called in the command's thread while files are hashed. The command ends
        early when `cancelled` returns True.
        """
        if not command.waits:
            return await self._run(command, arguments, progress, cancelled)
        if self._waiting >= MOST_WAITS:
            sentence = f"{MOST_WAITS} requests are already waiting; end one of them first."
            error = MinitorrentError(ErrorCode.TOO_MANY_ATTEMPTS, sentence)
            return Outcome(command.name, command, error)
        end = time.monotonic() + self._longest_wait
        self._waiting += 1
        try:
            return await self._run(
                command, arguments, progress, lambda: cancelled() or time.monotonic() >= end
            )
        finally:
            self._waiting -= 1

    async def work(self, call: Callable[[], Value]) -> Value:
        """Return the value of a call that may block; it runs in a thread of the pool."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def _run(
        self,
        command: Command,
        arguments: Arguments,
        progress: HashProgress | None,
        cancelled: Callable[[], bool],
    ) -> Outcome:
        def is_over() -> bool:
            return cancelled() or self._is_closing()

        def hashed(done: int, total: int) -> None:
            if is_over():
                raise MinitorrentError(
                    ErrorCode.TIMEOUT, "Hashing was interrupted; nothing was shared."
                )
            if progress is not None:
                progress(done, total)

        runner = Runner(self.session, progress=hashed, cancelled=is_over)
        return await self.work(lambda: runner.call(command, arguments))
