"""Whose turn it is to pass something on: groups take turns, their members, and those's streams."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

StreamT = TypeVar("StreamT")


class Turns(Generic[StreamT]):
    """Streams that wait for their turn: however many one group or member has, others don't wait
    longer for it. Not thread-safe.
    """

    def __init__(self) -> None:
        self._groups: OrderedDict[Hashable, OrderedDict[Hashable, deque[StreamT]]] = OrderedDict()

    def __bool__(self) -> bool:
        return bool(self._groups)

    def put(self, group: Hashable, member: Hashable, stream: StreamT) -> None:
        """Have a stream of a group's member wait."""
        members = self._groups.setdefault(group, OrderedDict())
        members.setdefault(member, deque()).append(stream)

    def take(self) -> StreamT:
        """Remove and return the next stream; raises LookupError if none waits."""
        group = next(iter(self._groups), None)
        if group is None:
            raise LookupError
        members = self._groups[group]
        member = next(iter(members))
        streams = members[member]
        stream = streams.popleft()
        _next(members, member, is_over=not streams)
        _next(self._groups, group, is_over=not members)
        return stream


def _next(waiting: OrderedDict[Hashable, StreamT], first: Hashable, *, is_over: bool) -> None:
    """Put the first one behind the others, or remove it."""
    if is_over:
        del waiting[first]
    else:
        waiting.move_to_end(first)
