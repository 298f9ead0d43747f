"""The operations that are measured, each as a client would send it."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from benchmarks.load.http_client import HttpClient, announce_path
from benchmarks.load.session import LightSession
from benchmarks.load.world import FILES, GROUP, PASSWORD, Member, World, sign_up

Act = Callable[[], object]
"""Carries out an operation once; raises if it doesn't succeed."""


@dataclass(frozen=True)
class Worker:
    """One client of many: its number, and the numbers of the tracker and the member it uses."""

    world: World
    number: int
    tracker: int = 0

    @property
    def member(self) -> Member:
        """The account that this worker uses alone."""
        return self.world.members[self.number]

    def connect(self) -> LightSession:
        """Open a session without a login."""
        return LightSession(self.world.site.addresses[self.tracker])

    def file(self, number: int) -> str:
        """Return one of the files with peers, in turn."""
        return self.world.busy[(self.number + number) % len(self.world.busy)]


@contextmanager
def session_of(worker: Worker) -> Iterator[LightSession]:
    """A session of the worker's member."""
    with worker.connect() as session:
        session.resume(worker.member.token)
        yield session


@contextmanager
def announce(worker: Worker) -> Iterator[Act]:
    """One file each, with progress."""
    count = itertools.count(1)
    with session_of(worker) as session:

        def act() -> None:
            number = next(count)
            answer = session.announce(worker.file(number), left=10**9 - number, downloaded=number)
            assert answer["incomplete"] > 1, answer

        yield act


@contextmanager
def announce_unchanged(worker: Worker) -> Iterator[Act]:
    """One file each, as before."""
    count = itertools.count()
    with session_of(worker) as session:
        for number in range(len(worker.world.busy)):
            session.announce(worker.file(number))
        yield lambda: session.announce(worker.file(next(count)))


@contextmanager
def announce_many(worker: Worker) -> Iterator[Act]:
    """All files in one request, as before."""
    files = [{"info_hash": one, "left": 0} for one in worker.world.files]
    with session_of(worker) as session:
        session.call("announce", port=6881, files=files)
        yield lambda: session.call("announce", port=6881, files=files)
        session.call("announce", port=6881, files=[{**one, "event": "stopped"} for one in files])


@contextmanager
def http_announce(worker: Worker, *, keep_alive: bool = True) -> Iterator[Act]:
    """One file each, with progress."""
    count = itertools.count(1)
    peer_id = b"-LT20B0-" + secrets.token_hex(6).encode()
    client = HttpClient(worker.world.site.trackers[worker.tracker].http, keep_alive=keep_alive)

    def act() -> None:
        number = next(count)
        info_hash = bytes.fromhex(worker.file(number))
        client.announce(announce_path(worker.member.key_path, info_hash, peer_id, number))

    yield act
    client.close()


@contextmanager
def http_announce_once(worker: Worker) -> Iterator[Act]:
    """The same, each over a connection of its own."""
    with http_announce(worker, keep_alive=False) as act:
        yield act


@contextmanager
def connection(worker: Worker) -> Iterator[Act]:
    """Open a connection with TLS, read the greeting, close it."""
    yield lambda: worker.connect().close()


@contextmanager
def token_login(worker: Worker) -> Iterator[Act]:
    """The same, with a login by token in between."""

    def act() -> None:
        with session_of(worker):
            pass

    yield act


@contextmanager
def password_login(worker: Worker) -> Iterator[Act]:
    """The same, with the password."""

    def act() -> None:
        with worker.connect() as session:
            session.login(worker.member.name, PASSWORD)

    yield act


@contextmanager
def list_files(worker: Worker) -> Iterator[Act]:
    """A page of 100 files."""
    with session_of(worker) as session:

        def act() -> None:
            assert len(session.call("list_files", group=GROUP, limit=FILES)["files"]) == FILES

        yield act


@contextmanager
def join_and_leave(worker: Worker) -> Iterator[Act]:
    """Ask to join the group of another, who accepts, and leave: three requests."""
    group, name = f"g{secrets.token_hex(4)}", f"u{secrets.token_hex(4)}"
    with session_of(worker) as owner, worker.connect() as guest:
        owner.call("create_group", group=group, mode="open")
        sign_up(guest, name)

        def act() -> None:
            guest.call("join_group", group=group)
            owner.call("accept_request", group=group, user=name)
            guest.call("leave_group", group=group)

        yield act


@contextmanager
def identify_peer(worker: Worker) -> Iterator[Act]:
    """Ask who a peer is."""
    with session_of(worker) as session:
        session.announce(worker.file(0))

        def act() -> None:
            answer = session.call(
                "identify_peer",
                info_hash=worker.file(0),
                peer_id=session.peer_id,
                host="127.0.0.1",
            )
            assert answer["user"] == worker.member.name, answer

        yield act


@contextmanager
def ping(worker: Worker) -> Iterator[Act]:
    """What each client sends every 30 seconds."""
    with session_of(worker) as session:
        yield lambda: session.call("ping")


Operation = Callable[[Worker], AbstractContextManager[Act]]

OPERATIONS: dict[str, Operation] = {
    "announce a file": announce,
    "announce a file, unchanged": announce_unchanged,
    "announce 100 files, unchanged": announce_many,
    "HTTP announce": http_announce,
    "HTTP announce, new connection": http_announce_once,
    "connect (TLS)": connection,
    "connect, token login": token_login,
    "connect, password login": password_login,
    "list_files, page of 100": list_files,
    "join + accept + leave": join_and_leave,
    "identify_peer": identify_peer,
    "ping": ping,
}
