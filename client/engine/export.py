"""A member's credentials in files, for a stock client that knows SSL torrents."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from client.engine import status
from client.engine.credentials import Credentials
from client.storage.failures import translating

_DH_PARAMETERS: Final = b"""-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""
"""ffdhe2048 (RFC 7919): the same for everybody; TLS 1.3 makes no use of them, but clients ask."""


def export_credentials(
    credentials: Credentials, group: str, folder: Path, tell: Callable[[str, str], None]
) -> status.ExportResult:
    """Write certificate, key and DH parameters into the folder, which is made if need be.

    `tell` takes a notice's kind and its sentence.
    Raises MinitorrentError: what the tracker refuses, or what is wrong with the folder.
    """
    folder = folder.expanduser().absolute()
    reply, key = credentials.export(group)
    paths = [folder / name for name in ("certificate.pem", "key.pem", "dhparams.pem")]
    with translating(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, data in zip(
            paths, (reply.certificate.encode(), key, _DH_PARAMETERS), strict=True
        ):
            write_private(path, data)
    tell(
        "warning",
        f"Whoever has {paths[1]} is taken for you in {group} until {reply.not_after} or the end "
        "of this login: keep it to yourself.",
    )
    certificate_path, key_path, parameters_path = map(str, paths)
    return status.ExportResult(certificate=certificate_path, key=key_path, dhparams=parameters_path)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its user can read, whole or not at all; raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
