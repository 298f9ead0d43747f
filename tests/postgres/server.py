"""A private PostgreSQL server for tests, which ends with the process that started it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg

from tests.support.ports import free_port
from tests.support.waiting import wait_until

_START_TIME = 60.0  # seconds; the first start writes some 40 MB
_STOP_TIME = 20.0
_OLDEST = 15  # knows databases with a locale of ICU's
_SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=300")
_KEEPER = """\
home=$1; shift
"$@" &
read _ || gone=1
kill -QUIT $!
wait
[ -z "$gone" ] || rm -rf "$home"
"""
"""Kills a server when a line arrives, or when the process that would send it is gone."""


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs; None if they are missing or too old."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent.name)[::-1]
    on_path = shutil.which("initdb")
    if on_path:
        found.insert(0, Path(on_path).resolve().parent)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            version = subprocess.run(
                [folder / "postgres", "--version"], capture_output=True, text=True
            )
            if int(version.stdout.split()[2].split(".")[0]) >= _OLDEST:
                return folder
    return None


class Server:
    """A server on a port of 127.0.0.1 inside the context; it can be killed and restarted."""

    def __init__(self, folder: Path) -> None:
        self._programs = folder
        self._home = Path(tempfile.mkdtemp(prefix="minitorrent-postgres-"))
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root.
        self._account = _somebody_else() if os.geteuid() == 0 else None
        self.url = f"postgresql://tests@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> Server:
        try:
            data = self._home / "data"
            if self._account is not None:
                os.chown(self._home, *self._account)
            command: list[str | Path] = [
                self._programs / "initdb",
                "-D",
                data,
                "-U",
                "tests",
                "-A",
                "trust",
                "-N",
            ]
            self._run([*command, "--encoding=UTF8", "--locale=C"])
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.end()
        shutil.rmtree(self._home)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command: list[str | Path] = ["sh", "-c", _KEEPER, "keeper", self._home]
        command += [self._programs / "postgres", "-D", self._home / "data"]
        command += ["-h", "127.0.0.1", "-p", str(self._port), "-k", self._home]
        for setting in _SETTINGS:
            command += ["-c", setting]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stderr=log,
                stdout=log,
                start_new_session=True,  # Ctrl-C is for the tests, which may still need it
                **self._user(),
            )
        wait_until(self._answers, _START_TIME, "PostgreSQL to answer")

    def end(self) -> None:
        """Kill it, as in a crash."""
        assert self._process is not None
        try:
            self._process.communicate(b"end\n", timeout=_STOP_TIME)
        finally:
            self._process.kill()
            self._process = None

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, command: list[str | Path]) -> None:
        subprocess.run(
            command, check=True, capture_output=True, timeout=_START_TIME, **self._user()
        )

    def _user(self) -> dict[str, Any]:
        if self._account is None:
            return {}
        user, group = self._account
        return {"user": user, "group": group, "extra_groups": [], "cwd": self._home}


def _somebody_else() -> tuple[int, int]:
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return account.pw_uid, account.pw_gid
    raise AssertionError("there is no user but root to run PostgreSQL as")
