"""How the members of a sealed group prove their membership to each other.

A group has its own certificate authority: a peer is a member if it presents a certificate signed
by that authority, within its dates, and whose holder has not been removed since.
"""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from client.descriptors import wait_for_descriptor
from common.api.authority import MEMBER_URI
from common.tls import new_context

_MARGIN: Final = 1 / 6
"""How long before a certificate's end its connections are replaced, as a share of its lifetime."""

_PURPOSES: Final = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH})


class MembershipError(OSError):
    """The peer is not an accepted member, or we can't prove that we are one."""


@dataclass(frozen=True, slots=True)
class Membership:
    """What a certificate proves: the member (`user`), the login (`holder`) and the group.

    The connection may last until `expires_at` (seconds since the epoch), when either side's
    certificate has expired.
    """

    user: str
    holder: str
    expires_at: float
    group_tls: GroupTls


@dataclass(frozen=True, slots=True)
class _Identity:
    """Our own certificate, ready for use on either side of a connection."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    expires_at: float
    lifetime: float


class GroupTls:
    """A sealed group's TLS configuration and membership rules. Thread-safe.

    `authority` is the group's certificate (PEM), `now` returns seconds since the epoch. Raises
    ValueError when the authority isn't a certificate.
    """

    def __init__(self, authority: str, now: Callable[[], float] = time.time) -> None:
        self.authority = authority
        self._issuer = x509.load_pem_x509_certificate(authority.encode())
        self._now = now
        self._revoked: frozenset[str] = frozenset()
        self._identity: _Identity | None = None

    # --- our own side -----------------------------------------------------------------------
    def set_certificate(self, certificate: str, key: ec.EllipticCurvePrivateKey) -> None:
        """Present this certificate (PEM) from the next connection on."""
        expires_at = _valid_until(x509.load_pem_x509_certificate(certificate.encode()))
        with certificate_file(certificate, key) as (path, password):
            self._identity = _Identity(
                server=self._context(ssl.PROTOCOL_TLS_SERVER, path, password),
                client=self._context(ssl.PROTOCOL_TLS_CLIENT, path, password),
                expires_at=expires_at,
                lifetime=expires_at - self._now(),
            )

    def clear_certificate(self) -> None:
        """Stop presenting a certificate, and so stop connecting to anybody."""
        self._identity = None

    @property
    def server_context(self) -> ssl.SSLContext:
        """The context for a peer that dialled us; raises MembershipError without a certificate."""
        return self._own.server

    @property
    def client_context(self) -> ssl.SSLContext:
        """The context for a peer that we dial; raises MembershipError without a certificate."""
        return self._own.client

    @property
    def renewal_margin(self) -> float:
        """How many seconds before its end a connection is replaced by one that lasts longer.

        By then both sides have their next certificates.
        """
        identity = self._identity
        return identity.lifetime * _MARGIN if identity else 0.0

    @property
    def _own(self) -> _Identity:
        identity = self._identity
        if identity is None:
            raise MembershipError("no certificate to show yet")
        return identity

    def _context(self, protocol: ssl._SSLMethod, path: Path, password: bytes) -> ssl.SSLContext:
        context = strict_context(protocol)
        context.load_verify_locations(cadata=self.authority)
        context.load_cert_chain(path, password=password)
        return context

    # --- the other side ---------------------------------------------------------------------
    def revoke(self, holders: Iterable[str]) -> None:
        """Reject these holders' certificates from now on, whatever their dates."""
        self._revoked |= frozenset(holders)

    def accepts(self, membership: Membership) -> bool:
        """Return whether a connection may continue."""
        return (
            membership.group_tls is self
            and self._now() < membership.expires_at
            and membership.holder not in self._revoked
        )

    def time_left(self, membership: Membership) -> float:
        """Return the seconds until a certificate of the connection expires."""
        return membership.expires_at - self._now()

    def inspect(self, certificate: bytes | None) -> Membership:
        """Return the membership that a certificate (DER) proves; raises MembershipError.

        TLS has verified it already; this check doesn't rely on the TLS configuration.
        """
        if certificate is None:
            raise MembershipError("it presents no certificate")
        try:
            shown = x509.load_der_x509_certificate(certificate)
            shown.verify_directly_issued_by(self._issuer)
            user, holder = _subject(shown), _holder(shown)
            _check_use(shown)
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as error:
            raise MembershipError(
                "its certificate was not issued by this group's authority"
            ) from error
        if not _valid_from(shown) <= self._now() < _valid_until(shown):
            raise MembershipError(f"the certificate of {user} is not valid now")
        expires_at = min(_valid_until(shown), self._own.expires_at)
        membership = Membership(user, holder, expires_at, self)
        if not self.accepts(membership):
            raise MembershipError(
                f"{user} was removed from the group, or a certificate has expired"
            )
        return membership


def strict_context(protocol: ssl._SSLMethod) -> ssl.SSLContext:
    """Return a TLS 1.3 context that requires certificates on both sides, without resumption.

    A session ticket would let a member of one group into another group at the same listener, and
    outlive an expired certificate.
    """
    context = new_context(protocol)
    context.check_hostname = False  # the group's authority vouches for members, not host names
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def certificate_file(
    certificate: str, key: ec.EllipticCurvePrivateKey
) -> Iterator[tuple[Path, bytes]]:
    """Write a certificate and its key to a file, as `ssl` requires; yields path and password.

    The file is in memory only. On systems without such files, only its user can read it. The key
    is encrypted in either case, so it is never stored in plain text.
    """
    password = secrets.token_hex(32).encode()
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password),
    )
    with wait_for_descriptor(_scratch_file) as stream:
        stream.write(certificate.encode() + encrypted)
        stream.flush()
        name = stream.name
        yield Path(f"/proc/self/fd/{name}" if isinstance(name, int) else name), password


def _scratch_file() -> IO[bytes]:
    """Return a file that vanishes on close; its name is its descriptor if it has no path."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        return os.fdopen(os.memfd_create("certificate", os.MFD_CLOEXEC), "w+b")
    return tempfile.NamedTemporaryFile(suffix=".pem")  # mode 0600


def _subject(certificate: x509.Certificate) -> str:
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(name.value)


def _holder(certificate: x509.Certificate) -> str:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
    if not uri.startswith(MEMBER_URI):
        raise ValueError("names no member")
    return uri.removeprefix(MEMBER_URI)


def _check_use(certificate: x509.Certificate) -> None:
    extensions = certificate.extensions
    if extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise ValueError("is a certificate authority's")
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if not _PURPOSES.issubset(purposes):
        raise ValueError("is not for peers")


def _valid_from(certificate: x509.Certificate) -> float:
    return certificate.not_valid_before_utc.timestamp()


def _valid_until(certificate: x509.Certificate) -> float:
    return certificate.not_valid_after_utc.timestamp()
