"""Where a tracker listens, and what it tells clients."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from common.types import Endpoint
from tracker.config import Config
from tracker.frontend.listeners import CannotListenError, Listeners, open_listeners

FOREIGN = "203.0.113.7"
"""An address for documents (RFC 5737), which no machine has."""

Open = Callable[[Endpoint, Endpoint | None], Listeners]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open listeners for an address and options; they are closed at the end."""
    with ExitStack() as stack:

        def begin(address: Endpoint, listen: Endpoint | None) -> Listeners:
            config = Config(
                number=1,
                address=address,
                http_port=0,
                database="",
                data_dir=Path(),
                log_level="info",
                log_format="text",
                min_password=0,
                listen=listen,
            )
            listeners = open_listeners(config)
            stack.callback(listeners.close)
            return listeners

        yield begin


def test_clients_get_the_public_address_and_the_bound_ports(opened: Open) -> None:
    listeners = opened(Endpoint(FOREIGN, 0), Endpoint("127.0.0.1", 0))
    assert listeners.http is not None
    assert listeners.address == Endpoint(FOREIGN, listeners.session.getsockname()[1])
    assert listeners.http_address == Endpoint(FOREIGN, listeners.http.getsockname()[1])
    for listener in (listeners.session, listeners.http):
        socket.create_connection(listener.getsockname(), 5).close()


def test_no_answer_waits_for_the_client_to_acknowledge_its_first_part(opened: Open) -> None:
    listeners = opened(Endpoint("127.0.0.1", 0), None)
    assert listeners.http is not None
    with (
        socket.create_connection(listeners.http.getsockname(), 5),
        listeners.http.accept()[0] as it,
    ):
        assert it.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_public_port_may_differ_from_the_bound_one(opened: Open) -> None:
    listeners = opened(Endpoint(FOREIGN, 7400), Endpoint("127.0.0.1", 0))
    assert listeners.address == Endpoint(FOREIGN, 7400)
    assert listeners.where().host == "127.0.0.1"
    assert listeners.where().port != 7400


def test_all_addresses_are_those_of_both_kinds(opened: Open) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    listeners = opened(Endpoint("::1", 0), Endpoint("::", 0))
    for host in ("127.0.0.1", "::1"):
        socket.create_connection((host, listeners.address.port), 5).close()


@pytest.mark.parametrize(
    ("host", "advice"),
    [(FOREIGN, "0.0.0.0"), ("2001:db8::1", "::"), ("fe80::1%nowhere", "::")],
)
def test_an_address_of_no_interface_is_refused_with_advice(
    opened: Open, host: str, advice: str
) -> None:
    with pytest.raises(CannotListenError) as refused:
        opened(Endpoint(host, 7400), None)
    assert str(refused.value).endswith(f"add --listen {advice}")
    with pytest.raises(CannotListenError) as refused:
        opened(Endpoint("127.0.0.1", 0), Endpoint(FOREIGN, 0))
    assert str(refused.value).endswith("--listen 0.0.0.0 accepts clients at all of its addresses")


def test_a_port_in_use_is_reported(opened: Open) -> None:
    first = opened(Endpoint("127.0.0.1", 0), None)
    with pytest.raises(CannotListenError, match="Address already in use"):
        opened(first.address, None)


def test_a_name_that_only_this_machine_resolves_to_loopback_is_reported(
    opened: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    opened(Endpoint("localhost", 0), None)
    assert capsys.readouterr().out == ""
    opened(Endpoint("0x7f.1", 0), None)  # every resolver takes this for 127.0.0.1
    assert "only this machine can connect" in capsys.readouterr().out
