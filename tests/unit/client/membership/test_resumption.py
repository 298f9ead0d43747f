"""Waiting for a remembered login."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from client.membership.resumption import Resumption
from common.errors import ErrorCode, MinitorrentError

OBSTACLE = MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "No tracker can be reached.")


@pytest.fixture
def resumption() -> Resumption:
    resumption = Resumption()
    resumption.begin("ann", lambda: None)
    return resumption


def test_without_a_remembered_login_nobody_waits() -> None:
    resumption = Resumption()
    assert resumption.wait()
    assert resumption.user is None
    resumption.check()
    resumption.delay(OBSTACLE)
    resumption.check()


def test_commands_wait_until_the_transfers_are_taken_up(resumption: Resumption) -> None:
    assert not resumption.wait(0.0)
    with ThreadPoolExecutor(1) as threads:
        with resumption.taking_up():
            waiting: Future[bool] = threads.submit(resumption.wait)
            assert resumption.wait()  # who takes them up
            assert not threads.submit(lambda: None).done()  # behind the waiting one
        assert waiting.result(10.0)
    assert resumption.user is None


def test_commands_go_on_without_a_tracker(resumption: Resumption) -> None:
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(resumption.wait)
        resumption.delay(OBSTACLE)
        assert waiting.result(10.0)
    assert resumption.user == "ann"
    with pytest.raises(MinitorrentError) as raised:
        resumption.check()
    assert raised.value.code is ErrorCode.TRACKER_UNREACHABLE
    assert raised.value.message == (
        "No tracker can be reached. You will be logged in as ann once a tracker can be used."
    )


def test_a_delayed_login_is_tried_again_for_who_needs_it() -> None:
    resumption, retries = Resumption(), list[bool]()
    resumption.begin("ann", lambda: retries.append(resumption.wait(0.0)))
    resumption.hurry()
    assert retries == [], "it is being tried anyway"
    resumption.delay(OBSTACLE)
    resumption.hurry()
    assert retries == [False], "tried again, and waited for"
    resumption.end()
    resumption.hurry()
    assert len(retries) == 1


def test_they_wait_again_once_a_tracker_has_accepted_it(resumption: Resumption) -> None:
    resumption.delay(OBSTACLE)
    with ThreadPoolExecutor(1) as threads, resumption.taking_up():
        assert not threads.submit(resumption.wait, 0.0).result(10.0)
    resumption.check()


def test_a_login_that_is_over(resumption: Resumption) -> None:
    resumption.end()
    assert resumption.wait()
    resumption.check()
