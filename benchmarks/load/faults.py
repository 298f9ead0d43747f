"""`python -m benchmarks.load faults`: kill trackers and databases under clients with a record.

Each round kills a tracker, all of them, or PostgreSQL (SIGKILL), or cuts connections. The clients
note what was acknowledged and what was refused, and compare that with the tracker's lists.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from benchmarks.load.cpu import children
from benchmarks.load.pair import Pair, Revocations
from benchmarks.load.returning import Findings, ReturningClient
from benchmarks.load.session import LightSession
from benchmarks.load.site import Kind, Site, is_possible, open_site, postmaster
from benchmarks.load.watcher import GRACE, Watcher
from benchmarks.load.world import sign_up
from tests.support.programs import warm
from tests.support.waiting import wait_until

BACK = 10.0
"""Seconds within which every client must be at work again."""

_WORK = (0.3, 1.2)  # seconds of work between two faults
_DOWN = (0.0, 1.0)  # seconds for which something stays dead
_LIMIT = 300.0  # seconds for anything that must happen in the end


class Back(NamedTuple):
    """How long it took until all clients were at work again, in seconds, and on how busy a machine.

    `cpu` is the processor time that trackers, database and clients used for it together, `load` the
    machine's load average then: with many other processes, the first is little and `seconds` long.
    """

    seconds: float
    cpu: float
    load: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s ({self.cpu:.1f} s of processor time, load {self.load:.0f})"


@dataclass
class Report:
    """The outcome of a run."""

    findings: Findings
    rounds: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, Back] = field(default_factory=dict)
    revoked: int = 0
    told: int = 0
    missed: list[str] = field(default_factory=list)
    tracebacks: Counter[str] = field(default_factory=Counter)
    """The last lines of tracebacks in the trackers' logs."""
    errors: Counter[str] = field(default_factory=Counter)
    """The errors in the logs, without times and request numbers."""

    @property
    def is_clean(self) -> bool:
        """Whether all promises were kept."""
        late = any(back.seconds > BACK for back in self.slowest.values())
        broken = self.findings.faults or self.findings.internal or self.missed
        return not (late or broken or self.tracebacks)

    def __str__(self) -> str:
        seen = self.findings
        kinds = ", ".join(f"{count} x {kind}" for kind, count in self.rounds.items())
        slow = ", ".join(f"{kind} {back}" for kind, back in self.slowest.items())
        passing = ", ".join(f"{count} {code}" for code, count in seen.passing.items())
        counted = Counter(seen.internal)
        return "\n".join(
            [
                f"rounds: {kinds}",
                f"operations: {seen.done} acknowledged, {seen.lost} with the connection lost;"
                f" refused for now: {passing or 'none'}",
                f"all at work again, the slowest: {slow} (at most {BACK:g} s)",
                f"internal: {len(seen.internal)} {dict(counted) if counted else ''}",
                f"tracebacks in the trackers' logs: {self.tracebacks.total()}",
                *(f"  {count} x {line}" for line, count in self.tracebacks.items()),
                *(f"  logged {count} x {line}" for line, count in self.errors.items()),
                f"revocations: {self.revoked}, notices of them {self.told};"
                f" missed {len(self.missed)}",
                f"promises broken: {len(seen.faults)}",
                *(f"  {fault}" for fault in seen.faults[:20]),
            ]
        )


