"""The key that encrypts all groups' private keys, kept outside the database.

It is taken from the environment, or from a file next to the database that only its owner may read.
All trackers of one database share it.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from pathlib import Path

from tracker.disk import check_plain, make_private, read_plain
from tracker.domain.secret_box import KEY_BYTES, SecretBox
from tracker.store.database.errors import DatabaseError
from tracker.store.unit_of_work import UnitOfWorkFactory

KEY_FILE = "authority.key"
KEY_VARIABLE = "MINITORRENT_AUTHORITY_KEY"

_MOST = 4096  # bytes of a key file, including trailing whitespace


def open_secret_box(database: UnitOfWorkFactory, folder: Path, given: str | None) -> SecretBox:
    """Return the secret box of this database, under the key `given` (base64) or the one in
    `folder`.

    The first tracker of a database creates the key. Raises DatabaseError when the key can't be
    read, or isn't the one that the database's other trackers use.
    """
    with database.read() as work:
        expected = work.authorities.key_fingerprint()
    if given is None and expected is None:
        _make_file(folder / KEY_FILE)
    secret_box = _find(folder, given)
    _compare(expected or _decide_for(database, secret_box), secret_box, folder, given)
    return secret_box


def find_secret_box(expected: bytes, folder: Path, given: str | None) -> SecretBox:
    """Return the secret box of a database, in which the fingerprint of its key is stored.

    Raises DatabaseError as above.
    """
    secret_box = _find(folder, given)
    _compare(expected, secret_box, folder, given)
    return secret_box


def _find(folder: Path, given: str | None) -> SecretBox:
    if given is not None:
        return SecretBox(_decode(given.strip(), KEY_VARIABLE))
    return SecretBox(_read_file(folder / KEY_FILE))


def _compare(
    expected: bytes | None, secret_box: SecretBox, folder: Path, given: str | None
) -> None:
    if expected != secret_box.fingerprint:
        source = folder / KEY_FILE if given is None else KEY_VARIABLE
        raise DatabaseError(
            f"the key in {source} doesn't match this database; copy the "
            f"{KEY_FILE} of the tracker that created it"
        )


def _decide_for(database: UnitOfWorkFactory, secret_box: SecretBox) -> bytes | None:
    """Store the key's fingerprint, unless another tracker has; return the stored one."""
    with database.write() as work:
        work.authorities.add_key_fingerprint(secret_box.fingerprint)
        return work.authorities.key_fingerprint()


def _make_file(path: Path) -> None:
    """Create the key file, complete from the start, unless it exists."""
    if os.path.lexists(path):
        return
    try:
        make_private(path, base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n")
    except OSError as error:
        raise DatabaseError(f"can't create the key {path}: {error.strerror or error}") from None


def _read_file(path: Path) -> bytes:
    try:
        if check_plain(path).st_mode & 0o077:
            raise DatabaseError(f"the key {path} is readable by others; run: chmod 600 {path}")
        return _decode(read_plain(path, _MOST).decode("ascii").strip(), str(path))
    except FileNotFoundError:
        raise DatabaseError(
            f"the key {path} is missing; copy the {KEY_FILE} of the tracker that created the "
            f"database there, or pass its content as {KEY_VARIABLE}"
        ) from None
    except UnicodeDecodeError:
        raise _no_key(str(path)) from None
    except OSError as error:
        raise DatabaseError(f"can't read the key {path}: {error.strerror or error}") from None


def _decode(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise _no_key(source) from None
    if len(key) != KEY_BYTES:
        raise _no_key(source)
    return key


def _no_key(source: str) -> DatabaseError:
    return DatabaseError(f"no valid key in {source}; it must be {KEY_BYTES} bytes in base64")
