"""Metainfo: parsed, built, and read back."""

from __future__ import annotations

import hashlib
from typing import Any

import bencode2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ErrorCode, MinitorrentError
from common.geometry import KIB, Geometry
from common.metainfo import (
    FileEntry,
    Metainfo,
    build_info,
    encode,
    parse,
)
from common.types import PieceIndex
from tests.unit.common.torrents import PIECE, changed, folder, hashes, refusal, single, torrent


def test_single_file() -> None:
    info = single(private=1, source=b"minitorrent:7", unknown=[1, {b"ssl": b"\xff"}])
    metainfo = parse(torrent(info, announce=b"http://t/announce"))
    assert metainfo.info_bytes == bencode2.bencode(info)
    assert metainfo.info_hash == hashlib.sha1(bencode2.bencode(info)).digest()
    assert metainfo.name == "file.bin"
    assert metainfo.files == (FileEntry(("file.bin",), 20_000),)
    assert not metainfo.is_folder
    assert metainfo.private
    assert metainfo.source == "minitorrent:7"
    assert metainfo.length == 20_000
    assert metainfo.geometry == Geometry(20_000, PIECE)
    assert metainfo.piece_count == 2
    assert metainfo.piece_hash(PieceIndex(1)) == hashes(2)[20:]


def test_folder() -> None:
    metainfo = parse(torrent(folder()))
    assert metainfo.is_folder
    assert metainfo.files == (FileEntry(("a",), 10), FileEntry(("d", "b"), 10))
    assert metainfo.length == 20
    assert not metainfo.private
    assert metainfo.source is None


def test_empty_content() -> None:
    metainfo = parse(torrent(single(length=0, pieces=b"")))
    assert (metainfo.length, metainfo.piece_count) == (0, 0)


def test_folder_of_empty_files() -> None:
    entries = [{b"length": 0, b"path": [b"a"]}, {b"length": 0, b"path": [b"b"]}]
    assert parse(torrent(folder(files=entries, pieces=b""))).length == 0


def test_the_version_one_part_of_a_hybrid_is_used() -> None:
    info = changed(single(), {"meta_version": 2})
    info[b"file tree"] = {b"file.bin": {b"": {b"length": 20_000}}}
    assert parse(torrent(info)).length == 20_000


def test_a_source_that_is_not_text_is_ignored() -> None:
    assert parse(torrent(single(source=5))).source is None
    assert parse(torrent(single(source=b"\xff"))).source == "\ufffd"


def test_the_authority_of_sealed_content() -> None:
    sealed = parse(torrent(changed(single(), {"ssl-cert": b"a certificate\n"})))
    assert sealed.authority == "a certificate\n"
    assert sealed.info_hash != parse(torrent(single())).info_hash
    assert parse(torrent(single())).authority is None
    assert parse(torrent(changed(single(), {"ssl-cert": 5}))).authority is None


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_trailing_line_end_is_accepted(end: bytes) -> None:
    data = torrent(single())
    assert parse(data + end) == parse(data)
    assert parse(data + end).info_hash == parse(data).info_hash


@pytest.mark.parametrize(
    "others",
    [
        {"creation_date": -1},
        {"creation date": b"yesterday", "comment": [1, {}], "encoding": 5, "nodes": [[b"x", 1]]},
        {"announce": 5, "announce-list": b"http://a"},
        {"announce": b"", "announce-list": [[], [[]], [5], [{}], 7, {}, [b"\xff"], [b"a\x07b"]]},
        {"url-list": b"http://seed/", "httpseeds": [b"x"], "unknown": {b"": {b"": []}}},
    ],
)
def test_extra_fields_beside_info_are_accepted(others: dict[str, Any]) -> None:
    root = {b"info": single(), **{key.encode(): value for key, value in others.items()}}
    metainfo = parse(bencode2.bencode(root))
    assert metainfo.info_hash == parse(torrent(single())).info_hash


def test_extra_fields_inside_info_are_accepted() -> None:
    entry = {b"ed2k": b"x", b"length": 20, b"md5sum": b"0" * 32, b"mtime": -5, b"path": [b"a"]}
    info = folder(files=[entry], md5sum=5, publisher=b"me", unknown=[[[{}]]])
    assert parse(torrent(info)).files == (FileEntry(("a",), 20),)


