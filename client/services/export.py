"""A member's credentials in files, for a stock client that supports SSL torrents."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from client.core.notices.notice_kinds import NoticeKind
from client.membership.credentials import Credentials
from client.results.metainfo import ExportResult
from client.storage.paths.os_errors import translating
from client.storage.paths.typed_path import typed_path
from client.storage.paths.writing import NewFile, check_place, write_private

_DH_PARAMETERS: Final = b"""-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""
"""ffdhe2048 (RFC 7919), the same for everybody; TLS 1.3 doesn't use it, but clients ask for it."""


def export_credentials(
    credentials: Credentials,
    user: str,
    group: str,
    folder: Path,
    notify: Callable[[NoticeKind, str], None],
) -> ExportResult:
    """Write certificate, key and DH parameters into the folder, which is created if necessary.

    Files of an earlier export for the same user and group are replaced. `notify` takes a notice's
    kind and text. Raises MinitorrentError: the tracker's refusal, file_exists for any other file
    in the way, or what is wrong with the folder.
    """
    folder = typed_path(folder)
    paths = [folder / name for name in ("certificate.pem", "key.pem", "dhparams.pem")]
    earlier = _Earlier(credentials.authority(group), user)
    judges = (earlier.is_certificate, earlier.is_key, _DH_PARAMETERS.__eq__)
    with translating(folder):
        if folder.is_dir():
            for path, judge in zip(paths, judges, strict=True):
                check_place(path, judge)
        elif os.path.lexists(folder):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        reply, key = credentials.export(group)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    contents = (reply.certificate.encode(), key, _DH_PARAMETERS)
    write_private(*map(NewFile, paths, contents, judges))
    notify(
        NoticeKind.WARNING,
        f"{paths[1]} lets anyone act as you in {group} until {reply.not_after} or the end "
        "of this login: keep it to yourself.",
    )
    certificate_path, key_path, parameters_path = map(str, paths)
    return ExportResult(certificate=certificate_path, key=key_path, dhparams=parameters_path)


class _Earlier:
    """Recognizes the files of an earlier export for the user, in the group of `authority`.

    The certificate has to be checked first: the key must match it.
    """

    def __init__(self, authority: str | None, user: str) -> None:
        self._authority = authority
        self._user = user
        self._key: bytes | None = None

    def is_certificate(self, data: bytes) -> bool:
        """Return whether this is the user's certificate in the group, expired or not."""
        if self._authority is None:
            return False
        try:
            found = x509.load_pem_x509_certificate(data)
            found.verify_directly_issued_by(
                x509.load_pem_x509_certificate(self._authority.encode())
            )
            (name,) = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        except (ValueError, TypeError, InvalidSignature):
            return False
        key = found.public_key()
        if name.value != self._user or not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        self._key = _public_bytes(key)
        return True

    def is_key(self, data: bytes) -> bool:
        """Return whether this is the key of that certificate."""
        try:
            found = serialization.load_pem_private_key(data, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            return False
        if not isinstance(found, ec.EllipticCurvePrivateKey):
            return False
        return _public_bytes(found.public_key()) == self._key


def _public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
