"""Metainfo of any tool, adapted to a group: what changes, and what must stay."""

from __future__ import annotations

from typing import Any

import bencode2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ErrorCode, MinitorrentError
from common.geometry import KIB
from common.group_metainfo import MAX_SOURCE_SIZE, AdaptedMetainfo, adapt
from common.metainfo import FileEntry, encode, parse

PIECE = 16 * KIB
SOURCE = "minitorrent:7"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n"

SINGLE: dict[bytes, Any] = {
    b"length": 20_000,
    b"name": b"film.mkv",
    b"piece length": PIECE,
    b"pieces": b"\1" * 40,
}
PADDED: dict[bytes, Any] = {
    b"files": [
        {b"length": 20_000, b"path": [b"one"]},
        {b"attr": b"p", b"length": 12_768, b"path": [b".pad", b"12768"]},
        {b"length": 5, b"path": [b"d", b"two"]},
    ],
    b"name": b"album",
    b"piece length": PIECE,
    b"pieces": b"\2" * 60,
}
VERSION_2: dict[bytes, Any] = {
    b"file tree": {b"one": {b"": {b"length": 20_000, b"pieces root": b"\3" * 32}}},
    b"meta version": 2,
}


def torrent(info: dict[bytes, Any], others: dict[bytes, Any] | None = None) -> bytes:
    return bencode2.bencode({b"info": info, **(others or {})})


def adapted(data: bytes, authority: str | None = None) -> AdaptedMetainfo:
    return adapt(data, source=SOURCE, authority=authority)


def refusal(data: bytes) -> MinitorrentError:
    with pytest.raises(MinitorrentError) as caught:
        adapted(data)
    assert caught.value.message.isprintable()
    return caught.value


def test_it_becomes_private_and_the_groups() -> None:
    result = adapted(torrent(SINGLE))
    assert bencode2.bdecode(result.described.info_bytes) == {
        **SINGLE,
        b"private": 1,
        b"source": SOURCE.encode(),
    }
    assert result.changes == ("marked private", "assigned to the group")
    assert result.is_new_hash


def test_a_sealed_groups_certificate_is_added_and_another_ones_replaced() -> None:
    result = adapted(torrent(SINGLE), CERTIFICATE)
    assert result.described.authority == CERTIFICATE
    assert result.changes[-1] == "sealed with the group's certificate"
    other = adapted(torrent({**SINGLE, b"ssl-cert": b"other"}), CERTIFICATE)
    assert other.described == result.described
    assert other.changes == result.changes


def test_a_certificate_is_removed_for_an_open_group() -> None:
    result = adapted(torrent({**SINGLE, b"ssl-cert": b"other"}))
    assert result.described == adapted(torrent(SINGLE)).described
    assert result.changes[-1] == "stripped of another group's certificate"


def test_another_trackers_source_is_replaced() -> None:
    result = adapted(torrent({**SINGLE, b"private": 1, b"source": b"OTHER"}))
    assert result.described.source == SOURCE
    assert result.changes == ("assigned to the group",)


def test_of_a_hybrid_version_1_is_taken_with_its_padding() -> None:
    layers = {b"piece layers": {b"\3" * 32: b"\4" * 64}}
    result = adapted(torrent({**PADDED, **VERSION_2}, layers))
    assert result.described == adapted(torrent(PADDED)).described
    assert result.changes[-1] == "reduced to its version 1"
    described = result.described
    assert described.pieces == PADDED[b"pieces"]
    assert described.files == (
        FileEntry(("one",), 20_000),
        FileEntry((), 12_768, is_padding=True),
        FileEntry(("d", "two"), 5),
    )
    assert (described.length, described.size) == (32_773, 20_005)


def test_version_2_alone_is_refused() -> None:
    only = {b"name": b"film.mkv", b"piece length": PIECE, **VERSION_2}
    error = refusal(torrent(only))
    assert error.code is ErrorCode.USAGE
    assert "only version 2" in error.message


@pytest.mark.parametrize(
    ("others", "text"),
    [
        ({b"announce": b"http://a"}, "trackers"),
        ({b"announce-list": [[b"http://a"]], b"announce": 5}, "trackers"),
        ({b"url-list": b"http://a", b"httpseeds": []}, "web seeds"),
        ({b"nodes": [[b"a", 1]], b"comment": b"c"}, "comment and DHT nodes"),
        (
            {b"announce": b"", b"nodes": [], b"url-list": []},
            "trackers, DHT nodes and web seeds",
        ),
        ({b"created by": b"me", b"creation date": 7, b"x": {}}, None),
    ],
)
def test_what_is_beside_info_is_left_out(others: dict[bytes, Any], text: str | None) -> None:
    plain = adapted(torrent(SINGLE))
    result = adapted(torrent(SINGLE, others))
    assert result.described == plain.described
    stripped = () if text is None else (f"stripped of its {text}",)
    assert result.changes == (*plain.changes, *stripped)


def test_other_keys_stay_as_they_are() -> None:
    unknown = {b"md5sum": b"x", b"\xff": [1, {b"": [-5]}], b"name.utf-8": b"film.mkv"}
    result = adapted(torrent({**SINGLE, **unknown}))
    kept = bencode2.bdecode(result.described.info_bytes)
    assert {key: kept[key] for key in unknown} == unknown


def test_adapting_again_changes_nothing() -> None:
    first = adapted(torrent({**PADDED, **VERSION_2}), CERTIFICATE)
    again = adapted(encode(first.described.info_bytes), CERTIFICATE)
    assert again == AdaptedMetainfo(first.described, (), is_new_hash=False)


def test_a_large_version_2_doesnt_count() -> None:
    layers = {b"piece layers": {b"\3" * 32: bytes(7_000_000)}}
    assert adapted(torrent({**SINGLE, **VERSION_2}, layers)).described.size == 20_000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<html>", "not a metainfo"),
        (torrent(SINGLE)[:-1], "ends too early"),
        (b"de", "no readable info dictionary"),
        (bytes(MAX_SOURCE_SIZE + 1), "is larger than"),
        (torrent({**SINGLE, b"x": bytes(7_000_000)}), "is larger than"),
        (torrent({**SINGLE, b"pieces": b"\1" * 20}), "one hash for each piece"),
        (torrent({**SINGLE, b"name": b"a/b"}), "a/b"),
        (torrent({**PADDED, b"files": [{b"length": 1, b"path": [b".."]}]}), ".."),
    ],
)
def test_bad_metainfo_is_refused(data: bytes, reason: str) -> None:
    assert reason in refusal(data).message


@given(st.binary(max_size=200) | st.sampled_from([torrent(SINGLE), torrent(PADDED)]), st.data())
def test_no_input_raises_anything_else(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, max(0, len(data) - 1)))
    damaged = data[:at] + draw.draw(st.binary(max_size=3)) + data[at + 1 :]
    try:
        result = adapted(damaged)
    except MinitorrentError:
        return
    assert result.described.private
    assert parse(encode(result.described.info_bytes)) == result.described
