"""The login that a client remembers: the token of a session, in a file private to the user."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from client.storage.paths.secret_file import SecretFile
from common.errors import MinitorrentError
from common.types import Endpoint

_NAME: Final = "session.token"
_MAX_SIZE: Final = 1 << 16  # bytes of the file


@dataclass(frozen=True)
class SessionToken:
    """A session of a user; its token is for these trackers only."""

    user: str
    token: str = field(repr=False)
    trackers: tuple[Endpoint, ...]


class RememberedLogin:
    """Keeps at most one session's token in a data folder, for later runs of the client."""

    def __init__(self, data_dir: Path) -> None:
        self._file = SecretFile(data_dir / _NAME, _is_ours, _MAX_SIZE)

    @property
    def path(self) -> Path:
        """The file with the token."""
        return self._file.path

    def load(self) -> SessionToken | None:
        """Return the kept session; None if there is none, or if others could have read it."""
        data = self._file.read()
        return None if data is None else _parse(data)

    def is_exposed(self) -> bool:
        """Return whether there is a file which isn't private or is damaged: `load` ignores it."""
        return self._file.exists() and self._file.read() is None

    def check_place(self) -> None:
        """Raise what `keep` would raise, as far as that is known before."""
        self._file.check_place()

    def keep(self, session: SessionToken) -> None:
        """Keep this session instead of any other.

        Raises MinitorrentError if that is impossible, for example file_exists.
        """
        content = {
            "user": session.user,
            "token": session.token,
            "trackers": list(map(str, session.trackers)),
        }
        self._file.write(json.dumps(content).encode() + b"\n")

    def keeps(self, token: str | None) -> bool:
        """Return whether this session is the one that is kept."""
        kept = self.load()
        return kept is not None and kept.token == token

    def forget(self) -> None:
        """Delete the token."""
        self._file.delete()


def _is_ours(data: bytes) -> bool:
    return _parse(data) is not None


def _parse(data: bytes) -> SessionToken | None:
    try:
        content = json.loads(data)
        user, token = content["user"], content["token"]
        trackers = tuple(map(Endpoint.parse, content["trackers"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MinitorrentError):
        return None
    is_text = isinstance(user, str) and isinstance(token, str)
    return SessionToken(user, token, trackers) if is_text and user and token else None
