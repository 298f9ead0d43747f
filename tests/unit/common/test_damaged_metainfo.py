"""Metainfo that is damaged, malicious or arbitrary is refused with a reason."""

from __future__ import annotations

from typing import Any

import bencode2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ErrorCode, MinitorrentError
from common.geometry import KIB
from common.metainfo import (
    MAX_METAINFO_SIZE,
    parse,
)
from tests.unit.common.torrents import PIECE, changed, folder, hashes, refusal, single, torrent


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"i1e",
        b"d4:infoi1ee",
        b"de",
        b"l" * 100_000,
        b"d4:info" + b"l" * 3_000 + b"e" * 3_001,
        b"i" + b"9" * 5_000 + b"e",
        b"d4:infod6:lengthi1e4:name1:a12:piece lengthi016384e6:pieces0:ee",
        b"x" * (MAX_METAINFO_SIZE + 1),
    ],
)
def test_damaged_bytes(data: bytes) -> None:
    assert refusal(data).code is ErrorCode.USAGE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (torrent(single()) + b"x", "it has trailing bytes, from byte"),
        (torrent(single()) + b"\n\n", "it has trailing bytes, from byte"),
        (torrent(single())[:-1], "it ends too early"),
        (b"d4:infode1:ai1ee", "its keys are not sorted: 'a' follows 'info'"),
        (b"d4:infod4:name1:a4:name1:bee", "it has the duplicate key 'name'"),
        (b"d4:infod6:lengthi1e4:infoi1ee", "its keys are not sorted: 'info' follows 'length'"),
        (b"d4:infodee4:infodee", "it has trailing bytes, from byte 10 on"),
        (b"\xef\xbb\xbf" + torrent(single()), "there is no value at byte 0"),
        (b"<html>", "there is no value at byte 0"),
        (b"d4:info" + b"l" * 101, "it is nested deeper than 100 levels"),
        (b"d4:infol" + b"0:" * 1_000_000, "it contains more than 1000000 values"),
    ],
)
def test_errors_name_the_damage(data: bytes, reason: str) -> None:
    message = refusal(data).message
    assert message.startswith("This is not a metainfo (.torrent) file, or it is damaged: ")
    assert reason in message


def test_a_length_beside_files_is_reported() -> None:
    assert "both a length and a list of files" in refusal(torrent(folder(length=20))).message
    assert "empty list of files" in refusal(torrent(folder(files=[]))).message
    assert "damaged list of files" in refusal(torrent(folder(files=b"x"))).message


@pytest.mark.parametrize(
    "info",
    [
        single(length=None),
        single(length=-1),
        single(length=b"1"),
        single(length=2**80),
        single(piece_length=None),
        single(piece_length=0),
        single(piece_length=KIB - 1),
        single(piece_length=65 * KIB * KIB),
        single(pieces=None),
        single(pieces=b""),
        single(pieces=hashes(1)),
        single(pieces=hashes(3)),
        single(pieces=hashes(2)[:-1]),
        single(pieces=5),
        single(files=[{b"length": 1, b"path": [b"a"]}]),
        single(attr=b"l"),
        folder(files=[]),
        folder(files=5),
        folder(files=[5]),
        folder(files=[{b"length": 20}]),
        folder(files=[{b"length": 20, b"path": b"a"}]),
        folder(files=[{b"length": 20, b"path": []}]),
        folder(files=[{b"path": [b"a"]}]),
        folder(files=[{b"length": 20, b"path": [b"a"], b"symlink path": [b"b"]}]),
    ],
)
def test_damaged_info(info: dict[bytes, Any]) -> None:
    assert refusal(torrent(info)).code is ErrorCode.USAGE


def test_pure_version_two_is_refused() -> None:
    info = {b"file tree": {}, b"meta version": 2, b"name": b"a", b"piece length": PIECE}
    assert "version 2" in refusal(torrent(info)).message


@pytest.mark.parametrize(
    "info",
    [
        single(name=b"../x"),
        single(name=b"/etc/passwd"),
        single(name=b".."),
        single(name=b""),
        single(name=b"a\0b"),
        single(name=b"\xff"),
        single(name=b"x" * 256),
        single(name=b"CON"),
        folder(name=b".."),
        folder([b".."], [b"b"]),
        folder([b"d", b"..", b"..", b"x"], [b"b"]),
        folder([b""], [b"b"]),
        folder([b"/etc"], [b"b"]),
        folder([b"C:\\x"], [b"b"]),
        folder([b"a"], [b"A"]),
        folder([b"a"], [b"a"]),
        folder([b"a"], [b"a", b"b"]),
        folder([b"a\xff"], [b"b"]),
        folder([b"d"] * 64, [b"b"]),
    ],
)
def test_names_outside_the_folder(info: dict[bytes, Any]) -> None:
    assert refusal(torrent(info)).code is ErrorCode.INVALID_NAME


def test_names_must_be_text() -> None:
    assert refusal(torrent(single(name=5))).code is ErrorCode.USAGE
    assert refusal(torrent(single(name=None))).code is ErrorCode.USAGE
    assert refusal(torrent(folder(files=[{b"length": 20, b"path": [5]}]))).code is ErrorCode.USAGE


def parse_or_refuse(data: bytes) -> None:
    try:
        metainfo = parse(data)
    except MinitorrentError as error:
        assert error.code in (ErrorCode.USAGE, ErrorCode.INVALID_NAME)
        assert error.message
    else:
        assert metainfo.piece_count == metainfo.geometry.piece_count
        assert metainfo.info_bytes in data


@given(st.binary(max_size=200))
def test_random_bytes(data: bytes) -> None:
    parse_or_refuse(data)


@given(st.sampled_from([single(), folder()]), st.data())
def test_mutated_metainfo(info: dict[bytes, Any], data: st.DataObject) -> None:
    valid = torrent(info, announce=b"http://t", announce_list=[[b"http://t"]])
    start = data.draw(st.integers(0, len(valid)))
    end = data.draw(st.integers(start, min(len(valid), start + 8)))
    parse_or_refuse(valid[:start] + data.draw(st.binary(max_size=8)) + valid[end:])


VALUES = st.recursive(
    st.integers() | st.binary(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.binary(max_size=5), inner),
    max_leaves=8,
)
KEYS = ["length", "name", "piece_length", "pieces", "files", "private", "source", "attr", "path"]
KEYS += ["ssl-cert"]


@given(st.sampled_from([single(), folder()]), st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_arbitrary_values_under_any_key(info: dict[bytes, Any], changes: dict[str, Any]) -> None:
    parse_or_refuse(torrent(changed(dict(info), changes)))
    parse_or_refuse(torrent(folder(files=[{key.encode(): v for key, v in changes.items()}])))


@pytest.mark.parametrize("depth", [100, 900, 1_100, 50_000])
def test_deep_nesting(depth: int) -> None:
    nested = b"l" * depth + b"e" * depth
    parse_or_refuse(b"d4:info" + bencode2.bencode(single())[:-1] + b"1:z" + nested + b"ee")
