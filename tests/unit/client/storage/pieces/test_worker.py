from __future__ import annotations

import threading
import weakref
from functools import partial

import pytest
from structlog.testing import capture_logs

from client.storage.pieces.worker import WorkerPool
from tests.support.waiting import is_waited_for, wait_until


def fail_test(error: Exception) -> None:
    raise AssertionError(f"unexpected failure: {error}")


def test_close_waits_for_running_jobs() -> None:
    pool = WorkerPool(2, 8)
    done: list[int] = []
    for number in range(50):
        pool.submit(partial(done.append, number), fail_test)
    assert pool.close()
    assert sorted(done) == list(range(50))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("storage")]


def test_a_full_queue_blocks_the_submitter() -> None:
    pool = WorkerPool(1, 1)
    go, submitted = threading.Event(), threading.Event()
    started = threading.Event()

    def job() -> None:
        started.set()
        assert go.wait(10)

    pool.submit(job, fail_test)
    assert started.wait(10)
    pool.submit(job, fail_test)

    def third() -> None:
        pool.submit(job, fail_test)
        submitted.set()

    thread = threading.Thread(target=third)
    thread.start()
    wait_until(lambda: is_waited_for(pool._not_full), what="the submitter to be held up")
    assert not submitted.is_set()
    go.set()
    assert submitted.wait(10)
    thread.join()
    assert pool.close()


def test_failures_are_reported_and_kill_no_thread() -> None:
    pool = WorkerPool(1)
    failures: list[Exception] = []
    error = OSError("disk on fire")

    def fail() -> None:
        raise error

    def fail_too(_: Exception) -> None:
        raise ValueError("nobody to tell")

    pool.submit(fail, failures.append)
    with capture_logs() as logged:
        pool.submit(fail, fail_too)
        ran = threading.Event()
        pool.submit(ran.set, fail_test)
        assert ran.wait(10)
    assert failures == [error]
    assert [entry["event"] for entry in logged] == ["a failure could not be reported"]
    assert pool.close()


def test_nothing_is_accepted_after_closing() -> None:
    pool = WorkerPool(1)
    assert pool.close()
    assert pool.close()
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(lambda: None, fail_test)


def test_closing_wakes_a_waiting_submitter() -> None:
    pool = WorkerPool(1, 1)
    go, started = threading.Event(), threading.Event()
    refusals: list[Exception] = []

    def job() -> None:
        started.set()
        assert go.wait(10)

    def submit() -> None:
        try:
            pool.submit(job, fail_test)
        except RuntimeError as error:
            refusals.append(error)

    pool.submit(job, fail_test)
    assert started.wait(10)
    pool.submit(job, fail_test)
    thread = threading.Thread(target=submit)
    thread.start()
    assert not pool.close(timeout=0.05)
    thread.join(10)
    assert len(refusals) == 1
    go.set()
    assert pool.close()


def test_a_finished_job_is_released() -> None:
    """Also while the worker waits for the next one."""

    class Resource:
        def use(self) -> None:
            pass

    pool = WorkerPool(1)
    resource = Resource()
    gone = threading.Event()
    weakref.finalize(resource, gone.set)
    pool.submit(resource.use, fail_test)
    del resource
    assert gone.wait(10)
    assert pool.close()
