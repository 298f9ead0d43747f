"""Runs one command on many files: the others go on when one fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from client.caller import act_for, current_caller
from client.commands.command import never
from common.errors import ErrorCode, MinitorrentError
from common.text import visible

if TYPE_CHECKING:
    from client.services.content.uploads import HashProgress

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

_AT_ONCE: Final = 8
"""Files worked on at the same time: while one waits for the tracker or the disk, others go on."""

_MOST_TOLD: Final = 10
"""Failures that are described; of more, their number is given."""

_CONCERNS_ALL: Final = frozenset(
    {
        ErrorCode.NOT_LOGGED_IN,
        ErrorCode.NO_SUCH_GROUP,
        ErrorCode.NOT_MEMBER,
        ErrorCode.QUOTA_EXCEEDED,
        ErrorCode.TRACKER_UNREACHABLE,
        ErrorCode.TIMEOUT,
        ErrorCode.BUSY,
    }
)
"""Errors that the remaining files would have, too."""

INTERRUPTED: Final = "the command was interrupted"


def run_each(
    items: Sequence[ItemT],
    call: Callable[[ItemT], ResultT],
    *,
    name: Callable[[ItemT], str],
    done: str,
    cancelled: Callable[[], bool] = never,
) -> list[ResultT]:
    """Return the results of `call` for all items, in their order; it is called in several threads.

    What fails doesn't stop the others, unless the same would happen to them, and doesn't undo what
    succeeded. Then raises MinitorrentError with the code of the first failure and a message such as
    "58 of 60 shared. Failed: ...", in which `done` is the word "shared". A single item fails as it
    would by itself.
    """
    if len(items) == 1:
        return [call(items[0])]
    attempts = _Attempts(items, call, cancelled)
    with ThreadPoolExecutor(
        _AT_ONCE, "each", initializer=act_for, initargs=(current_caller(),)
    ) as threads:
        list(threads.map(attempts.make, range(len(items))))
    results, failures = attempts.results, attempts.failures
    if failures:
        named = [(name(items[number]), failures[number]) for number in sorted(failures)]
        raise _failure(f"{len(results):,} of {len(items):,} {done}", named, any_done=bool(results))
    return [results[number] for number in sorted(results)]


class _Attempts(Generic[ItemT, ResultT]):
    """The results and the errors so far, by the number of the item."""

    def __init__(
        self,
        items: Sequence[ItemT],
        call: Callable[[ItemT], ResultT],
        cancelled: Callable[[], bool],
    ) -> None:
        self.results: dict[int, ResultT] = {}
        self.failures: dict[int, MinitorrentError] = {}
        self._items = items
        self._call = call
        self._cancelled = cancelled
        self._stopped = threading.Event()

    def make(self, number: int) -> None:
        """Call for one item, unless an error that concerns all has stopped the others."""
        if self._stopped.is_set():
            return
        try:
            if self._cancelled():
                raise MinitorrentError(ErrorCode.TIMEOUT, INTERRUPTED)
            self.results[number] = self._call(self._items[number])
        except MinitorrentError as error:
            self.failures[number] = error
            if error.code in _CONCERNS_ALL:
                self._stopped.set()
        except BaseException:
            self._stopped.set()
            raise


def _failure(
    count: str, failed: Sequence[tuple[str, MinitorrentError]], *, any_done: bool
) -> MinitorrentError:
    """Return the error for a command of which only a part succeeded."""
    ending = next((error for _, error in failed if error.code in _CONCERNS_ALL), None)
    if ending is not None and not any_done:
        return ending
    own = [(name, error) for name, error in failed if error.code not in _CONCERNS_ALL]
    told = [f"{visible(name)}: {_reason(error)}" for name, error in own[:_MOST_TOLD]]
    if len(own) > _MOST_TOLD:
        told.append(f"and {len(own) - _MOST_TOLD:,} more")
    parts = [count]
    if told:
        parts.append(f"Failed: {'; '.join(told)}")
    if ending is not None:
        parts.append(f"The rest was not tried: {_reason(ending)}")
    return MinitorrentError((ending or own[0][1]).code, f"{'. '.join(parts)}.")


def _reason(error: MinitorrentError) -> str:
    return error.message.rstrip(".")


class TotalProgress:
    """Turns the progress of hashing several files into that of all. Thread-safe.

    `sizes` are bytes, as far as they are known.
    """

    def __init__(self, progress: HashProgress, sizes: Sequence[int]) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._sizes = list(sizes)
        self._done = [0] * len(sizes)
        self._sum = 0
        self._total = sum(sizes)
        self.is_stopped = False
        """Whether `progress` has asked to stop."""

    def of(self, number: int) -> HashProgress:
        """Return what to call with the progress of one of the files.

        Raises MinitorrentError to stop, as `progress` does.
        """
        return lambda done, total: self._report(number, done, total)

    def finish(self, number: int) -> None:
        """Count a file as hashed, even if it needed no hashing; never raises."""
        with suppress(MinitorrentError):
            self._report(number, self._sizes[number], self._sizes[number])

    def _report(self, number: int, done: int, total: int) -> None:
        with self._lock:
            self._total += total - self._sizes[number]  # it was not known, or has changed
            self._sizes[number] = total
            self._sum += done - self._done[number]
            self._done[number] = done
            so_far, whole = self._sum, self._total
        try:
            self._progress(so_far, whole)
        except MinitorrentError as error:
            self.is_stopped = True
            raise MinitorrentError(error.code, INTERRUPTED) from None
