"""Passwords are hashed a few at a time, and no wait is endless."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from common.errors import ErrorCode, MinitorrentError
from tests.support.security.passwords import CHEAP
from tracker.services.accounts.hashing import PasswordHasher


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    hasher = PasswordHasher(CHEAP, patience=0.05)
    yield hasher
    hasher.close()


def test_a_password_matches_its_hash_and_no_account_matches_any(hasher: PasswordHasher) -> None:
    stored = hasher.hash("10.0.0.1", "secret123", known=False)
    assert hasher.check("10.0.0.1", "secret123", stored, known=True)
    assert not hasher.check("10.0.0.1", "secret124", stored, known=True)
    assert not hasher.check("10.0.0.1", "secret123", None, known=True)


def test_a_login_that_waits_too_long_for_its_turn_gets_busy(hasher: PasswordHasher) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def work() -> bool:
        begun.release()
        return go_on.wait(10)

    threads = [
        threading.Thread(target=hasher.run, args=("10.0.0.1", work), kwargs={"known": False})
        for _ in range(2)
    ]
    try:
        for thread in threads:
            thread.start()
            assert begun.acquire(timeout=10)
        with pytest.raises(MinitorrentError) as raised:
            hasher.hash("10.0.0.2", "secret123", known=False)
        assert raised.value.code is ErrorCode.BUSY
    finally:
        go_on.set()
        for thread in threads:
            thread.join(10)
    assert hasher.hash("10.0.0.2", "secret123", known=False)
