"""A set of pieces."""

from __future__ import annotations

from collections.abc import Iterator

_SET_BITS = tuple(tuple(bit for bit in range(8) if value & (0x80 >> bit)) for value in range(256))
"""For each value of a byte the positions of its set bits, the high bit first (BEP 3)."""

_OUTSIDE = "there is no piece {} among {}"


class Bitfield:
    """A set of piece numbers below `size`, kept as the bytes that BEP 3 sends.

    Methods that take a piece number raise IndexError when it isn't below `size`.
    """

    __slots__ = ("_bits", "_count", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self._bits = bytearray((size + 7) // 8)
        self._count = 0

    @classmethod
    def full(cls, size: int) -> Bitfield:
        """Return the set of all pieces."""
        bitfield = cls(size)
        bitfield._bits[:] = b"\xff" * len(bitfield._bits)
        if size % 8:
            bitfield._bits[-1] = 0xFF00 >> size % 8 & 0xFF
        bitfield._count = size
        return bitfield

    @classmethod
    def from_bytes(cls, data: bytes | bytearray, size: int) -> Bitfield:
        """Parse the bytes of a peer's message or of a stored record.

        Raises ValueError if the length is wrong or a spare bit is set.
        """
        bitfield = cls(size)
        if len(data) != len(bitfield._bits):
            raise ValueError(f"a bitfield of {len(data)} bytes can't be one of {size} pieces")
        if size % 8 and data[-1] & (0xFF >> size % 8):
            raise ValueError("a spare bit of the bitfield is set")
        bitfield._bits[:] = data
        bitfield._count = int.from_bytes(data, "big").bit_count()
        return bitfield

    def to_bytes(self) -> bytes:
        """Return the payload of the bitfield message (BEP 3)."""
        return bytes(self._bits)

    def copy(self) -> Bitfield:
        """Return an independent copy."""
        return Bitfield.from_bytes(self._bits, self.size)

    @property
    def count(self) -> int:
        """Number of pieces in the set, in constant time."""
        return self._count

    @property
    def complete(self) -> bool:
        """Whether no piece is missing."""
        return self._count == self.size

    def __getitem__(self, index: int) -> bool:
        if 0 <= index < self.size:
            return self._bits[index >> 3] & 0x80 >> (index & 7) != 0
        raise IndexError(_OUTSIDE.format(index, self.size))

    def add(self, index: int) -> bool:
        """Add a piece; returns False if it is present already."""
        if not 0 <= index < self.size:
            raise IndexError(_OUTSIDE.format(index, self.size))
        bits, byte, mask = self._bits, index >> 3, 0x80 >> (index & 7)
        if bits[byte] & mask:
            return False
        bits[byte] |= mask
        self._count += 1
        return True

    def discard(self, index: int) -> None:
        """Remove a piece; does nothing if it is absent."""
        if self[index]:
            self._bits[index >> 3] ^= 0x80 >> (index & 7)
            self._count -= 1

    def is_disjoint(self, other: Bitfield) -> bool:
        """Return whether no piece is in both sets, which must be of the same size."""
        return not int.from_bytes(self._bits, "big") & int.from_bytes(other._bits, "big")

    def __iter__(self) -> Iterator[int]:
        """Yield the pieces in the set, in order."""
        for start, value in zip(range(0, self.size, 8), self._bits, strict=True):
            for bit in _SET_BITS[value]:
                yield start + bit

    def missing(self) -> Iterator[int]:
        """Yield the pieces not in the set, in order."""
        for start, value in zip(range(0, self.size, 8), self._bits, strict=True):
            for bit in _SET_BITS[value ^ 0xFF]:
                if start + bit < self.size:
                    yield start + bit

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bitfield):
            return NotImplemented
        return self.size == other.size and self._bits == other._bits
