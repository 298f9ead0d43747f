"""`python -m benchmarks.load growth`: what operations cost as the tracker's state grows."""

from __future__ import annotations

import argparse
import itertools
import re
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load import operations
from benchmarks.load.http_client import HttpClient, scrape_path
from benchmarks.load.measure import MeasurementError, run
from benchmarks.load.operations import Act, Operation, Worker, session_of
from benchmarks.load.rows import Fill, Filler, fill
from benchmarks.load.session import LightSession, LostError
from benchmarks.load.site import Kind, Site, is_possible, open_site
from benchmarks.load.world import GROUP, World, build, make_metainfo, sign_up

ALLOWED = 2.0
"""The factor by which an operation may grow from the smallest size to the largest."""

_PAGE = 10
_RUNS = 3
_REPEATS = 6  # in each run
_LONGEST = 20.0  # seconds for one operation's repeats


@dataclass(frozen=True)
class Dimension:
    """What grows, how its rows are made, and the sizes; `full` ones take long to make.

    Rows of connections belong to the running tracker; others are made before it is started again,
    since it would push new events.
    """

    name: str
    fill: Fill
    quick: tuple[int, ...]
    full: tuple[int, ...]
    while_running: bool = False


DIMENSIONS = (
    Dimension("files of the group", Filler.files, (10, 1_000, 10_000), (10, 1_000, 100_000)),
    Dimension("members of the group", Filler.members, (10, 1_000, 10_000), (10, 1_000, 40_000)),
    Dimension("groups", Filler.groups, (10, 1_000, 10_000), (10, 1_000, 100_000)),
    Dimension("events", Filler.events, (1_000, 100_000), (1_000, 100_000, 5_000_000)),
    Dimension("online", Filler.online, (100, 1_000), (100, 1_000, 10_000), while_running=True),
)


def page(operation: str, **arguments: Any) -> Operation:
    """Return the operation of asking for a short page of a list, as the group's owner."""

    @contextmanager
    def asking(worker: Worker) -> Iterator[Act]:
        with _owner(worker) as session:
            yield lambda: session.call(operation, limit=_PAGE, **arguments)

    return asking


@contextmanager
def join_and_leave(worker: Worker) -> Iterator[Act]:
    """Join the large group, and leave it."""
    name = f"u{secrets.token_hex(4)}"
    with _owner(worker) as owner, worker.connect() as guest:
        sign_up(guest, name)

        def act() -> None:
            guest.call("join_group", group=GROUP)
            owner.call("accept_request", group=GROUP, user=name)
            guest.call("leave_group", group=GROUP)

        yield act


@contextmanager
def share_and_stop(worker: Worker) -> Iterator[Act]:
    """Add a file to the large group, and stop sharing it."""
    count = itertools.count()
    with session_of(worker) as session:
        source = session.call("get_group", group=GROUP)["source"]
        word = secrets.token_hex(4)

        def act() -> None:
            name = f"{word} {next(count)}"
            data = make_metainfo(name, source)
            session.call("add_file", group=GROUP, name=name, metainfo=data)
            session.call("stop_share", group=GROUP, name=name)

        yield act


@contextmanager
def first_login(worker: Worker) -> Iterator[Act]:
    """Create an account and log in."""

    def act() -> None:
        with worker.connect() as session:
            sign_up(session, f"u{secrets.token_hex(6)}")

    yield act


def asked(operation: str, **arguments: Any) -> Operation:
    """Return the operation of asking for something that isn't a list, as the group's owner."""

    @contextmanager
    def asking(worker: Worker) -> Iterator[Act]:
        with _owner(worker) as session:
            yield lambda: session.call(operation, **arguments)

    return asking


@contextmanager
def scrape(worker: Worker) -> Iterator[Act]:
    """Ask over HTTP how many have a file."""
    client = HttpClient(worker.world.site.trackers[0].http, keep_alive=True)
    path = scrape_path(worker.member.key_path, bytes.fromhex(worker.file(0)))
    yield lambda: client.announce(path)
    client.close()


@contextmanager
def invite_and_leave(worker: Worker) -> Iterator[Act]:
    """Invite somebody, who accepts and leaves."""
    with _owner(worker) as owner, worker.connect() as guest:
        sign_up(guest, f"u{secrets.token_hex(4)}")

        def act() -> None:
            code = owner.call("create_invite", group=GROUP)["code"]
            guest.call("accept_invite", code=code)
            guest.call("leave_group", group=GROUP)

        yield act


@contextmanager
def change_role(worker: Worker) -> Iterator[Act]:
    """Give a member another role, and the old one again."""
    with _owner(worker) as owner:

        def act() -> None:
            for role in ("uploader", "member"):
                owner.call("set_role", group=GROUP, user=worker.member.name, role=role)

        yield act


@contextmanager
def create_group(worker: Worker) -> Iterator[Act]:
    """Create a group, and leave it, which deletes it."""
    with _owner(worker) as owner:

        def act() -> None:
            name = f"g{secrets.token_hex(6)}"
            owner.call("create_group", group=name, mode="open")
            owner.call("leave_group", group=name)

        yield act


@contextmanager
def _owner(worker: Worker) -> Iterator[LightSession]:
    with worker.connect() as session:
        session.resume(worker.world.owner.token)
        yield session


