"""How a rendezvous came about, by who has dialled."""

from __future__ import annotations

from client.core.admission.route import Route, met


def test_routes() -> None:
    assert met(asker_dialled=True, target_dialled=False) is Route.DIRECT
    assert met(asker_dialled=False, target_dialled=True) is Route.CALLED
    assert met(asker_dialled=True, target_dialled=True) is Route.PUNCHED
