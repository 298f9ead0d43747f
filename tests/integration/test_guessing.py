"""Passwords are guessed at a real tracker, which hashes them as it does in earnest."""

from __future__ import annotations

import json
import re
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.integration.tracker.sessions import RefusedError, SessionClient
from tests.support.programs.processes import TrackerProcess
from tests.support.together import run_together
from tracker.domain.throttle import PER_ACCOUNT, PER_ADDRESS

PEER = "11" * 20
ATTACKERS = 8
"""Threads that guess at once."""

A_CONNECTION = 50
"""Guesses sent over one connection in one go."""

Record = Callable[[str, object], None]


@pytest.fixture
def tracker(tmp_path: Path) -> Iterator[TrackerProcess]:
    with TrackerProcess(tmp_path / "tracker") as process:
        yield process


@pytest.fixture
def ann(tracker: TrackerProcess) -> Iterator[SessionClient]:
    """Ann, who logs in from 127.0.0.1."""
    with SessionClient(tracker.address) as client:
        yield client.sign_up("ann")


class Attack:
    """Guesses at accounts, as fast as the tracker answers, from each source in its turn."""

    def __init__(self, tracker: TrackerProcess, users: Sequence[str], sources: list[str]) -> None:
        self.answers: Counter[str] = Counter()
        self._tracker = tracker
        self._users = users
        self._parts = [sources[number::ATTACKERS] for number in range(ATTACKERS)]
        self._lock = threading.Lock()
        before = time.monotonic()
        run_together([partial(self._guess, part) for part in self._parts], 100)
        self.seconds = time.monotonic() - before

    def _guess(self, sources: list[str]) -> None:
        for source in sources:
            with SessionClient(self._tracker.address, source) as client:
                client.send(b"".join(map(self._request, range(1, A_CONNECTION + 1))))
                codes = [client.read()["error"]["code"] for _ in range(A_CONNECTION)]
            with self._lock:
                self.answers.update(codes)

    def _request(self, number: int) -> bytes:
        user = self._users[number % len(self._users)]
        login = {"user": user, "password": f"guess {number}", "peer_id": PEER, "port": 1}
        return json.dumps({"id": number, "op": "login", "args": login}).encode() + b"\n"

    @property
    def hashed(self) -> int:
        """How many guesses the tracker looked at; it turned the others away unread."""
        return self.answers["bad_credentials"]

    def allowed(self, burst: int, interval: float) -> float:
        """How many it may have looked at."""
        return burst + self.seconds / interval + 1


def spend(client: SessionClient, user: str) -> None:
    """Guess until the tracker looks at no guess any more: some time has passed since it did."""
    for _ in range(20):
        with pytest.raises(RefusedError) as refused:
            client.login(user, "wrong")
        if refused.value.code == "too_many_attempts":
            return
    raise AssertionError("20 guesses in a row were looked at")


@pytest.mark.soak
def test_ten_thousand_guesses_are_throttled(
    tracker: TrackerProcess, ann: SessionClient, record_property: Record
) -> None:
    ann.call("create_user", user="bob", password="secret123")
    near = ["127.0.0.2"] * 80
    far = [f"127.0.{1 + number // 100}.{1 + number % 100}" for number in range(100)]
    one = Attack(tracker, ["ann"], near)
    many = Attack(tracker, ["bob"], far)
    spread = Attack(tracker, [f"user-{number}" for number in range(50)], ["127.0.0.3"] * 20)
    for name, attack in (("one", one), ("many", many), ("spread", spread)):
        record_property(f"{name}_guesses", attack.answers.total())
        record_property(f"{name}_looked_at", attack.hashed)
        record_property(f"{name}_seconds", attack.seconds)
        assert set(attack.answers) <= {"bad_credentials", "too_many_attempts"}
    assert one.answers.total() + many.answers.total() + spread.answers.total() == 10_000
    assert 0 < one.hashed <= one.allowed(*PER_ACCOUNT)
    assert 0 < many.hashed <= many.allowed(*PER_ACCOUNT)
    assert 0 < spread.hashed <= spread.allowed(*PER_ADDRESS)

    for user in ("ann", "bob"):
        with SessionClient(tracker.address) as home:
            assert home.login(user)["user"] == user
        with SessionClient(tracker.address, "127.0.0.99") as abroad:
            spend(abroad, user)
            with pytest.raises(RefusedError, match="too_many_attempts"):
                abroad.login(user)


def test_answers_do_not_reveal_which_accounts_exist(
    tracker: TrackerProcess, ann: SessionClient, record_property: Record
) -> None:
    there, absent = [f"there-{n}" for n in range(4)], [f"never-{n}" for n in range(4)]
    for user in there:
        ann.call("create_user", user=user, password="secret123")
    seconds: dict[tuple[bool, str], list[float]] = {}
    sentences: dict[bool, set[str]] = {True: set(), False: set()}
    with ExitStack() as stack:
        client = stack.enter_context(SessionClient(tracker.address, "127.0.0.2"))
        for _ in range(60):
            for user in (name for pair in zip(there, absent, strict=True) for name in pair):
                before = time.monotonic()
                with pytest.raises(RefusedError) as refused:
                    client.login(user, "wrong")
                took = time.monotonic() - before
                seconds.setdefault((user in there, refused.value.code), []).append(took)
                sentences[user in there].add(re.sub(r"in \d.*", "in N", refused.value.message))
    assert sentences[True] == sentences[False]
    assert len(sentences[True]) == 2
    for code in ("bad_credentials", "too_many_attempts"):
        known, unknown = seconds[True, code], seconds[False, code]
        record_property(f"{code}_there", statistics.median(known))
        record_property(f"{code}_absent", statistics.median(unknown))
        assert len(known) == len(unknown) >= 40
        assert 0.5 < statistics.median(known) / statistics.median(unknown) < 2.0
