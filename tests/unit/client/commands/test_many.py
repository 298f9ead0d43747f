"""One command on many files: what fails, what goes on, and how far all of it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.caller import Caller, acting_for, current_caller
from client.commands.many import INTERRUPTED, TotalProgress, run_each
from common.errors import ErrorCode, MinitorrentError
from tests.support.waiting import wait_until


def failing(codes: dict[int, ErrorCode]) -> Callable[[int], int]:
    def call(number: int) -> int:
        if number in codes:
            raise MinitorrentError(codes[number], f"Number {number} is wrong.")
        return number * 10

    return call


def run(count: int, codes: dict[int, ErrorCode]) -> list[int]:
    return run_each(range(count), failing(codes), name=str, done="shared")


def refusal(count: int, codes: dict[int, ErrorCode]) -> MinitorrentError:
    with pytest.raises(MinitorrentError) as caught:
        run(count, codes)
    return caught.value


@given(st.integers(0, 40))
def test_results_have_the_order_of_the_items(count: int) -> None:
    assert run(count, {}) == [number * 10 for number in range(count)]


def test_one_failure_is_named_and_the_others_go_on() -> None:
    error = refusal(60, {7: ErrorCode.NAME_TAKEN, 41: ErrorCode.FILE_NOT_FOUND})
    assert error.code is ErrorCode.NAME_TAKEN
    assert error.message == (
        "58 of 60 shared. Failed: 7: Number 7 is wrong; 41: Number 41 is wrong."
    )


def test_of_many_failures_only_some_are_described() -> None:
    error = refusal(1200, dict.fromkeys(range(1100), ErrorCode.FILE_NOT_FOUND))
    assert error.message.startswith("100 of 1,200 shared. Failed: 0: Number 0 is wrong; 1: ")
    assert error.message.endswith("9: Number 9 is wrong; and 1,090 more.")


def test_a_single_item_fails_as_it_would_by_itself() -> None:
    assert refusal(1, {0: ErrorCode.NAME_TAKEN}).message == "Number 0 is wrong."


def test_what_all_would_fail_with_ends_it() -> None:
    error = refusal(1000, dict.fromkeys(range(1000), ErrorCode.NOT_MEMBER))
    assert (error.code, error.message) == (ErrorCode.NOT_MEMBER, "Number 0 is wrong.")


def test_the_rest_is_not_tried_once_the_tracker_is_gone() -> None:
    tried = []
    is_first = threading.Event()

    def call(number: int) -> int:
        tried.append(number)
        if number == 0:
            is_first.set()
            return 0
        assert is_first.wait(10)
        raise MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "No tracker answers.")

    with pytest.raises(MinitorrentError) as caught:
        run_each(range(500), call, name=str, done="shared")
    assert caught.value.code is ErrorCode.TRACKER_UNREACHABLE
    assert caught.value.message == ("1 of 500 shared. The rest was not tried: No tracker answers.")
    assert len(tried) < 20


def test_an_interrupted_command_says_how_far_it_was() -> None:
    done = []

    def call(number: int) -> int:
        done.append(number)
        return number

    with pytest.raises(MinitorrentError, match=INTERRUPTED) as caught:
        run_each(range(300), call, name=str, done="shared", cancelled=lambda: len(done) > 9)
    assert caught.value.code is ErrorCode.TIMEOUT
    assert 9 < len(done) < 30
    assert caught.value.message.startswith(f"{len(done)} of 300 shared. The rest was not tried: ")


def test_a_bug_is_passed_on_at_once() -> None:
    def call(number: int) -> int:
        raise RuntimeError(number)

    with pytest.raises(RuntimeError):
        run_each(range(100), call, name=str, done="shared")


def test_several_are_worked_on_at_a_time() -> None:
    waiting = []
    goes_on = threading.Event()

    def call(number: int) -> int:
        waiting.append(number)
        assert goes_on.wait(10)
        return number

    thread = threading.Thread(
        target=lambda: run_each(range(20), call, name=str, done="shared"), daemon=True
    )
    thread.start()
    wait_until(lambda: len(waiting) == 8, what="eight calls")
    goes_on.set()
    thread.join(10)
    assert not thread.is_alive()


def test_progress_adds_up() -> None:
    seen: list[tuple[int, int]] = []
    total = TotalProgress(lambda done, of: seen.append((done, of)), [100, 0, 50])
    first, folder = total.of(0), total.of(1)
    first(40, 100)
    folder(10, 1000)  # how large it is turns out now
    first(100, 100)
    total.of(2)(20, 20)  # it has shrunk
    total.finish(1)
    assert seen == [(40, 150), (50, 1150), (110, 1150), (130, 1120), (1120, 1120)]


def test_whoever_stops_the_progress_stops_the_command() -> None:
    def stop(_done: int, _total: int) -> None:
        raise MinitorrentError(ErrorCode.TIMEOUT, "Hashing was interrupted; nothing was shared.")

    total = TotalProgress(stop, [1, 1])
    total.finish(1)
    assert total.is_stopped
    with pytest.raises(MinitorrentError) as caught:
        total.of(0)(1, 1)
    assert (caught.value.code, caught.value.message) == (ErrorCode.TIMEOUT, INTERRUPTED)


def test_its_threads_act_for_the_caller_of_the_command() -> None:
    caller = Caller(Path("/caller"))
    with acting_for(caller):
        found = run_each([1, 2], lambda _: current_caller(), name=str, done="done")
    assert found == [caller, caller]
