"""What trackers in the test's process have in common."""

from __future__ import annotations

import pytest
from passlib.hash import argon2


@pytest.fixture
def cheap_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords hashed in no time: how costly a hash is, is tested with the credentials."""
    cheap = argon2.using(type="ID", memory_cost=8, time_cost=1, parallelism=1)
    monkeypatch.setattr("tracker.domain.credentials._ARGON2", cheap)
