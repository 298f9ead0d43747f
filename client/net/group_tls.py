"""What the members of a sealed group show each other, and whom they accept.

A group is a certificate authority: a peer is a member if it shows a certificate that the group's
own authority has signed, within its dates, and whose holder was not removed since.
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

from client.patience import patiently
from common.api.authority import MEMBER_URI

_PURPOSES: Final = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH})


class SealError(OSError):
    """The other side is no member that is accepted, or we can't prove to be one ourselves."""


@dataclass(frozen=True, slots=True)
class Membership:
    """What a certificate says: who (`user`), by which login (`holder`), in whose group (`seal`).

    `expires_at` is the moment (seconds since the epoch) until which the connection may last: one
    side's certificate has expired then.
    """

    user: str
    holder: str
    expires_at: float
    seal: GroupTls


@dataclass(frozen=True, slots=True)
class _Identity:
    """Our own certificate, ready for use on either side of a connection."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    expires_at: float
    lifetime: float


class GroupTls:
    """One sealed group, as its member at this client sees it. Safe to use from several threads.

    `authority` is the group's certificate (PEM), `now` tells the time in seconds since the epoch.
    Raises ValueError when the authority is no certificate.
    """

    def __init__(self, authority: str, now: Callable[[], float] = time.time) -> None:
        self.authority = authority
        self._issuer = x509.load_pem_x509_certificate(authority.encode())
        self._now = now
        self._removed: frozenset[str] = frozenset()
        self._identity: _Identity | None = None

    # --- our own side -----------------------------------------------------------------------
    def equip(self, certificate: str, key: ec.EllipticCurvePrivateKey) -> None:
        """Show this certificate (PEM) from the next connection on."""
        expires_at = _end(x509.load_pem_x509_certificate(certificate.encode()))
        with _in_a_file(certificate, key) as (path, password):
            self._identity = _Identity(
                server=self._context(ssl.PROTOCOL_TLS_SERVER, path, password),
                client=self._context(ssl.PROTOCOL_TLS_CLIENT, path, password),
                expires_at=expires_at,
                lifetime=expires_at - self._now(),
            )

    def strip(self) -> None:
        """Show nothing any more, and so connect to nobody."""
        self._identity = None

    @property
    def server_context(self) -> ssl.SSLContext:
        """For a peer that dialled us; raises SealError."""
        return self._own.server

    @property
    def client_context(self) -> ssl.SSLContext:
        """For a peer that we dial; raises SealError."""
        return self._own.client

    @property
    def margin(self) -> float:
        """How long (seconds) before its end a connection is replaced by one that lasts longer.

        By then both sides have their next certificates.
        """
        identity = self._identity
        return identity.lifetime / 6 if identity else 0.0

    @property
    def _own(self) -> _Identity:
        identity = self._identity
        if identity is None:
            raise SealError("no certificate to show yet")
        return identity

    def _context(self, protocol: ssl._SSLMethod, path: Path, password: bytes) -> ssl.SSLContext:
        context = strict_context(protocol)
        context.load_verify_locations(cadata=self.authority)
        context.load_cert_chain(path, password=password)
        return context

    # --- the other side ---------------------------------------------------------------------
    def revoke(self, holders: Iterable[str]) -> None:
        """Accept these holders' certificates no more, whatever their dates."""
        self._removed |= frozenset(holders)

    def accepts(self, membership: Membership) -> bool:
        """Whether a connection may go on."""
        return (
            membership.seal is self
            and self._now() < membership.expires_at
            and membership.holder not in self._removed
        )

    def time_left(self, membership: Membership) -> float:
        """Seconds until a certificate of the connection expires."""
        return membership.expires_at - self._now()

    def inspect(self, certificate: bytes | None) -> Membership:
        """Who shows this certificate (DER); raises SealError when it is no accepted member.

        TLS has looked at it already. This does not rely on how TLS was set up.
        """
        if certificate is None:
            raise SealError("it shows no certificate")
        try:
            shown = x509.load_der_x509_certificate(certificate)
            shown.verify_directly_issued_by(self._issuer)
            user, holder = _subject(shown), _holder(shown)
            _check_use(shown)
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as error:
            raise SealError("its certificate is not one of this group's") from error
        if not _start(shown) <= self._now() < _end(shown):
            raise SealError(f"the certificate of {user} is not valid now")
        expires_at = min(_end(shown), self._own.expires_at)
        membership = Membership(user, holder, expires_at, self)
        if not self.accepts(membership):
            raise SealError(f"{user} was removed from the group, or a certificate has expired")
        return membership


def strict_context(protocol: ssl._SSLMethod) -> ssl.SSLContext:
    """TLS 1.3 with a certificate on either side, and no resumption.

    A ticket would let a member of one group into another group at the same listener, and an
    expired certificate live on.
    """
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # whose certificate it is says the authority, not a host name
    context.verify_mode = ssl.CERT_REQUIRED
    if protocol is ssl.PROTOCOL_TLS_SERVER:
        context.num_tickets = 0
    return context


@contextmanager
def _in_a_file(certificate: str, key: ec.EllipticCurvePrivateKey) -> Iterator[tuple[Path, bytes]]:
    """A certificate and its key in a file, the only way to load them, and the key's password.

    The file is in memory only. Where the system has no such files it is one that only its user can
    read; the key is encrypted there, too, and so never rests on a disk.
    """
    password = secrets.token_hex(32).encode()
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password),
    )
    with patiently(_scratch_file) as stream:
        stream.write(certificate.encode() + encrypted)
        stream.flush()
        name = stream.name
        yield Path(f"/proc/self/fd/{name}" if isinstance(name, int) else name), password


def _scratch_file() -> IO[bytes]:
    """A file that is gone when it is closed; its name is its descriptor when it has no other."""
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
        raise ValueError("is an authority's")
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if not _PURPOSES.issubset(purposes):
        raise ValueError("is not for peers")


def _start(certificate: x509.Certificate) -> float:
    return certificate.not_valid_before_utc.timestamp()


def _end(certificate: x509.Certificate) -> float:
    return certificate.not_valid_after_utc.timestamp()
