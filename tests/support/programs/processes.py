"""Real trackers and clients, started as a user would, and driven through their pipes.

    with TrackerProcess(tmp_path / "tracker") as tracker:
        with ClientProcess(tmp_path / "ann", [tracker]) as ann:
            ann.ok("create_user ann secret123")
            ann.fails("not_member", "list_files lab")

Each is a context manager that leaves nothing running and no pipe open. Started inside
`namespace.private_network()`, they live in that network.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

from common.types import Endpoint
from tests.support.closing import Closing
from tests.support.databases.database import empty_database, is_postgresql
from tests.support.ports import free_port
from tests.support.programs import warm
from tests.support.programs.lines import Lines
from tests.support.waiting import wait_until

START_TIME = 30.0
"""Seconds a process may take to be ready, on a machine that is busy with other tests."""

STOP_TIME = 20.0
COMMAND_TIME = 30.0
READY = re.compile(r"^tracker (\d+) ready on (\S+)(?: \(http (\S+)\))?$")


class Ended(NamedTuple):
    """The result of a program that has exited."""

    status: int
    output: list[str]
    errors: list[str]

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The JSON output."""
        return [json.loads(line) for line in self.output]


class ManagedProcess(Closing):
    """A process with its three pipes: input to write to, output and errors collected as lines."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self._process: subprocess.Popen[bytes] | warm.WarmProcess | None = None
        self.output = Lines("stdout")
        self.errors = Lines("stderr")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:  # it may run, but not be ready in time
            self.close()
            raise
        return self

    def __repr__(self) -> str:
        state = "running" if self.is_running else "not running"
        return f"<{' '.join(self.command)}: {state}>"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process ID of the current or last run."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self) -> None:
        """Start the process; what it prints is collected from here on."""
        assert not self.is_running, f"{self!r} runs already"
        self._release()
        self._process = warm.start(self.command) or subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.output.follow(self._process.stdout)
        self.errors.follow(self._process.stderr)

    def send(self, line: str) -> None:
        """Write one line to its input."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def close_input(self) -> None:
        """Close its input, as at the end of a script."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()

    def wait(self, timeout: float = STOP_TIME) -> int:
        """Wait for its exit; return the exit status (negative: the signal that ended it)."""
        assert self._process is not None
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self!r} did not end in {timeout:g} s\n{self.story()}") from None
        self._release()
        return status

    def finish(self, *lines: str, timeout: float = 60.0) -> Ended:
        """Write the last lines of its input, and wait for its exit."""
        with suppress(BrokenPipeError):  # it may have ended already
            for line in lines:
                self.send(line)
            self.close_input()
        status = self.wait(timeout)
        return Ended(status, self.output.all, self.errors.all)

    def terminate(self, timeout: float = STOP_TIME) -> int:
        """Send SIGTERM and wait; return the exit status."""
        assert self._process is not None
        self._process.terminate()
        return self.wait(timeout)

    def kill(self) -> None:
        """Kill it with SIGKILL, as in a crash or a power cut."""
        assert self._process is not None
        self._process.kill()
        self.wait()

    def close(self) -> None:
        """Stop it, gently if possible, and close the pipes."""
        if self._process is None:
            return
        if self.is_running:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIME)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._release()

    def story(self) -> str:
        """Return its output, for a failure message."""
        return f"{self.output.tail()}\n{self.errors.tail()}"

    def _release(self) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # the process ended with unread input
            self._process.stdin.close()
        self.output.finish()
        self.errors.finish()


class TrackerProcess(ManagedProcess):
    """`python -m tracker`, ready when the context is entered.

    Several on one database: give them the same `database` and different numbers; the address is
    kept over a kill and a new start.
    """

    start_time = START_TIME

    def __init__(
        self,
        folder: Path,
        *options: str,
        number: int = 1,
        host: str = "127.0.0.1",
        database: str | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.number = number
        self.address = Endpoint(host, free_port())
        self.http = Endpoint(host, free_port())
        if database is None and not (folder / "tracker.db").exists():
            its_own = empty_database(folder)  # quicker to copy than to create
            database = its_own if is_postgresql() else None
        self._database = database or f"sqlite:///{folder / 'tracker.db'}"
        info = write_tracker_info(folder / f"tracker_info_{number}.txt", [self.address] * number)
        command = [sys.executable, "-m", "tracker", str(info), str(number)]
        command += ["--data-dir", str(folder), "--http-port", str(self.http.port)]
        command += ["--database", database] if database else []
        super().__init__([*command, *options])

    @property
    def database(self) -> str:
        """The URL of its database, for a second tracker on the same one."""
        return self._database

    def start(self) -> None:
        """Start it and wait for its line `tracker N ready on HOST:PORT`."""
        super().start()
        line = self.output.next(self.start_time)
        match = READY.match(line or "")
        assert match, f"expected the ready line, got {line!r}\n{self.story()}"
        assert Endpoint.parse(match[2]) == self.address, line


class ClientProcess(ManagedProcess):
    """`python -m client --json --stay`, driven line by line like any program would."""

    def __init__(
        self,
        folder: Path,
        trackers: Sequence[TrackerProcess | Endpoint],
        *options: str,
        host: str = "127.0.0.1",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.address = Endpoint(host, free_port())
        addresses = [t if isinstance(t, Endpoint) else t.address for t in trackers]
        info = write_tracker_info(folder / "tracker_info.txt", addresses)
        command = [sys.executable, "-m", "client", str(self.address), str(info)]
        command += ["--data-dir", str(folder / "state"), "--json", "--stay"]
        super().__init__([*command, *options])

    def run(self, *command: str, timeout: float = COMMAND_TIME) -> dict[str, Any]:
        """Run one command and return its answer, the whole JSON object.

        One argument is a line as typed; several are quoted as a shell would need them.
        """
        line = command[0] if len(command) == 1 else shlex.join(command)
        self.send(line)
        answer = self.output.next(timeout)
        assert answer is not None, f"no answer to {line!r} in {timeout:g} s\n{self.story()}"
        parsed: dict[str, Any] = json.loads(answer)
        assert parsed.get("command") == shlex.split(line)[0], f"{line!r} was answered {answer}"
        return parsed

    def ok(self, *command: str, timeout: float = COMMAND_TIME) -> dict[str, Any]:
        """Run a command that must succeed; return its result."""
        answer = self.run(*command, timeout=timeout)
        assert answer["ok"], f"{command!r} failed: {answer}\n{self.errors.tail()}"
        result: dict[str, Any] = answer["result"]
        return result

    def fails(self, code: str, *command: str, timeout: float = COMMAND_TIME) -> str:
        """Run a command that must fail with this code; return the error message."""
        answer = self.run(*command, timeout=timeout)
        assert not answer["ok"], f"{command!r} succeeded: {answer}"
        assert answer["error"]["code"] == code, f"{command!r}: {answer}"
        message: str = answer["error"]["message"]
        return message

    def sign_in(self, user: str, password: str = "secret123") -> None:
        """Create the account and log in."""
        self.ok("create_user", user, password)
        self.ok("login", user, password)

    def join(self, group: str, admin: ClientProcess) -> None:
        """Ask to join a group and let its admin accept."""
        user = self.ok("whoami")["user"]
        self.ok("join_group", group)
        admin.ok("accept_request", group, user)

    def transfer(self, group: str, name: str) -> dict[str, Any]:
        """Return the row of `show_downloads` for one file."""
        rows = self.ok("show_downloads")["downloads"]
        found = [row for row in rows if (row["group"], row["name"]) == (group, name)]
        assert found, f"{name!r} is not among the downloads: {rows}"
        row: dict[str, Any] = found[0]
        return row

    def download(self, group: str, name: str, to: Path, timeout: float = 60.0) -> Path:
        """Download one file into a folder and wait until it is complete; return its path."""
        to.mkdir(parents=True, exist_ok=True)
        result = self.ok("download_file", group, name, str(to))
        self.wait_complete(group, name, timeout)
        return Path(result["destination"])

    def wait_complete(self, group: str, name: str, timeout: float = 60.0) -> None:
        """Wait until a download is complete; a failed one fails at once with its reason."""

        def complete() -> bool:
            row = self.transfer(group, name)
            assert row["state"] != "failed", f"{name!r} failed: {row}\n{self.errors.tail()}"
            return bool(row["state"] == "seeding")

        wait_until(complete, timeout, f"{name!r} to be complete", interval=0.05)


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """Stop these processes inside the block; one that ends meanwhile is passed over."""
    try:
        _send_all(pids, signal.SIGSTOP)
        yield
    finally:
        _send_all(pids, signal.SIGCONT)


def _send_all(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def write_tracker_info(path: Path, trackers: Sequence[Endpoint]) -> Path:
    """Write a TRACKER_INFO file: for each tracker, its address on a line, its port on the next."""
    path.write_text("".join(f"{tracker.host}\n{tracker.port}\n\n" for tracker in trackers))
    return path
