"""Which addresses of a client others may know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.types import Endpoint, PeerId
from tracker.domain.selection import Peer
from tracker.domain.whereabouts import decode, encode, may_add, others_for

OUTER, ELSEWHERE, IPV6 = "45.80.0.1", "45.80.0.2", "2a00:8080::1"
INSIDE = Endpoint("192.168.1.10", 6881)
ENDPOINTS = st.builds(Endpoint, st.ip_addresses().map(str), st.integers(0, 65535))


def peer(local: str = "", other_host: str = "", other_port: int = 0) -> Peer:
    return Peer(1, "ann", PeerId(b"a" * 20), OUTER, 6881, 0, local, other_host, other_port)


@given(st.lists(ENDPOINTS))
def test_addresses_are_stored_and_read(endpoints: list[Endpoint]) -> None:
    assert decode(encode(endpoints)) == endpoints


def test_neighbours_learn_local_addresses_and_others_do_not() -> None:
    ann = peer(encode([INSIDE]))
    assert others_for(ann, OUTER) == [INSIDE]
    assert others_for(ann, ELSEWHERE) == []
    assert others_for(ann, INSIDE.host) == []


def test_everybody_learns_the_address_of_the_other_family() -> None:
    ann = peer(encode([INSIDE]), IPV6, 1)
    assert others_for(ann, ELSEWHERE) == [Endpoint(IPV6, 1)]
    assert others_for(ann, OUTER) == [Endpoint(IPV6, 1), INSIDE]
    assert others_for(peer(), OUTER) == []


@pytest.mark.parametrize(
    ("address", "host", "may"),
    [
        (IPV6, OUTER, True),
        (OUTER, IPV6, True),
        (OUTER, ELSEWHERE, False),
        (IPV6, "2a00:8080::2", False),
        ("fd00::1", OUTER, False),
        ("::1", OUTER, False),
        (INSIDE.host, IPV6, False),
    ],
)
def test_addresses_that_may_be_added(address: str, host: str, may: bool) -> None:
    assert may_add(address, host) is may
