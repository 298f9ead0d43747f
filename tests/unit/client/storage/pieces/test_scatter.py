from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from client.storage.pieces.scatter import cut, size_of


@given(st.data())
def test_cut_buffers_cover_the_same_bytes_in_order(data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(0, 5), max_size=6))
    buffers = [memoryview(bytearray(length)) for length in lengths]
    whole = size_of(buffers)
    size = data.draw(st.integers(0, whole))
    first, rest = cut(buffers, size)
    assert (size_of(first), size_of(rest)) == (size, whole - size)
    for number, buffer in enumerate([*first, *rest]):
        buffer[:] = bytes([number]) * len(buffer)
    written = b"".join(buffers)
    assert written == b"".join([*first, *rest])
    assert len(first) + len(rest) <= len(buffers) + 1
