"""The place that a window shows, in its address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.web.page.parts.address import MOST_CHARACTERS, Address

TABS = ("groups", "files")


@pytest.mark.parametrize(
    ("fragment", "address"),
    [
        ("", Address()),
        ("#", Address()),
        ("#tab=files&group=lab&filter=%2A.txt", Address("files", "lab", "*.txt")),
        ("#tab=files&state=paused", Address("files", state="paused")),
        ("#tab=elsewhere", Address()),
        ("#join=mt1abc", Address(invitation="mt1abc")),
        ("#scroll=3&tab=files", Address("files")),
        ("#group=%FF", Address()),
        ("#" + "&".join(["tab=files"] * 20), Address()),
        ("#tab=files&filter=" + "x" * MOST_CHARACTERS, Address()),
    ],
)
def test_a_fragment_is_read(fragment: str, address: Address) -> None:
    assert Address.parse(fragment, TABS) == address


@given(tab=st.sampled_from(TABS), group=st.none() | st.text(min_size=1), searched=st.text())
def test_an_address_survives(tab: str, group: str | None, searched: str) -> None:
    address = Address(tab, group, searched)
    fragment = address.encode()
    assert fragment.isascii()
    if len(fragment) <= MOST_CHARACTERS:
        assert Address.parse(fragment, TABS) == address


def test_an_invitation_is_not_kept() -> None:
    assert Address("groups", invitation="mt1secret").encode() == "#tab=groups"
