"""Results about settings and limits."""

from __future__ import annotations

from pydantic import Field

from client.results.base import Result


class LimitRow(Result):
    """Limits in bytes a second, 0 for none; of the whole client when no transfer is named."""

    group: str | None
    name: str | None
    up: int
    down: int


class LimitsResult(Result):
    """The client's limits first, then those of transfers with their own."""

    limits: list[LimitRow]


class SettingsRow(Result):
    """All settings, by name; see client.core.settings. Limits are bytes a second, 0 for none."""

    download_folder: str
    listen: str
    port_mapping: str
    active: int
    limit_down: int
    limit_up: int
    language: str
    hidden_notices: tuple[str, ...]


class SettingsResult(Result):
    """The settings. Text shows all of them, or the one called `name`, which may have changed.

    `listening` is where this client accepts peers now; `listen` is for its next start.
    """

    settings: SettingsRow
    name: str | None = Field(default=None, exclude=True)
    is_changed: bool = Field(default=False, exclude=True)
    listening: str = Field(default="", exclude=True)
