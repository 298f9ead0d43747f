"""A sealed group's own certificate, and those it issues to members (X.509, RFC 5280).

Both use the curve P-256. The caller supplies the randomness, and signatures are deterministic (RFC
6979), so the same arguments always give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from common.api.authority import MEMBER_URI
from common.errors import ErrorCode, MinitorrentError

SECRET_BYTES = 40
"""Random bytes for a key: 64 bits more than the key, so that all are equally likely (FIPS 186-5,
A.2.1).
"""

SERIAL_BYTES = 16
"""Random bytes for a serial number; RFC 5280 allows up to 20 bytes."""

AUTHORITY_YEARS = 30
CLOCK_SKEW = timedelta(minutes=5)
"""How far another member's clock may be behind."""

_CURVE = ec.SECP256R1()
_CURVE_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class Authority:
    """A group's certificate (PEM) and its private key (PKCS #8, DER)."""

    certificate: str
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class Holder:
    """The holder of a certificate: a member's name, and the id of one of the member's logins."""

    user: str
    uid: str


@dataclass(frozen=True)
class Issued:
    """A member's certificate (PEM), valid until `not_after` (seconds since the epoch)."""

    certificate: str
    not_after: float


def make_authority(group: str, secret: bytes, serial: bytes, now: float) -> Authority:
    """Create a self-signed authority from SECRET_BYTES and SERIAL_BYTES of randomness.

    Replacing it would change every info-hash of the group, so it is valid for decades.
    """
    key = ec.derive_private_key(1 + int.from_bytes(secret) % (_CURVE_ORDER - 1), _CURVE)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Minitorrent group"),
            x509.NameAttribute(NameOID.COMMON_NAME, group),
        ]
    )
    start = _whole_seconds(now)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), _serial_number(serial))
        .not_valid_before(start - CLOCK_SKEW)
        .not_valid_after(start + AUTHORITY_YEARS * timedelta(days=365.25))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return Authority(
        certificate=_pem(certificate),
        key=key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def read_request(pem: str) -> ec.EllipticCurvePublicKey:
    """Return the public key of a PKCS #10 request, signed with the matching private key.

    Raises MinitorrentError(usage).
    """
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        key = request.public_key()
        fits = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
        valid = fits and request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        valid = False
    if not valid or not isinstance(key, ec.EllipticCurvePublicKey):
        raise MinitorrentError(
            ErrorCode.USAGE,
            "This is not a signed request (PKCS #10, PEM) for a certificate on the curve P-256.",
        )
    return key


def issue(
    authority: Authority,
    key: ec.EllipticCurvePublicKey,
    holder: Holder,
    serial: bytes,
    now: float,
    lifetime: float,
) -> Issued:
    """Issue a certificate for a member's key, valid for `lifetime` seconds.

    It is for clients and servers, since every peer listens and dials. Other clients of SSL torrents
    look for `DNS:*`; `serial` is SERIAL_BYTES of randomness.
    """
    issuer = x509.load_pem_x509_certificate(authority.certificate.encode())
    signer = serialization.load_der_private_key(authority.key, None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise ValueError("the authority's key is not on an elliptic curve")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, holder.user)])
    end = _whole_seconds(now + lifetime)
    certificate = (
        x509.CertificateBuilder(issuer.subject, name, key, _serial_number(serial))
        .not_valid_before(_whole_seconds(now) - CLOCK_SKEW)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(_PEER, critical=False)
        .add_extension(_names(holder), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
        .sign(signer, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return Issued(_pem(certificate), end.timestamp())


_PEER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])


def _names(holder: Holder) -> x509.SubjectAlternativeName:
    uri = x509.UniformResourceIdentifier(MEMBER_URI + holder.uid)
    return x509.SubjectAlternativeName([x509.DNSName("*"), uri])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _serial_number(random: bytes) -> int:
    """Return a positive number, as RFC 5280 requires."""
    return int.from_bytes(b"\x01" + random)


def _whole_seconds(moment: float) -> datetime:
    return datetime.fromtimestamp(int(moment), UTC)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
