"""Passwords that take no time to hash: what a real hash costs is tested with the credentials."""

from __future__ import annotations

from tracker.domain.credentials import PasswordCost

CHEAP = PasswordCost(memory=8, passes=1)
