from __future__ import annotations

from pathlib import Path

from tests.unit.client.state.states import ClientState


def test_settings_belong_to_a_user_and_survive(tmp_path: Path) -> None:
    path = tmp_path / "client.sqlite"
    with ClientState(path) as state:
        assert state.settings.get("ann", "group") is None
        state.settings.set("ann", "group", "lab")
        state.settings.set("ann", "group", "studio")
        state.settings.set("bob", "group", "lab")
        state.settings.set("", "peer", "x")
    with ClientState(path) as state:
        assert state.settings.get("ann", "group") == "studio"
        assert state.settings.get("bob", "group") == "lab"
        assert state.settings.get("", "peer") == "x"
        state.settings.set("ann", "group", None)
        state.settings.set("ann", "group", None)
        assert state.settings.get("ann", "group") is None
        assert state.settings.get("bob", "group") == "lab"
