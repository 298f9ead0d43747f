"""Trackers and clients that start in a few milliseconds: loading their modules is most of a start.

For each program there is one process that has loaded its modules and does nothing else. At each
start it makes a copy of itself (`fork`), which is the program from then on, with a number, pipes,
environment, folder and network, as if it had been started by its command. Whatever
loading does itself is seen by those tests that start programs as a user does, by their command.

However the tests end, the programs end with them: the process that waits ends as soon as its line
to the tests does, and the system kills its copies then.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Self

from tests.support.network.namespace import enter_network

_CLIENT: Final = (
    "client.app",
    "client.assembly.opening",
    "client.commands.runner",
    "client.control.data_folder",
    "client.control.hand_over",
    "client.control.page",
    "client.control.server",
    "client.shell.output",
    "client.shell.script",
    "filelock",
    "sqlalchemy.dialects.sqlite",
)
_PAGE: Final = "--web"
PROGRAMS: Final = {
    "client": _CLIENT,
    f"client {_PAGE}": (*_CLIENT, "client.web.server"),
    "tracker": (
        "tracker.app",
        "common.process.logs",
        "cryptography.hazmat.backends.openssl",
        "pydantic.v1",
        "uvicorn.lifespan.off",
    ),
    "tests.support.fakes.services.client": (
        "client.app",
        "client.commands.runner",
        "client.shell.output",
        "client.shell.script",
        "tests.support.fakes.services.session",
    ),
}
"""The modules loaded in advance for each program, and for one that serves a page."""

SWITCH: Final = "WARM_STARTS"
"""With this in the environment, programs start warm."""

CHEAP_PASSWORDS: Final = "CHEAP_PASSWORDS"
"""With this, trackers that start warm hash passwords at no cost, as those in tests' own process."""


_NETWORK: Final = Path("/proc/thread-self/ns/net")


def _network() -> Path | None:
    """The network namespace of this thread; None where there are none."""
    return _NETWORK.readlink() if _NETWORK.exists() else None


_SET_PARENT_DEATH_SIGNAL: Final = 1
"""PR_SET_PDEATHSIG of prctl(2)."""

_ROOT = Path(__file__).parents[3]
_LONGEST = 1 << 20  # bytes of an order, mostly the environment


class WarmProcess:
    """A started program, with the parts of `subprocess.Popen` that tests use."""

    def __init__(self, command: list[str], nursery: _Nursery) -> None:
        self.args = command
        self._nursery = nursery
        self.returncode: int | None = None
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        ours_err, theirs_err = os.pipe()
        self._life, theirs_life = os.pipe()  # ends with the process, however that ends
        theirs = [theirs_in, theirs_out, theirs_err, theirs_life]
        try:
            if nursery.network != _network():
                theirs.append(os.open(_NETWORK, os.O_RDONLY))
            self.pid = nursery.bear(command[3:], theirs)
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        self.stdin = os.fdopen(ours_in, "wb")
        self.stdout = os.fdopen(ours_out, "rb")
        self.stderr = os.fdopen(ours_err, "rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.wait()
        for pipe in (self.stdin, self.stdout, self.stderr):
            pipe.close()

    def poll(self) -> int | None:
        """The exit status (negative: the signal that ended it); None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit; raises subprocess.TimeoutExpired."""
        status = self._ended(timeout)
        if status is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self.args, timeout)
        return status

    def communicate(self, data: bytes, timeout: float) -> tuple[bytes, bytes]:
        """Write its whole input and wait for its end; its output and errors.

        Raises subprocess.TimeoutExpired.
        """
        with ThreadPoolExecutor(3) as pool:
            pool.submit(self._write_all, data)
            out, err = pool.submit(self.stdout.read), pool.submit(self.stderr.read)
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return out.result(), err.result()

    def _write_all(self, data: bytes) -> None:
        with suppress(BrokenPipeError), self.stdin:
            self.stdin.write(data)

    def terminate(self) -> None:
        """Send it SIGTERM, if it runs."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send it SIGKILL, if it runs."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            waiting = select.poll()
            waiting.register(self._life, select.POLLHUP)
            if waiting.poll(None if timeout is None else timeout * 1000):
                os.close(self._life)
                self.returncode = self._nursery.bury(self.pid)
        return self.returncode


class _Nursery:
    """The process that one program's processes are copies of; it ends with this one."""

    def __init__(self, program: str) -> None:
        self.network = _network()
        self._lock = threading.Lock()  # guards the line and the number of answers to come
        self._due = 0
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, program, str(theirs.fileno())],
                stdin=subprocess.PIPE,  # as its copies will have, so that theirs are opened alike
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=_ROOT,
                pass_fds=[theirs.fileno()],
            )

    def bear(self, arguments: list[str], pipes: list[int]) -> int:
        """Start the program with these arguments and its pipe ends; return its process ID.

        Behind the pipes may be the network that it is to be in.
        """
        order = {"arguments": arguments, "folder": str(Path.cwd()), "environment": dict(os.environ)}
        return self._ask(order, pipes)

    def bury(self, pid: int) -> int:
        """The exit status of one that has ended."""
        return self._ask({"ended": pid}, [])

    def _ask(self, order: dict[str, Any], pipes: list[int]) -> int:
        with self._lock:
            socket.send_fds(self._line, [json.dumps(order).encode()], pipes)
            self._due += 1
            while self._due:  # a test that was stopped may not have read its answer
                answer = self._line.recv(_LONGEST)
                self._due -= 1
        assert answer, self._process.communicate()
        return int(answer)

    def close(self) -> None:
        """End it."""
        self._line.close()
        self._process.communicate()


