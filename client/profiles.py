"""What a client remembers of its start: where it listens, and its trackers.

Each data folder keeps how its client was last started, in `profile.json`. A profile is a name for
a data folder; `profiles.json` in the user's data folder lists them, so that a folder elsewhere can
have a name, too. Both files are private to the user.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from client.config import app_folder
from client.storage.paths.reading import read_plain
from client.storage.paths.writing import NewFile, write_private
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint

DEFAULT: Final = "default"
"""The profile of a client that is started without naming one."""

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_MAX_SIZE = 1 << 20  # bytes of a file


@dataclass(frozen=True, slots=True)
class Profile:
    """How a client is started on its data folder."""

    listen: Endpoint
    trackers: tuple[Endpoint, ...]


def read_profile(folder: Path) -> Profile | None:
    """Return how the client of a data folder was last started; None if that isn't known.

    Raises MinitorrentError(usage) if the file is damaged.
    """
    path = folder / "profile.json"
    content = _read(path)
    if content is None:
        return None
    try:
        trackers = tuple(map(Endpoint.parse, content["trackers"]))
        listen = Endpoint.parse(content["listen"])
    except (KeyError, TypeError, AttributeError, MinitorrentError):
        raise _damaged(path) from None
    if not trackers:
        raise _damaged(path)
    return Profile(listen, trackers)


def write_profile(folder: Path, profile: Profile) -> None:
    """Remember how the client of a data folder is started."""
    content = {"listen": str(profile.listen), "trackers": list(map(str, profile.trackers))}
    _write(folder / "profile.json", content)


def folder_of(name: str) -> Path:
    """Return a profile's data folder, whether the profile exists or not.

    Raises MinitorrentError(usage) for what can't be a name.
    """
    if not _NAME.fullmatch(name):
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"{name!r} can't be a profile's name; use 1 to 64 letters, digits, '.', '_' or '-'.",
        )
    named = (_read(_list()) or {}).get(name)
    return Path(named) if isinstance(named, str) else app_folder() / "profiles" / name


def name_folder(name: str, folder: Path) -> None:
    """Make `name` the profile of a data folder, unless the name is in use."""
    if read_profile(folder_of(name)) is None:
        _write(_list(), (_read(_list()) or {}) | {name: str(folder)})


def _list() -> Path:
    return app_folder() / "profiles.json"


def _read(path: Path) -> dict[str, Any] | None:
    """Return a file's content; None if there is no file."""
    try:
        content = json.loads(read_plain(path, _MAX_SIZE))
    except ValueError:
        raise _damaged(path) from None
    except MinitorrentError as error:
        if error.code is ErrorCode.FILE_NOT_FOUND:
            return None
        raise
    if not isinstance(content, dict):
        raise _damaged(path)
    return content


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = json.dumps(content, indent=2).encode() + b"\n"
    write_private(NewFile(path, data, _is_ours))


def _is_ours(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False


def _damaged(path: Path) -> MinitorrentError:
    return MinitorrentError(
        ErrorCode.USAGE,
        f"{path} is damaged; delete it and start with HOST:PORT TRACKER_INFO.",
    )
