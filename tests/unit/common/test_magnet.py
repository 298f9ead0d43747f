"""Magnet links, ours and others'."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import magnet
from common.errors import ErrorCode, MinitorrentError
from common.magnet import Magnet
from common.types import Endpoint, InfoHash

HASH = InfoHash(bytes(range(0, 200, 10)))
XT = f"xt=urn:btih:{HASH.hex()}"
TRACKER = "http://10.0.0.1:7401/announce/se-cr_et"

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
MAGNETS = st.builds(
    Magnet,
    st.binary(min_size=20, max_size=20).map(InfoHash),
    st.none() | TEXTS,
    st.lists(TEXTS).map(tuple),
    st.lists(
        st.builds(Endpoint, st.sampled_from(["10.0.0.1", "::1", "host"]), st.integers(1, 65535)),
        max_size=magnet.MAX_PEERS,
    ).map(tuple),
)


@given(MAGNETS)
def test_round_trip(link: Magnet) -> None:
    text = link.encode()
    assert magnet.parse(text) == link
    assert text.isascii()
    assert not any(c.isspace() or c in "'\"\\#<>" for c in text)


def test_links_are_written_as_expected() -> None:
    assert Magnet(HASH, "two wörds & more", (TRACKER,), (Endpoint("::1", 5),)).encode() == (
        f"magnet:?{XT}&dn=two%20w%C3%B6rds%20%26%20more"
        "&tr=http%3A%2F%2F10.0.0.1%3A7401%2Fannounce%2Fse-cr_et&x.pe=[::1]:5"
    )
    assert Magnet(HASH).encode() == f"magnet:?{XT}"


def test_a_name_that_is_not_text_is_written() -> None:
    assert Magnet(HASH, "\udcff").encode().endswith("&dn=%ED%B3%BF")


@pytest.mark.parametrize(
    "text",
    [
        f"magnet:?{XT}",
        f"MAGNET:?{XT.replace('xt', 'XT')}",
        f"magnet:?xt=urn:btih:{HASH.hex().upper()}",
        f"magnet:?xt=URN:BTIH:{HASH.hex()}",
        f"magnet:?xt=urn%3Abtih%3A{HASH.hex()}",
        f"magnet:?xt=urn:btih:{base64.b32encode(HASH).decode()}",
        f"magnet:?xt=urn:btih:{base64.b32encode(HASH).decode().lower()}",
        f"magnet:?xt.1=urn:btih:{HASH.hex()}&xt.2=urn:btmh:1220{'ab' * 32}",
        f"magnet:?{XT}&{XT}&xl=17&so=0,2&=&x",
        f"magnet:?xt=urn:sha1:whatever&{XT}",
    ],
)
def test_equivalent_links(text: str) -> None:
    assert magnet.parse(text) == Magnet(HASH)


def test_links_of_other_programs() -> None:
    text = f"magnet:?dn=two+words&{XT}&tr=http://a/announce&tr.1=udp%3A%2F%2Fb%3A1&ws=http://c"
    assert magnet.parse(text) == Magnet(HASH, "two words", ("http://a/announce", "udp://b:1"))


def test_damaged_peers_are_skipped_and_the_list_is_bounded() -> None:
    damaged = "&x.pe=nonsense&x.pe=10.0.0.1:0&x.pe=10.0.0.1:99999&x.pe=10.0.0.1"
    link = magnet.parse(f"magnet:?{XT}{damaged}&x.pe=10.0.0.2:7&x.pe=[fe80::1]:8")
    assert link.peers == (Endpoint("10.0.0.2", 7), Endpoint("fe80::1", 8))
    crowd = "".join(f"&x.pe=10.0.0.1:{port}" for port in range(1, 100))
    assert len(magnet.parse(f"magnet:?{XT}{crowd}").peers) == magnet.MAX_PEERS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not valid"),
        ("film.torrent", "is not valid"),
        (f"magnet:?{XT}&dn={'x' * magnet.MAX_LENGTH}", "too long"),
        ("magnet:", "names no torrent"),
        ("magnet:?dn=film", "names no torrent"),
        ("magnet:?xt=urn:sha1:abc", "names no torrent"),
        (f"magnet:?xt=urn:btmh:1220{'ab' * 32}", "version 2"),
        (f"magnet:?{XT}&xt=urn:btih:{bytes(20).hex()}", "several"),
        ("magnet:?xt=urn:btih:", "damaged"),
        (f"magnet:?{XT[:-1]}", "damaged"),
        (f"magnet:?{XT[:-1]}g", "damaged"),
        ("magnet:?xt=urn:btih:" + "1" * 32, "damaged"),
        ("magnet:?xt=urn:btih:" + "A" * 31 + "=", "damaged"),
        ("magnet:?xt=urn:btih:" + "é" * 32, "damaged"),
        ("magnet:?xt=urn:btih:" + "ab " * 13 + "c", "damaged"),
    ],
)
def test_invalid_input_is_refused(text: str, words: str) -> None:
    with pytest.raises(MinitorrentError, match=words) as refused:
        magnet.parse(text)
    assert refused.value.code is ErrorCode.USAGE


@given(st.text() | st.text().map(lambda text: f"magnet:?{XT}&{text}"))
def test_any_text_is_a_link_or_is_refused(text: str) -> None:
    try:
        link = magnet.parse(text)
    except MinitorrentError as error:
        assert error.code is ErrorCode.USAGE
    else:
        assert len(link.info_hash) == 20


def test_magnet_links_are_recognised() -> None:
    assert magnet.is_magnet("magnet:nonsense")
    assert magnet.is_magnet("Magnet:?")
    assert not magnet.is_magnet("magnet.torrent")


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "  {} \t",
        "<{}>",
        "<{}>.",
        "< {} >,",
        '"{}"',
        "'{}';",
        "“{}”",
        "({})!",
        "[{}]",
        "`{}`",
        "\u200b{}\ufeff\u00a0",
        "{}\r\n",
    ],
)
def test_a_pasted_link_may_be_surrounded(around: str) -> None:
    link = Magnet(HASH, "Film (2020)", (TRACKER,), (Endpoint("::1", 5),))
    for text in (link.encode(), f"magnet:?{XT}&tr={TRACKER}&x.pe=[::1]:5&dn=Film (2020)"):
        assert magnet.is_magnet(around.format(text))
        assert magnet.parse(around.format(text)) == link


@pytest.mark.parametrize(
    "text",
    [
        f"magnet://?{XT}&dn=a b",
        f"magnet:/?{XT}&dn=a b",
        f"magnet:?{XT}&amp;dn=a b",
        f"magnet:?{XT}\\&dn=a\\ b",
        f"magnet:?{XT}&dn=a b\n",
        f"magnet:?{XT[:20]}\r\n  {XT[20:]}&\ndn=a b",
        f"magnet:?{XT[:20]} {XT[20:]}&dn=a b",
    ],
)
def test_a_pasted_link_may_be_wrapped_or_escaped(text: str) -> None:
    assert magnet.parse(text) == Magnet(HASH, "a b")


@given(MAGNETS, st.text(" \t\n<\"'", max_size=4), st.text(" \t\n<>\"'.,;!?", max_size=4))
def test_surroundings_never_change_a_link(link: Magnet, before: str, after: str) -> None:
    assert magnet.parse(f"{before}{link.encode()}{after}") == link