@cache
def _nursery(program: str) -> _Nursery:
    """Return a program's nursery."""
    made = _Nursery(program)
    atexit.register(made.close)
    return made


def start(command: list[str]) -> WarmProcess | None:
    """Start `python -m PROGRAM ...`; returns None if it must start the usual way.

    That is so unless `SWITCH` is set, and for other programs.
    """
    if SWITCH not in os.environ or not sys.platform.startswith("linux"):
        return None
    if command[:2] != [sys.executable, "-m"] or command[2] not in PROGRAMS:
        return None
    program = f"{command[2]} {_PAGE}" if _PAGE in command else command[2]
    return WarmProcess(command, _nursery(program))


def _serve(program: str, line: socket.socket) -> None:
    """Execute orders until the pipe closes; returns in the program's process, too."""
    nursery, system = os.getpid(), ctypes.CDLL(None)
    while True:
        message, pipes, _, _ = socket.recv_fds(line, _LONGEST, 5)
        if not message:
            return
        order = json.loads(message)
        if "ended" in order:
            _, status = os.waitpid(order["ended"], 0)
            line.send(str(os.waitstatus_to_exitcode(status)).encode())
            continue
        pid = os.fork()
        if pid == 0:
            system.prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL))
            if os.getppid() != nursery:  # it ended before
                os._exit(1)
            line.close()
            _become(program, order, pipes)
            return
        for pipe in pipes:
            os.close(pipe)
        line.send(str(pid).encode())


def _become(program: str, order: dict[str, Any], pipes: list[int]) -> None:
    for number, pipe in enumerate(pipes[:3]):
        os.dup2(pipe, number)
        os.close(pipe)
    os.set_inheritable(pipes[3], False)
    for network in pipes[4:]:
        enter_network(network)
        os.close(network)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also if whatever started the tests ignores it
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv[1:] = order["arguments"]
    if program == "tracker" and CHEAP_PASSWORDS in os.environ:
        _hash_cheaply()
    try:
        runpy.run_module(program.split()[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        _end(end.code or 0)


def _hash_cheaply() -> None:
    from tests.support.security.passwords import CHEAP
    from tracker import app

    app.TrackerApp = partial(app.TrackerApp, password_cost=CHEAP)  # type: ignore[assignment,misc] # a stand-in


def _end(status: int) -> None:
    """End as the interpreter does, without freeing what is loaded: this would copy its memory."""
    threading._shutdown()  # type: ignore[attr-defined] # waits for threads, as there
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _main(program: str, descriptor: str) -> None:
    for module in PROGRAMS[program]:
        import_module(module)
    gc.freeze()  # a garbage collection would copy the loaded pages
    with socket.socket(fileno=int(descriptor)) as line:
        _serve(program, line)


if __name__ == "__main__":
    _main(*sys.argv[1:])
