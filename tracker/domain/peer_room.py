"""How many peers a user may still have before they are counted again."""

from __future__ import annotations

from collections import OrderedDict

_SHARE = 8
"""Up to so many trackers may record peers of one user at once without exceeding the limit."""

_CAPACITY = 50_000  # users; the least recently used is forgotten


class PeerRoom:
    """Saves counting a user's peers whenever there is one more: that takes long for many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._room: OrderedDict[int, int] = OrderedDict()

    def take(self, user_id: int, grown: int) -> bool:
        """Return whether there is room for sure for so many more; otherwise they must be counted
        and given to `counted`.
        """
        room = self._room.pop(user_id, 0) - grown
        if room < 0:
            return False
        self._room[user_id] = room
        return True

    def counted(self, user_id: int, count: int) -> bool:
        """Take the number of a user's peers; return whether they are too many."""
        self._room[user_id] = max(0, self._most - count) // _SHARE
        self._room.move_to_end(user_id)
        if len(self._room) > _CAPACITY:
            self._room.popitem(last=False)
        return count > self._most