OPERATIONS: dict[str, Operation] = {
    "announce": operations.announce,
    "announce, unchanged": operations.announce_unchanged,
    "HTTP announce": operations.http_announce,
    "HTTP scrape": scrape,
    "identify_peer": operations.identify_peer,
    "token login": operations.token_login,
    "create_user, login": first_login,
    "create_group + leave": create_group,
    "join + accept + leave": join_and_leave,
    "invite + accept + leave": invite_and_leave,
    "set_role, twice": change_role,
    "add_file + stop_share": share_and_stop,
    "get_file": asked("get_file", group=GROUP, name="file 0000.bin"),
    "list_files by name": page("list_files", group=GROUP),
    "list_files by size": page("list_files", group=GROUP, sort="size"),
    "list_files by age": page("list_files", group=GROUP, sort="age"),
    "list_files by seeders": page("list_files", group=GROUP, sort="seeders"),
    "list_files, pattern": page("list_files", group=GROUP, pattern="*0009*"),
    "list_files, no match": page("list_files", group=GROUP, pattern="elsewhere"),
    "find_files": page("find_files", pattern="*0009*"),
    "find_files, all": page("find_files"),
    "list_groups": page("list_groups"),
    "list_groups, pattern": page("list_groups", pattern="*0009*"),
    "list_members": page("list_members", group=GROUP),
    "list_members, pattern": page("list_members", group=GROUP, pattern="*0009*"),
    "list_requests": page("list_requests", group=GROUP),
    "list_invites": page("list_invites", group=GROUP),
    "list_notices": page("list_notices"),
    "list_notices, pattern": page("list_notices", pattern="elsewhere"),
    "list_events (audit)": page("list_events", group=GROUP),
    "list_events, pattern": page("list_events", group=GROUP, pattern="elsewhere"),
    "list_sessions": page("list_sessions"),
    "list_removed": page("list_removed", group=GROUP),
    "stats": page("stats", group=GROUP),
    "get_group": asked("get_group", group=GROUP),
    "announce_key": asked("announce_key", group=GROUP),
    "ping": asked("ping"),
}


Cells = dict[str, list[float | None]]
"""For each operation, the milliseconds of processor time at each size."""


def main(arguments: Sequence[str]) -> int:
    """Measure and print; the status is 1 if something grows too much."""
    options = _options(arguments)
    grown = 0
    for kind in options.database:
        if not is_possible(kind):
            print(f"left out: {kind} is not here", file=sys.stderr)
            continue
        for dimension in DIMENSIONS:
            if options.only in dimension.name:
                sizes = options.sizes or (dimension.full if options.full else dimension.quick)
                chosen = [name for name in OPERATIONS if re.search(options.operations, name)]
                cells = _measure(kind, dimension, sizes, chosen)
                print(render(f"{kind}: {dimension.name}", sizes, cells), flush=True)
                grown += sum(is_too_steep(row) for row in cells.values())
    print(
        "Milliseconds of processor time of one operation, tracker and database; lists ask for"
        f" {_PAGE} rows.\n! grows by more than {ALLOWED:g} x. Flagged: {grown}"
    )
    return min(grown, 1)


def _measure(
    kind: Kind, dimension: Dimension, sizes: Sequence[int], chosen: Sequence[str]
) -> Cells:
    """Measure the chosen operations on a site of each size, alternating between the sites, so that
    other load on the machine affects all of them alike.
    """
    with (
        tempfile.TemporaryDirectory(prefix="minitorrent-load-") as folder,
        ExitStack() as stack,
    ):
        worlds = []
        for size in sizes:
            site = stack.enter_context(open_site(kind, Path(folder) / f"site{size}"))
            worlds.append(build(site, members=2, files=10, busy=1))
            _fill(site, dimension, size)
        return {name: _costs(worlds, name, OPERATIONS[name]) for name in chosen}


def _costs(worlds: Sequence[World], name: str, operation: Operation) -> list[float | None]:
    """Return the milliseconds of the cheapest run in each world: a busy machine makes it more."""
    costs: list[float | None] = [None] * len(worlds)
    for _ in range(_RUNS):
        for number, world in enumerate(worlds):
            cost = _cost(world, name, operation)
            known = costs[number]
            costs[number] = cost if known is None else min(cost or known, known)
    return costs


def _cost(world: World, name: str, operation: Operation) -> float | None:
    site = world.site

    def cpu() -> float:
        return site.tracker_cpu(1) + site.database_cpu()

    try:
        figures = run(operation, [Worker(world, 0)], _LONGEST, cpu, most=_REPEATS)
    except (MeasurementError, LostError) as error:
        print(f"failed: {name}: {error}", file=sys.stderr)
        return None
    return figures.tracker_ms


def _fill(site: Site, dimension: Dimension, size: int) -> None:
    """Add rows, and start the tracker again: it reads what it keeps in memory at the start."""
    (tracker,) = site.trackers
    tracker.terminate()
    if not dimension.while_running:
        fill(site, dimension.fill, size)
    tracker.start()
    if dimension.while_running:
        fill(site, dimension.fill, size)


def is_too_steep(row: Sequence[float | None]) -> bool:
    """Return whether the last of the costs is too many times the first."""
    known = [cost for cost in row if cost is not None]
    return len(known) > 1 and known[-1] > ALLOWED * known[0]


def render(title: str, sizes: Sequence[int], cells: Cells) -> str:
    """Format one table, with a column for each size."""
    lines = ["", f"{title:<34}" + "".join(f"{size:>10,}" for size in sizes)]
    for name, row in cells.items():
        costs = "".join("         -" if cost is None else f"{cost:10.2f}" for cost in row)
        lines.append(f"{name:<34}{costs}{'  !' if is_too_steep(row) else ''}")
    return "\n".join(lines)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load growth", description=__doc__)
    parser.add_argument("--only", default="", help="only what grows and has this in its name")
    parser.add_argument("--operations", default="", help="only those whose name matches this")
    parser.add_argument("--sizes", type=int, nargs="+", help="instead of the usual ones")
    parser.add_argument("--full", action="store_true", help="up to 5 million events")
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgres"])
    return parser.parse_args(arguments)
