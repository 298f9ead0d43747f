"""Settings as the shell sees them."""

from __future__ import annotations

from pathlib import Path

from client.core import settings
from client.results.settings import SettingsResult, SettingsRow
from tests.support.fakes.services.state import FakeState


class FakeSettings:
    """`client.services.settings.SettingsService` without a client."""

    def __init__(self, state: FakeState) -> None:
        self._state = state
        self.download_folder = Path("/home/ann/Downloads")
        self.row = SettingsRow(
            download_folder=str(self.download_folder),
            listen="127.0.0.1:6001",
            port_mapping="on",
            active=5,
            limit_down=0,
            limit_up=512_000,
            language="auto",
            hidden_notices=(),
        )

    @property
    def language(self) -> str:
        return self.row.language

    def list(self, name: str | None = None) -> SettingsResult:
        self._state.called("settings", *([] if name is None else [name]))
        return SettingsResult(settings=self.row, name=name, listening="127.0.0.1:6001")

    def set(self, name: str, typed: str) -> SettingsResult:
        self._state.called("settings", name, typed)
        value = settings.find(name).parse(typed)
        self.row = self.row.model_copy(update={name: value})
        return SettingsResult(
            settings=self.row, name=name, is_changed=True, listening="127.0.0.1:6001"
        )

    def shows(self, kind: str) -> bool:
        return kind not in self.row.hidden_notices
