from __future__ import annotations

from typing import Any

import bencode2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.bencoding import BencodeError, Reader

VALUES = st.recursive(
    st.integers(-(2**63), 2**63) | st.binary(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=3), inner),
    max_leaves=12,
)


def reader(data: bytes, max_values: int = 1000, max_depth: int = 100) -> Reader:
    return Reader(data, max_values=max_values, max_depth=max_depth)


def build(source: Reader) -> Any:
    """Everything, as a decoder would."""
    if source.is_at_list():
        return [build(source) for _ in source.items()]
    if source.is_at_dictionary():
        return {key: build(source) for key in source.dictionary()}
    return source.scalar()


def skip(data: bytes, **limits: int) -> bytes:
    return reader(data, **limits).skip()


def read(data: bytes, **limits: int) -> Any:
    return build(reader(data, **limits))


@given(VALUES, st.binary(max_size=3))
def test_values_are_read_and_skipped(value: Any, rest: bytes) -> None:
    data = bencode2.bencode(value)
    source = reader(data + rest)
    assert build(source) == value
    assert source.position == len(data)
    source = reader(data + rest)
    assert source.skip() == data
    assert source.position == len(data)


def agrees(data: bytes) -> None:
    """Both ways of reading accept the same bytes, and a decoder in C agrees."""
    accepted = []
    for way in (skip, read):
        try:
            way(data)
            accepted.append(True)
        except BencodeError as error:
            assert str(error).isprintable()
            accepted.append(False)
    assert accepted[0] == accepted[1]
    if accepted[0]:
        bencode2.bdecode(skip(data))
    else:
        with pytest.raises(ValueError, match=r"."):
            bencode2.bdecode(data)


@given(st.binary(max_size=40))
def test_arbitrary_bytes(data: bytes) -> None:
    agrees(data)


@given(st.lists(st.sampled_from([b"d", b"l", b"e", b"i1e", b"1:a", b"1:b", b"0:", b"i"])))
def test_arbitrary_values_in_any_order(parts: list[bytes]) -> None:
    agrees(b"".join(parts))


@given(VALUES, st.data())
def test_mutated_values(value: Any, data: st.DataObject) -> None:
    valid = bencode2.bencode(value)
    start = data.draw(st.integers(0, len(valid)))
    end = data.draw(st.integers(start, min(len(valid), start + 4)))
    agrees(valid[:start] + data.draw(st.binary(max_size=4)) + valid[end:])


@pytest.mark.parametrize("way", [skip, read])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it ends too early"),
        (b"d", "it ends too early"),
        (b"l", "it ends too early"),
        (b"li1e", "it ends too early"),
        (b"d1:a", "it ends too early"),
        (b"3:ab", "it ends too early"),
        (b"d3:ab", "it ends too early"),
        (b"9999999999:ab", "it ends too early"),
        (b"e", "there is no value at byte 0"),
        (b"x", "there is no value at byte 0"),
        (b"d1:ae", "there is no value at byte 4"),
        (b"di1ei1ee", "there is no value at byte 1"),
        (b"dlei1ee", "there is no value at byte 1"),
        (b"lxe", "there is no value at byte 1"),
        (b"01:a", "there is no value at byte 0"),
        (b"99999999999:a", "there is no value at byte 0"),
        (b"i01e", "there is no value at byte 0"),
        (b"i-0e", "there is no value at byte 0"),
        (b"ie", "there is no value at byte 0"),
        (b"i1_0e", "there is no value at byte 0"),
        (b"i" + b"9" * 101 + b"e", "there is no value at byte 0"),
        (b"d1:bi1e1:ai2ee", "its keys are not sorted: 'a' follows 'b'"),
        (b"d1:ai1e1:ai2ee", "it has the duplicate key 'a'"),
        (b"d2:\n\xffi1e1:\0i2ee", "its keys are not sorted: '\\x00' follows '\\n\\xff'"),
    ],
)
def test_errors_name_the_fault(way: Any, data: bytes, reason: str) -> None:
    with pytest.raises(BencodeError) as caught:
        way(data)
    assert str(caught.value) == reason


@pytest.mark.parametrize("way", [skip, read])
@pytest.mark.parametrize(
    ("data", "values", "depth"),
    [
        (b"i1e", 1, 0),
        (b"le", 1, 1),
        (b"li1ei2ei3ee", 4, 1),
        (b"d1:ai1e1:bi1ee", 5, 1),
        (b"lllee1:aldeeee", 6, 3),
        (b"d0:d0:0:ee", 5, 2),
    ],
)
def test_values_and_levels_are_counted(way: Any, data: bytes, values: int, depth: int) -> None:
    way(data, max_values=values, max_depth=depth)
    with pytest.raises(BencodeError, match=f"more than {values - 1} values"):
        way(data, max_values=values - 1, max_depth=depth)
    if depth:
        with pytest.raises(BencodeError, match=f"deeper than {depth - 1} levels"):
            way(data, max_values=values, max_depth=depth - 1)


def test_non_scalars_are_skipped() -> None:
    source = reader(b"li1ee3:abcd1:xlee")
    assert source.scalar() is None
    assert source.scalar() == b"abc"
    assert source.scalar() is None
    assert source.since(5) == b"3:abcd1:xlee"


def test_only_a_dictionary_has_keys_and_a_list_items() -> None:
    with pytest.raises(BencodeError):
        next(reader(b"le").dictionary())
    with pytest.raises(BencodeError):
        next(reader(b"de").items())


@pytest.mark.parametrize("unit", [b"l", b"d1:a", b"d0:"])
def test_bytes_with_too_many_values_are_refused_early(unit: bytes) -> None:
    with pytest.raises(BencodeError, match="deeper"):
        skip(unit * 1_000_000)
