"""The state shared by the parts of the fake session."""

from __future__ import annotations

import threading
from fnmatch import fnmatchcase

from client.results.transfers import DownloadRow
from client.services.paging import USUAL_LIMIT
from common.errors import ErrorCode, MinitorrentError


class FakeState:
    """The login and the transfers of a fake session; `calls` lists the commands called."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.failure: Exception | None = None
        self.user: str | None = None
        self.group: str | None = None
        self.rows: list[DownloadRow] = []
        self.hash_steps = 3
        self.waits_for = threading.Event()
        self.waits_for.set()
        self.failed: list[str] = []
        self.taken: set[str] = set()  # names of accounts

    def called(self, *call: object) -> None:
        """Record a call, and raise `failure` if there is one."""
        self.calls.append(call)
        if self.failure is not None:
            raise self.failure

    def require(self) -> str:
        """Return the user; raises MinitorrentError(not_logged_in)."""
        if self.user is None:
            raise MinitorrentError(ErrorCode.NOT_LOGGED_IN, "Log in first: login USER PASSWORD.")
        return self.user


def unusual(pattern: str, limit: int) -> list[object]:
    """Return what is unusual in a call for a list."""
    return [*([pattern] if pattern else []), *([limit] if limit != USUAL_LIMIT else [])]


def fits(name: str, pattern: str) -> bool:
    """Return whether a name fits a pattern as the tracker reads patterns."""
    folded = pattern.casefold()
    if "*" in pattern or "?" in pattern:
        return fnmatchcase(name.casefold(), folded)
    return folded in name.casefold()
