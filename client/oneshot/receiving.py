"""`receive`: downloads everything that an invitation's group shares, as a guest."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

from client.oneshot.commands import Commands
from client.oneshot.sign_in import Account, new_guest
from client.results.transfers import TransferState
from client.storage.paths.os_errors import translating
from client.storage.paths.reading import read_plain
from client.storage.paths.writing import NewFile, write_private
from common.errors import ErrorCode, MinitorrentError

_MAX_SIZE = 4096  # bytes of the file with the guest's account
_ALL = 0  # rows of a list

_POLL: Final = 0.1

_GOING_ON: Final = (TransferState.CHECKING, TransferState.DOWNLOADING)

Row: TypeAlias = dict[str, Any]
"""A row of a list, as `--json` shows it."""

SignUp = Callable[[Account], object]
"""Makes the account of a guest a member of the group."""


def receive(
    commands: Commands, sign_up: SignUp, group: str, folder: Path, destination: str
) -> list[str]:
    """Download all files of a group; return their paths when all are complete.

    The guest's account is kept in `folder`, the data folder, so that receiving can go on after an
    interruption. Raises MinitorrentError.
    """
    _log_in(commands, sign_up, folder / "guest.json")
    names = [row["name"] for row in commands.call("list_files", group, limit=_ALL)["files"]]
    if not names:
        raise MinitorrentError(ErrorCode.NO_SUCH_FILE, f"Nobody shares a file in {group} now.")
    if len(names) > 1:
        destination = _folder(destination)
    paths = [
        str(commands.call("download_file", group, name, destination)["destination"])
        for name in names
    ]
    rows = _settled(commands, names)
    for name in names:
        if rows[name]["state"] != "seeding":
            reason = rows[name]["error"] or "it is not complete yet."
            raise MinitorrentError(ErrorCode.NO_PEERS, f"{name!r} was not received: {reason}")
    return paths


def _settled(commands: Commands, names: list[str]) -> dict[str, Row]:
    """Wait until these downloads have ended; return their rows by name.

    What an interrupted client had received whole is checked at the next start: that is no download
    to wait for, and may become one.
    """
    while True:
        commands.call("wait")
        rows = {row["name"]: row for row in commands.call("show_downloads")["downloads"]}
        if not any(rows[name]["state"] in _GOING_ON for name in names):
            return rows
        time.sleep(_POLL)


def _log_in(commands: Commands, sign_up: SignUp, path: Path) -> None:
    """Log in as the guest, whose account exists after an interruption."""
    guest = _read(path)
    if guest is not None:
        try:
            commands.call("login", guest.user, guest.password)
        except MinitorrentError as error:
            if error.code is not ErrorCode.BAD_CREDENTIALS:
                raise
        else:
            return
    guest = guest or new_guest()
    content = json.dumps({"user": guest.user, "password": guest.password}).encode()
    write_private(NewFile(path, content, lambda data: _parse(data) is not None))
    sign_up(guest)
    commands.call("login", guest.user, guest.password)


def _read(path: Path) -> Account | None:
    try:
        return _parse(read_plain(path, _MAX_SIZE))
    except MinitorrentError:
        return None


def _parse(data: bytes) -> Account | None:
    try:
        content = json.loads(data)
        return Account(str(content["user"]), str(content["password"]))
    except (ValueError, KeyError, TypeError):
        return None


def _folder(destination: str) -> str:
    """Create the folder for several files."""
    path = Path(destination).expanduser()
    with translating(path):
        path.mkdir(parents=True, exist_ok=True)
    return str(path)
