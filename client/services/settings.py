"""The settings of a session: what the command `settings` shows and changes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from client.config import ClientConfig
from client.core import settings
from client.core.bandwidth.throttle import Direction
from client.core.settings import Setting, ValueT
from client.net.peers.listener import check_address
from client.profiles import Profile, read_profile, write_profile
from client.results.settings import SettingsResult, SettingsRow
from client.state.settings import Settings
from client.storage.paths.download_folder import chosen_folder, usual_folder
from client.transfers.download_scheduler import DownloadScheduler, choose_places
from client.transfers.rate_limits import RateLimits
from common.errors import MinitorrentError
from common.types import Endpoint


def port_mapping(store: Settings) -> str:
    """Return whether the router may be asked to map the port: on or off."""
    stored = store.get("", settings.PORT_MAPPING.name)
    return stored if stored in settings.SWITCH else "on"


@dataclass(frozen=True)
class _Applied(Generic[ValueT]):
    """How a setting is read and changed while the client runs."""

    setting: Setting[ValueT]
    get: Callable[[], ValueT]
    set: Callable[[ValueT], object]


class SettingsService:
    """The settings of a client; see Session for the rules of all its methods.

    They are the same for all users. `listen` is kept with the profile, the others in `store`.
    """

    def __init__(
        self,
        config: ClientConfig,
        store: Settings,
        rate_limits: RateLimits,
        scheduler: DownloadScheduler,
    ) -> None:
        self._config = config
        self._store = store
        self._rate_limits = rate_limits
        self._scheduler = scheduler
        self._hidden = frozenset(self._hidden_notices())
        self._all: dict[str, _Applied[Any]] = {one.setting.name: one for one in self._applied()}

    def _applied(self) -> tuple[_Applied[Any], ...]:
        return (
            _Applied(settings.DOWNLOAD_FOLDER, self._folder, self._set_folder),
            _Applied(settings.LISTEN, self._listen, self._set_listen),
            _Applied(settings.PORT_MAPPING, self._port_mapping, self._set_port_mapping),
            _Applied(settings.ACTIVE, lambda: self._scheduler.places, self._set_active),
            _Applied(settings.LIMIT_DOWN, *self._limit("down")),
            _Applied(settings.LIMIT_UP, *self._limit("up")),
            _Applied(settings.LANGUAGE, self._language, self._set_language),
            _Applied(settings.HIDDEN_NOTICES, self._hidden_notices, self._hide_notices),
        )

    def list(self, name: str | None = None) -> SettingsResult:
        """Return all settings; with a name, text shows only that one."""
        return self._result(name, is_changed=False)

    def set(self, name: str, typed: str) -> SettingsResult:
        """Change a setting to what was typed, for later runs too."""
        setting = settings.find(name)
        self._all[name].set(setting.parse(typed))
        return self._result(name, is_changed=True)

    @property
    def download_folder(self) -> Path:
        """Where downloads go unless the user names a place; it may have been removed."""
        return Path(self._folder())

    @property
    def language(self) -> str:
        """The language of the page, one of client.core.settings.LANGUAGES."""
        return self._language()

    def shows(self, kind: str) -> bool:
        """Return whether notices of this kind are shown at the prompt and in scripts."""
        return kind not in self._hidden

    def _result(self, name: str | None, *, is_changed: bool) -> SettingsResult:
        if name is not None:
            settings.find(name)
        values = {key: one.get() for key, one in self._all.items()}
        return SettingsResult(
            settings=SettingsRow.model_validate(values),
            name=name,
            is_changed=is_changed,
            listening=str(self._config.listen),
        )

    # --- each setting -----------------------------------------------------------------------
    def _folder(self) -> str:
        return self._stored(settings.DOWNLOAD_FOLDER) or str(usual_folder())

    def _set_folder(self, typed: str) -> None:
        self._keep(settings.DOWNLOAD_FOLDER, str(chosen_folder(typed)))

    def _listen(self) -> str:
        profile = read_profile(self._config.data_dir)
        return str(self._config.listen if profile is None else profile.listen)

    def _set_listen(self, address: str) -> None:
        listen = Endpoint.parse(address)
        if listen != self._config.listen:
            check_address(listen)
        profile = read_profile(self._config.data_dir)
        trackers = self._config.trackers if profile is None else profile.trackers
        write_profile(self._config.data_dir, Profile(listen, trackers))

    def _port_mapping(self) -> str:
        return port_mapping(self._store)

    def _set_port_mapping(self, switch: str) -> None:
        self._keep(settings.PORT_MAPPING, switch)

    def _set_active(self, places: int) -> None:
        choose_places(self._store, places)
        self._scheduler.places = places

    def _limit(self, direction: Direction) -> tuple[Callable[[], int], Callable[[int], None]]:
        def get() -> int:
            limit: int = getattr(self._rate_limits.rates(None), direction)
            return limit

        return get, lambda rate: self._rate_limits.set(None, direction, rate)

    def _language(self) -> str:
        stored = self._stored(settings.LANGUAGE)
        return stored if stored in settings.LANGUAGES else "auto"

    def _set_language(self, language: str) -> None:
        self._keep(settings.LANGUAGE, language)

    def _hidden_notices(self) -> tuple[str, ...]:
        stored = self._stored(settings.HIDDEN_NOTICES)
        with suppress(MinitorrentError):  # another version knows other kinds
            return settings.HIDDEN_NOTICES.parse(stored or settings.NONE)
        return ()

    def _hide_notices(self, kinds: tuple[str, ...]) -> None:
        self._keep(settings.HIDDEN_NOTICES, ",".join(kinds) or settings.NONE)
        self._hidden = frozenset(kinds)

    def _stored(self, setting: Setting[Any]) -> str | None:
        return self._store.get("", setting.name)

    def _keep(self, setting: Setting[Any], value: str) -> None:
        self._store.set("", setting.name, value)
