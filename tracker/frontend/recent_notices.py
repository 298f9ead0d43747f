"""The notices sent last, for logins that are committed but not known to the session server yet."""

from __future__ import annotations

from collections import deque

_MOST_NAMES = 100_000  # of recipients, some megabytes


class RecentNotices:
    """The last notices with their recipients' names: as many as `most` names allow."""

    def __init__(self, most: int = _MOST_NAMES) -> None:
        self._most = most
        self._kept: deque[tuple[int, frozenset[str], bytes]] = deque()
        self._names = 0
        self._forgotten = 0
        """The newest event of which a notice is no longer kept."""

    def add(self, event_id: int, users: frozenset[str], line: bytes) -> None:
        """Keep a notice of an event, newer than all before."""
        self._kept.append((event_id, users, line))
        self._names += len(users)
        while self._names > self._most:
            self._forgotten, former, _ = self._kept.popleft()
            self._names -= len(former)

    def of(self, user: str, since: int) -> list[bytes] | None:
        """Return a user's notices of the events after one; None if some are no longer kept."""
        if since < self._forgotten:
            return None
        return [line for number, users, line in self._kept if number > since and user in users]
