"""Magnet links that are pasted at the prompt as they were found."""

from __future__ import annotations

import pytest

from client.commands.parsing import parse, split
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