def test_leading_empty_components_are_skipped() -> None:
    metainfo = parse(torrent(folder([b"", b"d", b"", b"a"], [b"", b"b"])))
    assert metainfo.files == (FileEntry(("d", "a"), 10), FileEntry(("b",), 10))
    assert refusal(torrent(folder([b"d", b""]))).code is ErrorCode.INVALID_NAME
    assert refusal(torrent(folder([b"", b"a"], [b"a"]))).code is ErrorCode.INVALID_NAME


def test_a_name_in_another_encoding_has_a_utf_8_variant() -> None:
    named = changed(single(name=b"\xcc\xec"), {"name.utf-8": "天".encode()})
    assert parse(torrent(named)).name == "天"
    entry = {b"length": 20, b"path": [b"\xcc", b"\xec"], b"path.utf-8": [b"d", "天".encode()]}
    assert parse(torrent(folder(files=[entry]))).files == (FileEntry(("d", "天"), 20),)
    entry[b"path"] = [b"d", b"a"]
    assert parse(torrent(folder(files=[entry]))).files == (FileEntry(("d", "a"), 20),)
    entry[b"path"] = [b"\xcc", b"\xec"]
    entry[b"path.utf-8"] = [b"..", b"x"]
    assert refusal(torrent(folder(files=[entry]))).code is ErrorCode.INVALID_NAME
    entry[b"path.utf-8"] = [b"\xff"]
    assert refusal(torrent(folder(files=[entry]))).code is ErrorCode.INVALID_NAME
    entry[b"path.utf-8"] = b"x"
    assert refusal(torrent(folder(files=[entry]))).code is ErrorCode.INVALID_NAME


def test_a_utf_8_name_takes_precedence() -> None:
    """Despite the other key: clients that don't know that key must read the same name."""
    named = changed(single(name=b"a"), {"name.utf-8": b"b"})
    assert parse(torrent(named)).name == "a"


def test_announce_addresses_are_written_in_tiers() -> None:
    info = bencode2.bencode(single())
    one = bencode2.bdecode(encode(info, [["http://a"], []]))
    assert one == {b"announce": b"http://a", b"info": single()}
    two = bencode2.bdecode(encode(info, [["http://a", "http://b"], ["udp://c"]]))
    assert two[b"announce"] == b"http://a"
    assert two[b"announce-list"] == [[b"http://a", b"http://b"], [b"udp://c"]]
    assert parse(encode(info, [["http://a"]])).info_bytes == info


def test_path_lengths_include_the_folder() -> None:
    long = [b"x" * 250] * 15 + [b"y" * 200]
    assert parse(torrent(folder(long, name=b"n" * 100)))
    for path, name in ((long, b"n" * 200), ([b"d"] * 63 + [b"a"], b"n")):
        assert refusal(torrent(folder(path, name=name))).code is ErrorCode.INVALID_NAME
    assert "more than 64 parts" in refusal(torrent(folder([b"d"] * 65))).message


def test_attributes_of_plain_files_are_ignored() -> None:
    entries = [{b"attr": b"xh", b"length": 20, b"path": [b"run"]}]
    assert parse(torrent(folder(files=entries))).length == 20
    entries[0][b"attr"] = 5
    assert parse(torrent(folder(files=entries))).length == 20


NAMES = st.from_regex(r"[a-z][a-z0-9é ]{0,8}[a-z]", fullmatch=True)


