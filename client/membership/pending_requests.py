"""The number of requests to join that the user may decide on, as far as this client knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping

_LATE_SECONDS = 30.0
"""How long after a decision the notice of the request may arrive."""


class PendingRequests:
    """Requests by name where a notice or a list told it; of the others, only their number is known.

    The tracker's answers and its notices come from different threads: the answer to a decision may
    overtake the notice of the request. Other admins decide, too; earlier trackers don't tell, but a
    list does. Times are in seconds, on any steady clock.
    """

    def __init__(self) -> None:
        self._named: dict[str, set[str]] = {}  # users by group
        self._others = 0
        self._decided: dict[tuple[str, str], float] = {}  # group and user, and until when

    def count(self) -> int:
        """Return how many there are."""
        return self._others + sum(map(len, self._named.values()))

    def start(self, number: int) -> None:
        """Begin again with what a login tells."""
        self._named, self._decided, self._others = {}, {}, number

    def asked(self, group: str, user: str, now: float) -> None:
        """Take the notice that somebody asks to join."""
        if self._decided.pop((group, user), now) <= now:
            self._named.setdefault(group, set()).add(user)

    def decided(self, group: str, users: Collection[str], now: float) -> None:
        """Take the answer to the user's own decision."""
        self._decided = {key: until for key, until in self._decided.items() if until > now}
        named = self._named.get(group, set())
        for user in users:
            if user in named:
                named.remove(user)
            else:
                self._others = max(0, self._others - 1)
                self._decided[group, user] = now + _LATE_SECONDS

    def decided_elsewhere(self, group: str, user: str) -> None:
        """Take the notice of another admin's decision; that of the request came before it."""
        named = self._named.get(group, set())
        if user in named:
            named.remove(user)
        else:
            self._others = max(0, self._others - 1)

    def listed(self, group: str, users: Collection[str]) -> None:
        """Take a group's whole list of requests."""
        named = self._named.get(group, set())
        self._others = max(0, self._others - len(set(users) - named))
        self._named[group] = set(users)

    def counted(self, numbers: Mapping[str, int]) -> None:
        """Take the numbers of requests of all groups that have some."""
        self._named = {
            group: users
            for group, users in self._named.items()
            if len(users) <= numbers.get(group, 0)
        }
        named = sum(map(len, self._named.values()))
        self._others = sum(numbers.values()) - named
