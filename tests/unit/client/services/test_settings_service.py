"""Settings: each takes effect, and is still there in the next run."""

from __future__ import annotations

import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from client.config import ClientConfig
from client.event_bus import EventBus
from client.profiles import Profile, read_profile, write_profile
from client.services.settings import SettingsService
from client.state.database import Database
from client.state.rate_limits import RateLimitStore
from client.state.settings import Settings
from client.transfers.download_scheduler import DownloadScheduler, choose_places
from client.transfers.rate_limits import RateLimits
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint

LISTEN, TRACKERS = Endpoint("127.0.0.1", 6001), (Endpoint("127.0.0.1", 7001),)


class Client:
    """One run of a client on a data folder."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.store = Settings(database)
        self.limits = RateLimits(RateLimitStore(database), time.monotonic, EventBus())
        self.scheduler = DownloadScheduler(choose_places(self.store, None), time.monotonic)
        self.config = ClientConfig(LISTEN, TRACKERS, folder)
        self.service = SettingsService(self.config, self.store, self.limits, self.scheduler)

    def values(self) -> dict[str, object]:
        return self.service.list().settings.model_dump(mode="json")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder, with a folder for downloads."""
    (tmp_path / "home" / "Downloads").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_DOWNLOAD_DIR", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path / "home"


@pytest.fixture
def client(database: Database, tmp_path: Path, home: Path) -> Client:
    return Client(database, tmp_path)


def test_the_settings_of_a_new_client(client: Client, home: Path) -> None:
    assert client.values() == {
        "download_folder": str(home / "Downloads"),
        "listen": "127.0.0.1:6001",
        "active": 5,
        "limit_down": 0,
        "port_mapping": "on",
        "limit_up": 0,
        "language": "auto",
        "hidden_notices": [],
    }


def test_settings_take_effect_and_stay(client: Client, database: Database, tmp_path: Path) -> None:
    changes: dict[str, tuple[str, object]] = {
        "download_folder": (f"{tmp_path}/new/films", f"{tmp_path}/new/films"),
        "active": ("2", 2),
        "limit_down": ("2M", 2 << 20),
        "limit_up": ("500K", 500 << 10),
        "port_mapping": ("off", "off"),
        "language": ("de", "de"),
        "hidden_notices": ("file_added,tracker", ["tracker", "file_added"]),
    }
    assert client.service.shows("file_added")
    for name, (typed, value) in changes.items():
        changed = client.service.set(name, typed)
        assert (changed.name, changed.is_changed) == (name, True)
        assert changed.settings.model_dump(mode="json")[name] == value
    assert client.service.download_folder == tmp_path / "new" / "films"
    assert client.service.download_folder.is_dir()
    assert client.scheduler.places == 2
    assert client.limits.rates(None) == (500 << 10, 2 << 20)
    assert not client.service.shows("file_added")
    assert client.service.shows("download_failed")
    later = Client(database, tmp_path)
    assert {name: later.values()[name] for name in changes} == {
        name: value for name, (_, value) in changes.items()
    }
    assert later.service.language == "de"
    assert not later.service.shows("tracker")


def test_the_address_is_for_the_next_start(client: Client, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    changed = client.service.set("listen", address)
    assert (changed.settings.listen, changed.listening) == (address, "127.0.0.1:6001")
    assert read_profile(tmp_path) == Profile(Endpoint.parse(address), TRACKERS)
    assert client.service.set("listen", "127.0.0.1:6001").settings.listen == "127.0.0.1:6001"


def test_the_trackers_of_a_profile_stay(client: Client, tmp_path: Path) -> None:
    profile = Profile(LISTEN, (Endpoint("other", 1),))
    write_profile(tmp_path, profile)
    client.service.set("listen", "127.0.0.1:0")
    assert read_profile(tmp_path) == replace(profile, listen=Endpoint("127.0.0.1", 0))


def refused(client: Client, name: str, typed: str) -> ErrorCode:
    before = client.values()
    with pytest.raises(MinitorrentError) as caught:
        client.service.set(name, typed)
    assert client.values() == before
    return caught.value.code


def test_an_address_in_use_is_refused(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert refused(client, "listen", address) is ErrorCode.PERMISSION_DENIED
    assert refused(client, "listen", "192.0.2.1:6001") is ErrorCode.PERMISSION_DENIED


def test_a_folder_that_cannot_be_used_is_refused(client: Client, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert refused(client, "download_folder", str(tmp_path / "file")) is ErrorCode.FILE_NOT_FOUND
    below = str(tmp_path / "file" / "folder")
    assert refused(client, "download_folder", below) is ErrorCode.FILE_NOT_FOUND
    assert refused(client, "download_folder", "/proc/films") in (
        ErrorCode.PERMISSION_DENIED,
        ErrorCode.FILE_NOT_FOUND,
    )
    assert refused(client, "download_folder", "") is ErrorCode.USAGE


@pytest.mark.parametrize("name", ["colour", "", "limit"])
def test_an_unknown_setting_is_refused(client: Client, name: str) -> None:
    assert refused(client, name, "1") is ErrorCode.USAGE
    with pytest.raises(MinitorrentError):
        client.service.list(name)


def test_the_folder_of_a_user_without_downloads(client: Client, home: Path) -> None:
    (home / "Downloads").rmdir()
    assert client.service.download_folder == home
    home.rmdir()
    assert client.service.download_folder == Path.cwd()


def test_values_of_another_version_count_as_unset(client: Client, database: Database) -> None:
    client.store.set("", "language", "tlh")
    client.store.set("", "port_mapping", "sometimes")
    client.store.set("", "hidden_notices", "telepathy")
    values = Client(database, client.config.data_dir).values()
    assert (values["language"], values["hidden_notices"]) == ("auto", [])
    assert values["port_mapping"] == "on"