@st.composite
def contents(draw: st.DrawFn) -> Metainfo:
    piece_length = draw(st.sampled_from([KIB, PIECE, 3_000]))
    is_folder = draw(st.booleans())
    name = draw(NAMES)
    paths = draw(st.sets(NAMES, min_size=1, max_size=4)) if is_folder else {name}
    files = [
        FileEntry(("sub", path) if is_folder else (path,), draw(st.integers(0, 5_000)))
        for path in sorted(paths)
    ]
    total = sum(file.length for file in files)
    pieces = hashes(-(-total // piece_length))
    source = draw(st.none() | st.text(st.characters(codec="utf-8")))
    authority = draw(st.none() | st.text(st.characters(codec="utf-8")))
    info = build_info(
        name,
        files,
        piece_length,
        pieces,
        source=source,
        is_folder=is_folder,
        authority=authority,
    )
    trackers = draw(st.lists(st.lists(st.just("http://t/announce"), max_size=2), max_size=2))
    metainfo = parse(encode(info, trackers))
    assert metainfo.info_bytes == info
    assert metainfo.name == name
    assert metainfo.files == tuple(files)
    assert metainfo.is_folder is is_folder
    assert metainfo.private
    assert metainfo.source == source
    assert metainfo.authority == authority
    assert metainfo.pieces == pieces
    return metainfo


@given(contents())
def test_built_metainfo_parses_back(metainfo: Metainfo) -> None:
    again = build_info(
        metainfo.name,
        metainfo.files,
        metainfo.piece_length,
        metainfo.pieces,
        source=metainfo.source,
        is_folder=metainfo.is_folder,
        authority=metainfo.authority,
    )
    assert again == metainfo.info_bytes


@pytest.mark.parametrize("name", ["..", "a\udc80", ""])
def test_build_refuses_bad_names(name: str) -> None:
    with pytest.raises(MinitorrentError) as caught:
        build_info(name, [FileEntry((name,), 0)], PIECE, b"", source=None, is_folder=False)
    assert caught.value.code is ErrorCode.INVALID_NAME
    with pytest.raises(MinitorrentError) as caught:
        build_info("f", [FileEntry((name,), 0)], PIECE, b"", source=None, is_folder=True)
    assert caught.value.code is ErrorCode.INVALID_NAME


def test_build_refuses_the_wrong_number_of_hashes() -> None:
    with pytest.raises(MinitorrentError):
        build_info("f", [FileEntry(("f",), 1)], PIECE, b"", source=None, is_folder=False)


# --- attributes and padding (BEP 47) ----------------------------------------------------------
def test_attributes_of_files() -> None:
    entries = [
        {b"attr": b"xh", b"length": 5, b"mtime": 1_700_000_000, b"path": [b"run"]},
        {b"attr": 5, b"length": 5, b"mtime": -1, b"path": [b"odd"]},
        {b"length": 5, b"mtime": 10**30, b"path": [b"late"]},
        {b"length": 5, b"mtime": b"now", b"path": [b"text"]},
    ]
    files = parse(torrent(folder(files=entries))).files
    assert files == (
        FileEntry(("run",), 5, executable=True, mtime=1_700_000_000),
        FileEntry(("odd",), 5),
        FileEntry(("late",), 5),
        FileEntry(("text",), 5),
    )
    (file,) = parse(torrent(single(attr=b"x", mtime=0))).files
    assert (file.executable, file.mtime) == (True, 0)


@pytest.mark.parametrize("is_folder", [False, True])
def test_attributes_are_built_and_read_back(is_folder: bool) -> None:
    files = [FileEntry(("stuff",), 10, executable=True, mtime=1_700_000_000)]
    info = build_info("stuff", files, PIECE, hashes(1), source=None, is_folder=is_folder)
    assert parse(encode(info)).files == tuple(files)
    plain = build_info(
        "stuff", [FileEntry(("stuff",), 10)], PIECE, hashes(1), source=None, is_folder=is_folder
    )
    assert b"attr" not in plain
    assert b"mtime" not in plain


def padded(*, path: object = (b".pad", b"90")) -> dict[bytes, Any]:
    pad = {b"attr": b"p", b"length": 90, b"path": list(path) if isinstance(path, tuple) else path}
    entries = [
        {b"length": 10, b"path": [b"a"]},
        {key: value for key, value in pad.items() if value is not None},
        {b"length": 10, b"path": [b"b"]},
        {key: value for key, value in pad.items() if value is not None},
    ]
    return folder(files=entries)


@pytest.mark.parametrize("path", [(b".pad", b"90"), None, (b"..", b"\xff"), 7])
def test_padding_has_no_path_and_does_not_count(path: object) -> None:
    metainfo = parse(torrent(padded(path=path)))
    pad = FileEntry((), 90, is_padding=True)
    assert metainfo.files == (FileEntry(("a",), 10), pad, FileEntry(("b",), 10), pad)
    assert metainfo.padding == {1, 3}
    assert (metainfo.length, metainfo.size) == (200, 20)
    assert metainfo.geometry.length == 200


def test_padding_alone_is_empty() -> None:
    pad = {b"attr": b"p", b"length": 90, b"path": [b".pad", b"90"]}
    for info in (folder(files=[pad]), single(attr=b"p")):
        assert refusal(torrent(info)).code is ErrorCode.USAGE


def test_files_are_listed() -> None:
    described = parse(torrent(padded()))
    a, b = FileEntry(("a",), 10, mtime=7), FileEntry(("b",), 10, executable=True)
    assert described.has_files([b, a], is_folder=True)
    assert not described.has_files([a, b], is_folder=False)
    assert not described.has_files([a], is_folder=True)
    assert not described.has_files([a, FileEntry(("b",), 11)], is_folder=True)
