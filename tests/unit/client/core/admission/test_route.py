"""How a connection came about, by who has dialled."""

from __future__ import annotations

from client.core.admission.route import Route, dialled, met


def test_a_mapped_port_is_dialled_from_outside_over_ipv4() -> None:
    assert dialled("45.80.0.7", is_mapped=True) is Route.MAPPED
    assert dialled("45.80.0.7", is_mapped=False) is Route.DIRECT
    assert dialled("192.168.1.7", is_mapped=True) is Route.DIRECT  # inside
    assert dialled("2a00:8080::7", is_mapped=True) is Route.DIRECT


def test_routes_of_a_rendezvous() -> None:
    assert met(asker_dialled=True, target_dialled=False) is Route.DIRECT
    assert met(asker_dialled=False, target_dialled=True) is Route.CALLED
    assert met(asker_dialled=True, target_dialled=True) is Route.PUNCHED
