"""A tracker in this process, on free ports, and its clients."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO, cast

import pytest

from common.process.logs import logging_to
from common.types import Endpoint
from tests.integration.tracker.frontends import Frontends
from tests.integration.tracker.lab import Lab
from tests.integration.tracker.sessions import SessionClient, let_in
from tests.support.databases.database import Kind, empty_database, kinds_for, on, skip_unless_wanted
from tests.support.security.passwords import CHEAP
from tracker.app import TrackerApp
from tracker.config import CERTIFICATE_LIFETIME, Config
from tracker.frontend import failures
from tracker.frontend.session import SessionLimits
from tracker.quotas import Quotas
from tracker.services.catalogue import Services

StartTracker = Callable[..., TrackerApp]
Connect = Callable[..., SessionClient]
Serve = Callable[..., Frontends]


class _Stderr:
    """The standard error of the moment, which pytest replaces to capture it."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests on SQLite and on PostgreSQL, except where a mark says that one is enough."""
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    metafunc.parametrize("database", kinds_for(marks), indirect=True)


@pytest.fixture(autouse=True)
def database(request: pytest.FixtureRequest) -> Iterator[Kind]:
    """The kind of database that the test's trackers use."""
    skip_unless_wanted(request.param)
    with on(request.param):
        yield request.param


@pytest.fixture
def real_logs() -> Iterator[None]:
    """Logs as a tracker process sets them up."""
    failures.forget()  # those of other tests
    with logging_to(cast(TextIO, _Stderr()), "info"):
        yield


@pytest.fixture
def start_tracker(tmp_path: Path, real_logs: None) -> Iterator[StartTracker]:
    """Start trackers, all on the test's own database; they are stopped at the end."""
    with ExitStack() as running:

        def start(
            limits: SessionLimits | None = None,
            *,
            min_password: int = 0,
            http: bool = True,
            certificate_lifetime: int = CERTIFICATE_LIFETIME,
            quotas: Quotas | None = None,
            by_invitation_only: bool = False,
            relays: bool = False,
        ) -> TrackerApp:
            config = Config(
                number=1,
                address=Endpoint("127.0.0.1", 0),
                http_port=0 if http else None,
                database=empty_database(tmp_path),
                data_dir=tmp_path,
                log_level="info",
                log_format="text",
                min_password=min_password,
                certificate_lifetime=certificate_lifetime,
                quotas=quotas or Quotas(),
                by_invitation_only=by_invitation_only,
                relays=relays,
            )
            app = TrackerApp(config, limits, CHEAP)
            app.start()
            running.callback(app.stop)
            return app

        yield start


@pytest.fixture
def tracker(start_tracker: StartTracker) -> TrackerApp:
    """A running tracker with the usual limits."""
    return start_tracker()


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Open sessions with a tracker; they are closed at the end."""
    with ExitStack() as opened:
        yield lambda app, source=None: opened.enter_context(SessionClient(app.address, source))


@pytest.fixture
def sign_up(tracker: TrackerApp, connect: Connect) -> Callable[[str], SessionClient]:
    """Make an account at `tracker` and log in with it."""
    return lambda user: connect(tracker).sign_up(user)


@pytest.fixture
def ann(sign_up: Callable[[str], SessionClient]) -> SessionClient:
    """Ann, logged in, the owner of the open group `lab`."""
    client = sign_up("ann")
    client.call("create_group", group="lab", mode="open")
    return client


@pytest.fixture
def bob(ann: SessionClient, sign_up: Callable[[str], SessionClient]) -> SessionClient:
    """Bob, logged in, a member of `lab`."""
    client = sign_up("bob")
    let_in(client, "bob", ann)
    return client


@pytest.fixture
def eve(ann: SessionClient, sign_up: Callable[[str], SessionClient]) -> SessionClient:
    """Eve, logged in, a member of nothing."""
    return sign_up("eve")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A tracker's services without its sockets."""
    lab = Lab(tmp_path)
    yield lab
    lab.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve services, as Frontends does; the frontends are stopped at the end."""
    with ExitStack() as running:

        def start(services: Services, **options: Any) -> Frontends:
            frontends = Frontends(tmp_path, services, **options)
            running.callback(frontends.close)
            return frontends

        yield start
