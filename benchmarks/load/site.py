"""A database with trackers on it, for measuring: no quota is in the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg

from benchmarks.load.cpu import Tree, cpu_seconds, parent
from common.types import Endpoint
from tests.postgres.server import Server, programs
from tests.support.programs.processes import TrackerProcess

Kind = Literal["sqlite", "postgres"]

_SESSIONS = "15000"
_QUOTAS = {
    "requests-per-second": 1_000_000,
    "accounts": 1_000_000,
    "acts": 100_000_000,
    "certificates": 1_000_000,
    "logins": 1_000_000,
    "tokens": 1_000_000,
    "sessions": 100_000,
    "groups": 1_000_000,
    "requests": 100_000,
    "files": 10_000_000,
    "group-files": 10_000_000,
    "peers": 10_000_000,
}


class PatientTracker(TrackerProcess):
    """A tracker that may take long to start, on a machine that is full of load."""

    start_time = 180.0


@dataclass
class Site:
    """A database of one kind and its running trackers.

    `server` is PostgreSQL, if that is the kind, and `main_process` its process ID at the start.
    """

    kind: Kind
    url: str
    trackers: Sequence[TrackerProcess]
    server: Server | None = None
    main_process: int = 0

    @property
    def addresses(self) -> list[Endpoint]:
        """Where the trackers accept sessions."""
        return [tracker.address for tracker in self.trackers]

    def tracker_cpu(self, count: int) -> float:
        """Return the processor seconds used by the first trackers so far."""
        return sum(cpu_seconds(tracker.pid) for tracker in self.trackers[:count])

    def database_cpu(self) -> float:
        """Return the processor seconds used by the database's own processes so far."""
        return Tree(self.main_process).cpu_seconds() if self.main_process else 0.0


@contextmanager
def open_site(
    kind: Kind, folder: Path, trackers: int = 1, options: Sequence[str] = ()
) -> Iterator[Site]:
    """Start a database and this many trackers on it, with further options."""
    with ExitStack() as stack:
        server = None
        url = f"sqlite:///{folder / 'tracker.db'}"
        folder.mkdir(parents=True)
        if kind == "postgres":
            found = programs()
            assert found is not None, "PostgreSQL 15 or later is not here"
            server = stack.enter_context(Server(found))
            url = _new_database(server)
        running = [
            stack.enter_context(
                PatientTracker(folder, *_options(), *options, number=number, database=url)
            )
            for number in range(1, trackers + 1)
        ]
        yield Site(kind, url, running, server, postmaster(server) if server else 0)


def is_possible(kind: Kind) -> bool:
    """Return whether this machine has what a kind of database needs."""
    return kind == "sqlite" or programs() is not None


def postmaster(server: Server) -> int:
    """Return the process ID of a PostgreSQL server."""
    with psycopg.connect(server.url) as connection:
        return parent(connection.info.backend_pid)


def _new_database(server: Server) -> str:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE load")
    return server.url.removesuffix("postgres") + "load"


def _options() -> list[str]:
    quotas = [word for name, most in _QUOTAS.items() for word in ("--quota", f"{name}={most}")]
    return [
        *("--max-sessions", _SESSIONS, "--max-sessions-per-address", _SESSIONS),
        *("--log-level", "warning"),
        *quotas,
    ]
