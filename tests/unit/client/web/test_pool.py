"""Commands of the page and the HTTP API: in threads, cancellable, with bounded waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from client.commands.command import Arguments, Command, Context
from client.commands.general import EndResult
from client.commands.registry import COMMANDS
from client.web.models import read_arguments
from client.web.pool import MOST_WAITS, CommandPool
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.services.session import FakeSession

NOTHING = Arguments({})


def pool(is_closing: Callable[[], bool] = lambda: False, longest: float = 30.0) -> CommandPool:
    return CommandPool(FakeSession(), is_closing, longest)


def until_cancelled(context: Context, _: Arguments) -> EndResult:
    while not context.cancelled():
        time.sleep(0.005)
    return EndResult()


def hashing(context: Context, _: Arguments) -> EndResult:
    assert context.progress is not None
    context.progress(1, 4)
    return EndResult()


WAIT = Command("wait", "transfers", "waits", until_cancelled, waits=True)
HASH = Command("hash", "files", "hashes", hashing)


def test_answers_and_failures_both_complete() -> None:
    async def run() -> None:
        whoami = COMMANDS["whoami"]
        outcome = await pool().run(whoami, read_arguments(whoami, {}))
        assert outcome.as_json()["error"]["code"] == "not_logged_in"
        login = COMMANDS["login"]
        arguments = read_arguments(login, {"user": "ann", "password": "x"})
        assert (await pool().run(login, arguments)).error is None

    asyncio.run(run())


def test_a_wait_ends_on_request_on_close_and_by_itself() -> None:
    async def run() -> None:
        for one, cancelled in (
            (pool(), lambda: True),
            (pool(is_closing=lambda: True), lambda: False),
            (pool(longest=0.01), lambda: False),
        ):
            outcome = await one.run(WAIT, NOTHING, cancelled=cancelled)
            assert outcome.error is None

    asyncio.run(run())


def test_simultaneous_waits_are_bounded_and_others_are_served() -> None:
    async def run() -> None:
        is_over = False
        one = pool()
        waits = [
            asyncio.ensure_future(one.run(WAIT, NOTHING, cancelled=lambda: is_over))
            for _ in range(MOST_WAITS)
        ]
        await asyncio.sleep(0)  # lets them begin
        refused = await one.run(WAIT, NOTHING)
        assert refused.error is not None
        assert refused.error.code is ErrorCode.TOO_MANY_ATTEMPTS
        assert (await one.run(HASH, NOTHING)).error is None
        is_over = True
        await asyncio.gather(*waits)
        assert (await one.run(WAIT, NOTHING, cancelled=lambda: True)).error is None

    asyncio.run(run())


def test_hashing_reports_progress_and_stops_with_its_caller() -> None:
    async def run() -> None:
        progress_seen: list[tuple[int, int]] = []
        outcome = await pool().run(
            HASH, NOTHING, progress=lambda *how_far: progress_seen.append(how_far)
        )
        assert outcome.error is None
        assert progress_seen == [(1, 4)]
        stopped = await pool().run(HASH, NOTHING, cancelled=lambda: True)
        assert isinstance(stopped.answer, MinitorrentError)
        assert stopped.answer.code is ErrorCode.TIMEOUT

    asyncio.run(run())
