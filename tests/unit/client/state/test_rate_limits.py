from __future__ import annotations

from pathlib import Path

from client.state.rate_limits import WHOLE_CLIENT, LimitScope, RateLimitStore, Rates
from tests.unit.client.state.states import ClientState

FILM = LimitScope("ann", "lab", "film.mkv")


def test_limits_survive_until_lifted(tmp_path: Path) -> None:
    path = tmp_path / "client.sqlite"
    with ClientState(path) as state:
        store = RateLimitStore(state.database)
        assert store.all() == {}
        store.set(WHOLE_CLIENT, Rates(up=500))
        store.set(FILM, Rates(up=1))
        store.set(FILM, Rates(up=1, down=1 << 60))
    with ClientState(path) as state:
        store = RateLimitStore(state.database)
        assert store.all() == {WHOLE_CLIENT: Rates(500, 0), FILM: Rates(1, 1 << 60)}
        store.set(FILM, Rates())
        store.set(FILM, Rates())
        assert store.all() == {WHOLE_CLIENT: Rates(500, 0)}
