"""Reading bencoded bytes (BEP 3) value by value, building only what is asked for.

What comes from others may be small and unfold to a lot: a decoder that builds everything pays for
every two bytes with an object. A Reader passes over what nobody asks for without keeping it, and
holds the interpreter for one value at a time, not for all of them as a decoder in C does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

MAX_DIGITS = 100
"""Of an integer; 64 bits are written with 20."""

Scalar: TypeAlias = bytes | int | None
"""A string or an integer; None stands for a list or a dictionary where neither is wanted."""

_LENGTH = re.compile(rb"(0|[1-9][0-9]{0,9}):")
_INTEGER = re.compile(rb"i(0|-?[1-9][0-9]{0,%d})e" % (MAX_DIGITS - 1))
_DICTIONARY, _LIST, _END, _NUMBER = b"dlei"


class BencodeError(ValueError):
    """The bytes are not what they should be; the text says what is wrong with "it"."""


class Reader:
    """Reads one value after another from the beginning of `data`, by the strict rules of BEP 3.

    Whatever breaks these raises BencodeError, and so do more than `max_values` values (keys
    count) and more than `max_depth` lists and dictionaries inside each other.
    """

    def __init__(self, data: bytes, *, max_values: int, max_depth: int) -> None:
        self.position = 0
        """Where the next value begins."""
        self._data = data
        self._max_values = self._values = max_values
        self._max_depth = self._depth = max_depth

    def is_at_list(self) -> bool:
        """Whether the next value is a list."""
        return self._next() == _LIST

    def is_at_dictionary(self) -> bool:
        """Whether the next value is a dictionary."""
        return self._next() == _DICTIONARY

    def dictionary(self) -> Iterator[bytes]:
        """The keys of the dictionary that is next; after each, read or skip its value."""
        self._enter(_DICTIONARY)
        last: bytes | None = None
        while self._stays_inside():
            key = self._string()
            _check_order(last, key)
            last = key
            yield key

    def items(self) -> Iterator[None]:
        """The places of the list that is next; at each, read or skip the item."""
        self._enter(_LIST)
        while self._stays_inside():
            yield

    def scalar(self) -> Scalar:
        """The string or integer that is next; a list or a dictionary is skipped, and None."""
        kind = self._next()
        if kind in (_LIST, _DICTIONARY):
            self.skip()
            return None
        if kind != _NUMBER:
            return self._string()
        match = _INTEGER.match(self._data, self.position)
        if match is None:
            raise self._unexpected(self.position)
        self._count(1)
        self.position = match.end()
        return int(match[1])

    def skip(self) -> bytes:
        """Pass over the value that is next; its bytes, as they are."""
        start = self.position
        self._pass_over()
        return self.since(start)

    def since(self, start: int) -> bytes:
        """The bytes from the position `start` to here."""
        return self._data[start : self.position]

    def _next(self) -> int:
        return self._data[self.position] if self.position < len(self._data) else -1

    def _enter(self, kind: int) -> None:
        if self._next() != kind:
            raise self._unexpected(self.position)
        self._count(1)
        self._descend(1)
        self.position += 1

    def _stays_inside(self) -> bool:
        """Whether a list or dictionary goes on; at its end, pass over that."""
        if self._next() != _END:
            return True
        self._descend(-1)
        self.position += 1
        return False

    def _string(self) -> bytes:
        match = _LENGTH.match(self._data, self.position)
        if match is None:
            raise self._unexpected(self.position)
        self._count(1)
        start = match.end()
        self.position = start + int(match[1])
        if self.position > len(self._data):
            raise _too_short()
        return self._data[start : self.position]

    def _pass_over(self) -> None:
        """One loop without calls: millions of values may pass here."""
        data, position, end = self._data, self.position, len(self._data)
        values, depth = self._values, self._depth
        keys: list[bytes | None] = []  # the last one of each open dictionary
        kinds: list[int] = []  # of all that is open
        wants_key = False
        while values >= 0 and depth >= 0:
            kind = data[position] if position < end else -1
            if kind == _END and (wants_key or (kinds and kinds[-1] == _LIST)):
                position += 1
                depth += 1
                if kinds.pop() == _DICTIONARY:
                    keys.pop()
            elif match := _LENGTH.match(data, position):
                values -= 1
                start, position = match.end(), match.end() + int(match[1])
                if position > end:
                    raise _too_short()
                if wants_key:
                    wants_key = False
                    last, keys[-1] = keys[-1], data[start:position]
                    _check_order(last, data[start:position])
                    continue
            elif not wants_key and kind in (_LIST, _DICTIONARY):
                values, depth, position = values - 1, depth - 1, position + 1
                kinds.append(kind)
                if wants_key := kind == _DICTIONARY:
                    keys.append(None)
                continue
            elif not wants_key and (match := _INTEGER.match(data, position)):
                values, position = values - 1, match.end()
            else:
                raise self._unexpected(position)
            if not kinds:
                break
            wants_key = kinds[-1] == _DICTIONARY
        self._count(self._values - values)
        self._descend(self._depth - depth)
        self.position = position

    def _count(self, values: int) -> None:
        self._values -= values
        if self._values < 0:
            raise BencodeError(f"it holds more than {self._max_values} values")

    def _descend(self, levels: int) -> None:
        self._depth -= levels
        if self._depth < 0:
            raise BencodeError(f"it nests deeper than {self._max_depth} levels")

    def _unexpected(self, position: int) -> BencodeError:
        if position >= len(self._data):
            return _too_short()
        return BencodeError(f"there is no value at byte {position}")


def _too_short() -> BencodeError:
    return BencodeError("it ends too early")


def _check_order(last: bytes | None, key: bytes) -> None:
    if last is None or last < key:
        return
    if last == key:
        raise BencodeError(f"it has the duplicate key {_shown(key)}")
    raise BencodeError(f"its keys are not sorted: {_shown(key)} comes after {_shown(last)}")


def _shown(key: bytes) -> str:
    return repr(key[:40])[1:]
