"""The tracker's certificate: generated at the first start, or the operator's."""

from __future__ import annotations

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from common.tls import new_context
from tracker.disk import check_plain, make_private

_FILE_NAME = "tracker.pem"
_VALID = timedelta(days=20 * 365)  # clients pin it; expiry would only lock them out


def own_context(folder: Path) -> ssl.SSLContext:
    """Return a TLS context for the certificate in `folder`, generated if missing (EC P-256,
    self-signed).

    Raises OSError, including ssl.SSLError.
    """
    path = folder / _FILE_NAME
    if not os.path.lexists(path):
        make_private(path, _new_certificate())
    return make_context(path, path)


def make_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return a TLS 1.3 context for a certificate chain and its key, both PEM.

    Raises OSError, including ssl.SSLError.
    """
    for path in (certificate, key):
        check_plain(path)  # OpenSSL would block on a pipe without a writer
    context = new_context(ssl.PROTOCOL_TLS_SERVER)
    # Without this, OpenSSL would prompt for the key's password at the terminal.
    context.load_cert_chain(certificate, key, password="")
    return context


def _new_certificate() -> bytes:
    """Generate a key and its self-signed certificate (PEM)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Minitorrent tracker")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
