"""Read bencoded bytes (BEP 3) value by value, building only what the caller asks for.

Input from other parties may be small and still expand to a lot: a decoder that builds everything
allocates an object for every two bytes. A Reader skips unwanted values without keeping them, and
holds the interpreter lock for one value at a time instead of for the whole input as a C decoder
does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

MAX_DIGITS = 100
"""Digits of an integer; 64-bit numbers need 20."""

Scalar: TypeAlias = bytes | int | None
"""A string or an integer; None stands for a list or a dictionary where neither is wanted."""

_LENGTH = re.compile(rb"(0|[1-9][0-9]{0,9}):")
_INTEGER = re.compile(rb"i(0|-?[1-9][0-9]{0,%d})e" % (MAX_DIGITS - 1))
_DICTIONARY, _LIST, _END, _NUMBER = b"dlei"


class BencodeError(ValueError):
    """The bytes are not valid; the message completes a sentence about "it"."""


class Reader:
    """Reads the values of `data` one after another, by the strict rules of BEP 3.

    Raises BencodeError when the data breaks these rules, holds more than `max_values` values (keys
    count), or nests lists and dictionaries deeper than `max_depth`.
    """

    def __init__(self, data: bytes, *, max_values: int, max_depth: int) -> None:
        self.position = 0
        """Where the next value begins."""
        self._data = data
        self._max_values = self._values = max_values
        self._max_depth = self._depth = max_depth

    def is_at_list(self) -> bool:
        """Return whether the next value is a list."""
        return self._next() == _LIST

    def is_at_dictionary(self) -> bool:
        """Return whether the next value is a dictionary."""
        return self._next() == _DICTIONARY

    def dictionary(self) -> Iterator[bytes]:
        """Yield the keys of the next value, a dictionary; after each, read or skip its value."""
        self._enter(_DICTIONARY)
        last: bytes | None = None
        while self._stays_inside():
            key = self._string()
            _check_order(last, key)
            last = key
            yield key

    def items(self) -> Iterator[None]:
        """Yield once for each item of the next value, a list; each time, read or skip the item."""
        self._enter(_LIST)
        while self._stays_inside():
            yield

    def scalar(self) -> Scalar:
        """Return the next string or integer; skip a list or dictionary and return None."""
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
        """Skip the next value and return its bytes."""
        start = self.position
        self._pass_over()
        return self.since(start)

    def since(self, start: int) -> bytes:
        """Return the bytes from position `start` up to here."""
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
        """Return whether the list or dictionary has another element; consume its end if not."""
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
        """Skip one value in a single loop without calls: the input may hold millions of values."""
        data, position, end = self._data, self.position, len(self._data)
        values, depth = self._values, self._depth
        keys: list[bytes | None] = []  # last key of each open dictionary
        kinds: list[int] = []  # kinds of the open containers
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
            raise BencodeError(f"it contains more than {self._max_values} values")

    def _descend(self, levels: int) -> None:
        self._depth -= levels
        if self._depth < 0:
            raise BencodeError(f"it is nested deeper than {self._max_depth} levels")

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
    raise BencodeError(f"its keys are not sorted: {_shown(key)} follows {_shown(last)}")


def _shown(key: bytes) -> str:
    return repr(key[:40])[1:]
