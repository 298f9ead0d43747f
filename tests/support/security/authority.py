"""Sealed groups without a tracker: their authorities, members' certificates, and forgeries."""

from __future__ import annotations

import secrets
import ssl
import tempfile
import time
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from client.net.transports.group_tls import GroupTls
from tracker.domain import certificates
from tracker.domain.certificates import Authority, Holder

HOUR = 3600.0


class Credential:
    """A certificate (PEM) and its key."""

    def __init__(self, certificate: str, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self.key = key

    @property
    def der(self) -> bytes:
        """The certificate as sent over the network (DER)."""
        return ssl.PEM_cert_to_DER_cert(self.certificate)

    def load_into(self, context: ssl.SSLContext) -> None:
        """Load it into the context."""
        with tempfile.NamedTemporaryFile() as stream:
            stream.write(self.certificate.encode() + private_pem(self.key))
            stream.flush()
            context.load_cert_chain(Path(stream.name))


class Group:
    """A sealed group; two of the same name have the same subject and different keys."""

    def __init__(self, name: str = "lab", authority: Authority | None = None) -> None:
        self._authority = authority or certificates.make_authority(
            name, secrets.token_bytes(40), secrets.token_bytes(16), time.time()
        )

    @property
    def certificate(self) -> str:
        """The authority's own (PEM)."""
        return self._authority.certificate

    def issue(
        self, user: str, *, starts: float = 0.0, lifetime: float = HOUR, holder: str | None = None
    ) -> Credential:
        """A member's certificate, issued `starts` seconds from now."""
        return _issue(self._authority, user, starts, lifetime, holder)

    def certify(self, key: ec.EllipticCurvePublicKey, user: str, lifetime: float) -> str:
        """Return a certificate (PEM) for somebody else's key."""
        holder = Holder(user, f"{user}-1")
        serial = secrets.token_bytes(16)
        issued = certificates.issue(self._authority, key, holder, serial, time.time(), lifetime)
        return issued.certificate

    def issue_as_member(self, member: Credential, user: str) -> Credential:
        """Sign a certificate as a member posing as an authority, followed by the member's own."""
        key = member.key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        issued = _issue(Authority(member.certificate, key), user, 0.0, HOUR, None)
        return Credential(issued.certificate + member.certificate, issued.key)

    def group_tls(self, user: str, *, lifetime: float = HOUR) -> GroupTls:
        """Return the group's TLS contexts for this member."""
        group_tls = GroupTls(self.certificate)
        credential = self.issue(user, lifetime=lifetime)
        group_tls.set_certificate(credential.certificate, credential.key)
        return group_tls


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _issue(
    authority: Authority, user: str, starts: float, lifetime: float, holder: str | None
) -> Credential:
    key = ec.generate_private_key(ec.SECP256R1())
    issued = certificates.issue(
        authority,
        key.public_key(),
        Holder(user, holder or f"{user}-1"),
        secrets.token_bytes(16),
        time.time() + starts,
        lifetime,
    )
    return Credential(issued.certificate, key)
