"""Magnet links that are pasted at the prompt as they were found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.commands.language.parsing import parse
from client.commands.language.pasted_links import in_one_line
from client.commands.language.words import split
from client.commands.registry import COMMANDS
from common import magnet
from common.errors import MinitorrentError
from common.types import InfoHash

HASH = InfoHash(bytes(range(20)))
XT = f"magnet:?xt=urn:btih:{HASH.hex()}"


@pytest.mark.parametrize(
    ("pasted", "name"),
    [
        (XT, None),
        (f"<{XT}>", None),
        (f"<{XT}>.", None),
        (f"< {XT}&dn=a b c >", "a b c"),
        (f"<{XT}&dn=a\nb>", "ab"),
        (f"{XT}&dn=Bob's", "Bob's"),
        (f"{XT}&dn=a b c", "a b c"),
        (f"{XT}&dn=a b&tr=http://x/ c&xl=3", "a b"),
        (f"magnet:?dn=two words&xt=urn:btih:{HASH.hex()}", "two words"),
        (f"{XT[:30]}\n{XT[30:]}&dn=x", "x"),
        (f"{XT[:30]}\n{XT[30:]}", None),
        (f"{XT}&dn=a#b", "a#b"),
        (f'"{XT}&dn=a b"', "a b"),
        (f"'{XT}&dn=a b'", "a b"),
    ],
)
def test_a_link_before_a_destination(pasted: str, name: str | None) -> None:
    for line in (f"get {pasted} /tmp", f"get --resume {pasted} '/tmp'"):
        invocation = parse(line, COMMANDS)
        assert invocation is not None
        arguments = invocation.arguments
        assert arguments.text("DEST") == "/tmp"
        link = magnet.parse(arguments.text("METAINFO_OR_MAGNET"))
        assert (link.info_hash, link.name) == (HASH, name)


def test_links_are_words_in_any_line() -> None:
    words = split(f"get <{XT}&dn=a b> one <magnet:?open two").words
    assert [word.text for word in words] == [
        "get",
        f"<{XT}&dn=a b>",
        "one",
        "<magnet:?open",
        "two",
    ]


def test_other_words_in_brackets_are_as_before() -> None:
    assert [word.text for word in split("get <a b> magnetic").words] == [
        *("get", "<a", "b>", "magnetic")
    ]
    with pytest.raises(MinitorrentError, match="Too many arguments"):
        parse("get a b c", COMMANDS)


def test_a_link_alone_is_no_command() -> None:
    with pytest.raises(MinitorrentError, match="type: get LINK"):
        parse(XT, COMMANDS)


@pytest.mark.parametrize(
    ("before", "text", "mended"),
    [
        ("", f"get <{XT[:30]}\r\n  {XT[30:]}> /tmp\nwhoami", f"get <{XT}> /tmp\nwhoami"),
        ("get ", f"<{XT}&dn=a\n.b>\n", f"<{XT}&dn=a.b>\n"),
        ("get <", f"{XT}&dn=a\nb> /tmp\nls", f"{XT}&dn=ab> /tmp\nls"),
        ("login <", "a\nb>", "a\nb>"),
        ("get <magnet:?", "xt=a\nb", "xt=ab"),
        ("get ", f"{XT[:30]}\n{XT[30:]} /tmp\nls", f"{XT} /tmp\nls"),
        ("get ", f"{XT}\n&dn=x&tr=http%3A\n%2F%2Fx /tmp", f"{XT}&dn=x&tr=http%3A%2F%2Fx /tmp"),
        ("get ", f"{XT}&tr=a\nb%20c&xl=3\nwhoami", f"{XT}&tr=ab%20c&xl=3\nwhoami"),
        ("", f"get {XT} /tmp\nlogin ann\nsecret%20x", f"get {XT} /tmp\nlogin ann\nsecret%20x"),
        ("", f"get {XT}\nwhoami\n", f"get {XT}\nwhoami\n"),
        ("", "login ann\nsecret\nls <a\nb>", "login ann\nsecret\nls <a\nb>"),
    ],
)
def test_line_breaks_in_pasted_links_end_no_line(before: str, text: str, mended: str) -> None:
    assert in_one_line(before, text) == mended


@given(st.text(), st.text())
def test_text_without_links_stays_as_it_is(before: str, text: str) -> None:
    assert in_one_line(before.replace("<", ""), text) == text