class Chaos:
    """Clients at work on a site, and what is done to it."""

    def __init__(self, site: Site, pairs: int, watchers: int) -> None:
        self._site = site
        self._findings = Findings()
        self._stopped = threading.Event()  # of the pairs
        self._ended = threading.Event()  # of everyone
        self._revocations = Revocations()
        self._is_enough = False
        groups = [f"group{number}" for number in range(pairs)]
        tokens = {f"watcher{n}": _sign_up(site, f"watcher{n}") for n in range(watchers)}
        self._pairs = [self._pair(group, tokens) for group in groups]
        self._watchers = [
            Watcher(self._client(name, token), groups, self._findings, self._ended)
            for name, token in tokens.items()
        ]

    def stop(self) -> None:
        """Let the current round be the last one."""
        self._is_enough = True

    def run(self, rounds: int) -> Report:
        """Run so many rounds, then let everything settle and compare."""
        report = Report(self._findings)
        threads = [*self._pairs, *self._watchers]
        for thread in threads:
            thread.start()
        try:
            self._wait_for_all(time.monotonic())
            for number in range(1, rounds + 1):
                time.sleep(random.uniform(*_WORK))
                kind, fault = random.choice(self._faults())
                back = self._wait_for_all(fault())
                report.rounds[kind] += 1
                report.slowest[kind] = max(back, report.slowest.get(kind, back))
                print(f"round {number}: {kind}: {back}", file=sys.stderr, flush=True)
                self._fail_if_over()
                if self._is_enough:
                    break
            time.sleep(random.uniform(*_WORK))
        finally:
            self._settle()
        self._conclude(report)
        return report

    # --- the clients ------------------------------------------------------------------------
    def _pair(self, group: str, watching: dict[str, str]) -> Pair:
        """Create two accounts and their group, of which the watchers are members, too."""
        owner, guest = f"{group}.owner", f"{group}.guest"
        clients = [self._client(name, _sign_up(self._site, name)) for name in (owner, guest)]
        clients[0].call("create_group", group=group, mode="sealed")
        for name, token in watching.items():
            with LightSession(self._site.addresses[0]) as session:
                session.resume(token)
                session.call("join_group", group=group)
            clients[0].call("accept_request", group=group, user=name)
        return Pair(
            group, clients[0], clients[1], self._findings, self._stopped, self._revocations.add
        )

    def _client(self, name: str, token: str) -> ReturningClient:
        return ReturningClient(name, token, self._site.addresses, self._findings, self._ended)

    # --- faults: each returns when service could resume (time.monotonic) ----------------------
    def _faults(self) -> list[tuple[str, Callable[[], float]]]:
        faults: list[tuple[str, Callable[[], float]]] = [
            ("tracker", self._kill_tracker),
            ("all trackers", self._kill_trackers),
            ("connections", self._cut),
        ]
        if self._site.server is not None:
            faults += [("PostgreSQL", self._kill_server), ("backend", self._kill_backend)]
        return faults

    def _kill_tracker(self) -> float:
        began = time.monotonic()
        tracker = random.choice(self._site.trackers)
        tracker.kill()
        self._mark()
        time.sleep(random.uniform(*_DOWN))
        tracker.start()
        return began if len(self._site.trackers) > 1 else time.monotonic()

    def _kill_trackers(self) -> float:
        for tracker in self._site.trackers:
            tracker.kill()
        self._mark()
        time.sleep(random.uniform(*_DOWN))
        first, *others = random.sample(self._site.trackers, len(self._site.trackers))
        first.start()
        ready = time.monotonic()
        for tracker in others:
            tracker.start()
        return ready

    def _cut(self) -> float:
        clients = self._clients()
        for client in random.sample(clients, len(clients) // 2):
            client.cut()
        self._mark()
        return time.monotonic()

    def _kill_server(self) -> float:
        assert self._site.server is not None
        main = postmaster(self._site.server)
        for pid in [main, *children(main)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._mark()
        time.sleep(random.uniform(*_DOWN))
        self._site.server.end()
        self._site.server.start()
        self._site.main_process = postmaster(self._site.server)
        return time.monotonic()

    def _kill_backend(self) -> float:
        """Kill one of PostgreSQL's processes: it then restarts itself."""
        assert self._site.server is not None
        with suppress(ProcessLookupError):
            os.kill(random.choice(children(postmaster(self._site.server))), signal.SIGKILL)
        self._mark()
        wait_until(lambda: self._answers(), _LIMIT, "PostgreSQL")
        return time.monotonic()

    def _answers(self) -> bool:
        assert self._site.server is not None
        try:
            return bool(postmaster(self._site.server))
        except Exception:
            return False

    def _mark(self) -> None:
        for client in self._clients():
            client.mark()

    # --- waiting ----------------------------------------------------------------------------
    def _clients(self) -> list[ReturningClient]:
        pairs = [client for pair in self._pairs for client in (pair.owner, pair.guest)]
        return [*pairs, *(watcher.client for watcher in self._watchers)]

    def _wait_for_all(self, since: float) -> Back:
        """Wait until everyone has been answered again; return what that took from `since`."""
        clients, before = self._clients(), self._cpu_seconds()
        wait_until(
            lambda: all(client.returned_at for client in clients) or self._is_over(),
            _LIMIT,
            "all clients to be at work again",
        )
        seconds = max(client.returned_at for client in clients) - since
        return Back(seconds, self._cpu_seconds() - before, os.getloadavg()[0])

    def _cpu_seconds(self) -> float:
        trackers = self._site.tracker_cpu(len(self._site.trackers))
        return time.process_time() + trackers + self._site.database_cpu()

    def _is_over(self) -> bool:
        return not all(thread.is_alive() for thread in [*self._pairs, *self._watchers])

    def _fail_if_over(self) -> None:
        for thread in [*self._pairs, *self._watchers]:
            if not thread.is_alive():
                raise AssertionError(f"{thread.name} has ended: {self._findings.faults}")

    # --- the end ----------------------------------------------------------------------------
    def _settle(self) -> None:
        """Let the pairs compare their records, and watchers hear the rest; then stop everyone."""
        self._stopped.set()
        for pair in self._pairs:
            pair.join(_LIMIT)
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline and self._unknown():
            time.sleep(0.1)
        self._ended.set()
        for watcher in self._watchers:
            watcher.join(_LIMIT)

    def _unknown(self) -> bool:
        revoked = self._revocations.all()
        return any(watcher.missed(revoked) for watcher in self._watchers)

    def _conclude(self, report: Report) -> None:
        revoked = self._revocations.all()
        for watcher in self._watchers:
            report.told += len(watcher.told.keys() & revoked.keys())
            report.missed += watcher.missed(revoked)
        report.revoked = len(revoked)
        for tracker in self._site.trackers:
            report.tracebacks.update(_tracebacks(tracker.errors.all))
            report.errors.update(_errors(tracker.errors.all))


def _tracebacks(log: Sequence[str]) -> list[str]:
    """Return the last line of each traceback in a log."""
    found = []
    is_inside = False
    for line in log:
        if line.startswith("Traceback"):
            is_inside = True
        elif is_inside and not line.startswith(" "):
            found.append(line[:200])
            is_inside = False
    return found


def _errors(log: Sequence[str]) -> list[str]:
    marked = [line.partition("[error")[2] for line in log]
    return [re.sub(r"request=\w+", "", line).strip(" ]")[:200] for line in marked if line]


def run(kind: Kind, folder: Path, rounds: int, *, pairs: int = 25, watchers: int = 4) -> Report:
    """Run rounds of faults on two trackers with a new database of this kind.

    After a SIGTERM, the current round is the last one.
    """
    with open_site(kind, folder, 2) as site:
        chaos = Chaos(site, pairs, watchers)
        before = signal.signal(signal.SIGTERM, lambda _number, _frame: chaos.stop())
        try:
            return chaos.run(rounds)
        finally:
            signal.signal(signal.SIGTERM, before)


def main(arguments: Sequence[str]) -> int:
    """Run and print; the status is 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=25, help="of clients, each with a group")
    parser.add_argument("--watchers", type=int, default=4, help="who hear of revocations")
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgres"])
    options = parser.parse_args(arguments)
    os.environ.setdefault(warm.SWITCH, "1")  # loading modules takes longer than all the rest
    broken = False
    for kind in options.database:
        if not is_possible(kind):
            print(f"left out: {kind} is not here", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory(prefix="minitorrent-load-") as folder:
            report = run(
                kind,
                Path(folder) / "site",
                options.rounds,
                pairs=options.pairs,
                watchers=options.watchers,
            )
        print(f"{kind}\n{report}\n", flush=True)
        broken = broken or not report.is_clean
    return int(broken)


def _sign_up(site: Site, name: str) -> str:
    with LightSession(site.addresses[0]) as session:
        return sign_up(session, name)["token"]
