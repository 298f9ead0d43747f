"""The order in which a peer's addresses are tried."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from client.core.admission.address_order import MOST, in_order
from common.addresses import is_ipv6, is_local
from common.types import Endpoint

MAIN = Endpoint("45.80.0.1", 6881)
IPV6 = Endpoint("2a00:8080::1", 6881)
NEAR = Endpoint("192.168.1.10", 6881)
FAR = Endpoint("10.8.0.1", 6881)
INSIDE_IPV6 = Endpoint("fd00::1", 6881)
OURS = ["192.168.1.11"]

HOSTS = st.ip_addresses().map(str) | st.sampled_from([NEAR.host, FAR.host, INSIDE_IPV6.host])
ENDPOINTS = st.builds(Endpoint, HOSTS, st.integers(1, 65535))


def test_local_ones_come_first_then_ipv6_then_ipv4() -> None:
    assert in_order(MAIN, [FAR, IPV6, NEAR], OURS) == [NEAR, FAR, IPV6, MAIN]
    assert in_order(IPV6, [MAIN], []) == [IPV6, MAIN]
    assert in_order(MAIN, [INSIDE_IPV6], OURS) == [INSIDE_IPV6, MAIN]
    assert in_order(MAIN, [], OURS) == [MAIN]


@given(ENDPOINTS, st.lists(ENDPOINTS, max_size=10), st.lists(HOSTS, max_size=3))
def test_the_order(main: Endpoint, others: list[Endpoint], ours: list[str]) -> None:
    found = in_order(main, others, ours)
    assert main in found
    assert set(found) <= {main, *others}
    assert len(found) == len(set(found)) == min(MOST, len({main, *others}))
    ranks = [0 if is_local(one.host) else 1 if is_ipv6(one.host) else 2 for one in found]
    if len({main, *others}) <= MOST:  # otherwise the main one may be last
        assert ranks == sorted(ranks)


@given(ENDPOINTS, st.lists(ENDPOINTS, max_size=10), st.lists(HOSTS, max_size=3))
def test_more_of_the_same_changes_nothing(
    main: Endpoint, others: list[Endpoint], ours: list[str]
) -> None:
    assert in_order(main, [*others, *others, main], ours) == in_order(main, others, ours)
