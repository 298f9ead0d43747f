"""Which dial is next: no group, address or endpoint keeps the others waiting."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

from client.core.admission.party import network
from common.types import Endpoint


class Dialled(Protocol):
    """A dial: its endpoint, and the group whose turn it uses."""

    @property
    def endpoint(self) -> Endpoint:
        """Where to dial."""

    @property
    def group(self) -> Hashable:
        """What identifies the group."""


DialT = TypeVar("DialT", bound=Dialled)


class DialQueue(Generic[DialT]):
    """Waiting dials, and how many are in progress. Not thread-safe.

    Of `slots` dials at once, half may go to one address and half to one group, so that slow peers
    only delay their own group; up to `most_a_group` dials of a group may wait. Each endpoint has
    one dial at a time: Transmission hangs up on a second connection while it shakes hands on the
    first.
    """

    def __init__(self, slots: int, most_a_group: int) -> None:
        self._slots = slots
        self._share = max(1, slots // 2)
        self._most_a_group = most_a_group
        self._waiting: OrderedDict[Hashable, deque[DialT]] = OrderedDict()  # next turn first
        self._networks: Counter[str] = Counter()
        self._groups: Counter[Hashable] = Counter()
        self._endpoints: set[Endpoint] = set()

    def put(self, dial: DialT) -> bool:
        """Add a dial to the queue; return False when its group has too many waiting."""
        line = self._waiting.get(dial.group)
        if line is None:
            line = self._waiting[dial.group] = deque()
        elif len(line) >= self._most_a_group:
            return False
        line.append(dial)
        return True

    def take(self) -> DialT | None:
        """Return the next dial and count it as in progress; None while all must wait."""
        if len(self._endpoints) >= self._slots:
            return None
        for group in list(self._waiting):
            if self._groups[group] >= self._share:
                continue
            line = self._waiting[group]
            chosen = next((dial for dial in line if self._may_begin(dial)), None)
            if chosen is not None:
                line.remove(chosen)
                self._waiting.move_to_end(group)
                if not line:
                    del self._waiting[group]
                self._begin(chosen)
                return chosen
        return None

    def done(self, dial: DialT) -> None:
        """Record that a dial has ended."""
        self._endpoints.discard(dial.endpoint)
        self._networks -= Counter([network(dial.endpoint.host)])
        self._groups -= Counter([dial.group])

    def clear(self) -> None:
        """Drop all waiting dials."""
        self._waiting.clear()

    def _may_begin(self, dial: DialT) -> bool:
        where = network(dial.endpoint.host)
        return dial.endpoint not in self._endpoints and self._networks[where] < self._share

    def _begin(self, dial: DialT) -> None:
        self._endpoints.add(dial.endpoint)
        self._networks[network(dial.endpoint.host)] += 1
        self._groups[dial.group] += 1
