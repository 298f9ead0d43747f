"""Members of a group in this process: each a whole client, without its shell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from client.assembly.opening import open_session
from client.assembly.parts import DEFAULT_PARTS, Parts
from client.config import DEFAULT_TIMING, ClientConfig, Timing
from client.core.swarm.swarm_config import SwarmConfig
from client.results.overview import Notice
from client.results.transfers import DownloadRow, TransferState
from client.services.session import Session
from common.types import Endpoint
from tests.support.databases.database import empty_database
from tests.support.ports import free_port
from tests.support.security.passwords import CHEAP
from tests.support.waiting import wait_until
from tracker.app import TrackerApp
from tracker.config import Config

GROUP = "lab"
PASSWORD = "secret123"


class Person:
    """A user with a client; `home` has its state and downloads."""

    def __init__(
        self,
        name: str,
        home: Path,
        trackers: tuple[Endpoint, ...],
        limits: SwarmConfig | None = None,
        active: int | None = None,
        timing: Timing = DEFAULT_TIMING,
        parts: Parts = DEFAULT_PARTS,
    ) -> None:
        self.name = name
        self.home = home
        self.address = Endpoint("127.0.0.1", free_port())
        self.notices: list[Notice] = []
        self._config = ClientConfig(
            self.address, trackers, home / "state", active=active, timing=timing
        )
        self._limits = limits
        self._parts = parts
        self.session = self._open()

    def _open(self) -> Session:
        session = open_session(self._config, self._limits, self._parts)
        session.notices.listen(self.notices.append)
        return session

    def sign_in(self) -> None:
        """Make the account and log in."""
        self.session.accounts.create(self.name, PASSWORD)
        self.session.accounts.login(self.name, PASSWORD)

    def reopen(self) -> None:
        """Close the client, and open it again on the same state."""
        self.session.close()
        self.session = self._open()

    def restart(self) -> None:
        """Close the client, open it again on the same state, and log in."""
        self.reopen()
        self.session.accounts.login(self.name, PASSWORD)

    def notices_of(self, kind: str) -> list[Notice]:
        """The notices of this kind so far."""
        return [notice for notice in self.notices if notice.kind == kind]

    def got_notice(self, words: str) -> bool:
        """Return whether a notice so far contains these words."""
        return any(words in notice.text for notice in self.notices)

    def row(self, name: str) -> DownloadRow:
        """Return the row of `show_downloads` for a file."""
        rows = [row for row in self.session.transfers.downloads().downloads if row.name == name]
        assert rows, f"{name!r} is not among the downloads"
        return rows[0]

    def start(self, name: str) -> Path:
        """Start to download a file; return its destination."""
        folder = self.home / "downloads"
        folder.mkdir(exist_ok=True)
        return Path(self.session.files.download(GROUP, name, str(folder)).destination)

    def finish(self, name: str, timeout: float = 30.0) -> None:
        """Wait until a download is complete; fail at once if it has failed."""

        def complete() -> bool:
            row = self.row(name)
            assert row.state is not TransferState.FAILED, row
            return row.state is TransferState.SEEDING

        wait_until(complete, timeout, f"{self.name} to have {name!r}")

    def fetch(self, name: str, timeout: float = 30.0) -> Path:
        """Download a file completely; return its path."""
        path = self.start(name)
        self.finish(name, timeout)
        return path


class Team:
    """A tracker and its users; the first one creates the group and accepts the others."""

    def __init__(
        self, folder: Path, *, is_open: bool = True, certificate_lifetime: int = 3600
    ) -> None:
        self._folder = folder
        self._is_open = is_open
        self._lifetime = certificate_lifetime
        self._stack = ExitStack()
        self.address = Endpoint("127.0.0.1", free_port())
        self.tracker = self._stack.enter_context(self.serving(self.address))
        self.known: tuple[Endpoint, ...] = (self.address,)
        self.people: list[Person] = []

    def close(self) -> None:
        """End the people's clients, then the tracker."""
        self._stack.close()

    @contextmanager
    def serving(self, address: Endpoint) -> Iterator[TrackerApp]:
        """A tracker on the team's database, until the context ends."""
        config = Config(
            number=1,
            address=address,
            http_port=None,
            database=empty_database(self._folder),
            data_dir=self._folder,
            log_level="info",
            log_format="text",
            min_password=0,
            certificate_lifetime=self._lifetime,
        )
        app = TrackerApp(config, password_cost=CHEAP)
        app.start()
        try:
            yield app
        finally:
            app.stop()

    def outsider(
        self,
        name: str,
        limits: SwarmConfig | None = None,
        active: int | None = None,
        timing: Timing = DEFAULT_TIMING,
        parts: Parts = DEFAULT_PARTS,
    ) -> Person:
        """Start a client with a logged-in user who is not a member."""
        home = self._folder / name
        home.mkdir()
        person = Person(name, home, self.known, limits, active, timing, parts)
        self._stack.callback(lambda: person.session.close())
        person.sign_in()
        return person

    def member(
        self,
        name: str,
        limits: SwarmConfig | None = None,
        active: int | None = None,
        timing: Timing = DEFAULT_TIMING,
        parts: Parts = DEFAULT_PARTS,
    ) -> Person:
        """Start a member's client; `active` as on the client's command line."""
        person = self.outsider(name, limits, active, timing, parts)
        if self.people:
            person.session.groups.join(GROUP)
            self.people[0].session.groups.accept_request(GROUP, name)
        else:
            person.session.groups.create(GROUP, is_open=self._is_open)
        self.people.append(person)
        return person

    def share(self, person: Person, path: Path) -> str:
        """Share a file or folder as a person; return its name. Others can find it at once."""
        name = person.session.files.upload(path, GROUP).name

        def is_announced() -> bool:
            rows = person.session.files.list(GROUP).files
            return any(row.name == name and row.seeders for row in rows)

        wait_until(is_announced, what=f"{name!r} to be announced")
        return name
