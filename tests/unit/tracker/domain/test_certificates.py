from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ErrorCode, MinitorrentError
from tracker.domain.certificates import (
    SECRET_BYTES,
    SERIAL_BYTES,
    Authority,
    Holder,
    issue,
    make_authority,
    read_request,
)

NOW = 1_800_000_000.5
START = datetime.fromtimestamp(1_800_000_000, UTC)
SERIAL = bytes(SERIAL_BYTES)
ANN = Holder("ann", "ab" * 16)


def authority_of(group: str, secret: bytes = b"\x07" * SECRET_BYTES) -> Authority:
    return make_authority(group, secret, SERIAL, NOW)


LAB = authority_of("lab")


def load(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def request_for(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    name = x509.Name([])
    request = x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


KEY = ec.derive_private_key(5, ec.SECP256R1())
REQUEST_DER = x509.load_pem_x509_csr(request_for(KEY).encode()).public_bytes(
    serialization.Encoding.DER
)


def issued(lifetime: float = 3600.0) -> x509.Certificate:
    key = ec.derive_private_key(5, ec.SECP256R1()).public_key()
    return load(issue(LAB, key, ANN, SERIAL, NOW, lifetime).certificate)


def test_the_authority_can_sign_only_members() -> None:
    certificate = load(LAB.certificate)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.key_cert_sign
    assert usage.value.crl_sign
    assert not usage.value.digital_signature
    certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert certificate.subject == certificate.issuer
    certificate.verify_directly_issued_by(certificate)


def test_the_authority_is_valid_for_decades() -> None:
    certificate = load(LAB.certificate)
    assert certificate.not_valid_before_utc == START - timedelta(minutes=5)
    assert certificate.not_valid_after_utc > START + timedelta(days=30 * 365)


def test_the_authority_as_pem() -> None:
    assert LAB.certificate.count("-----BEGIN CERTIFICATE-----") == 1
    assert LAB.certificate.isascii()
    key = serialization.load_der_private_key(LAB.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert key.public_key() == load(LAB.certificate).public_key()
    assert str(key.private_numbers().private_value) not in repr(LAB)
    assert LAB.key.hex() not in repr(LAB)


@given(st.binary(min_size=SECRET_BYTES, max_size=SECRET_BYTES))
def test_an_authority_is_a_function_of_its_randomness(secret: bytes) -> None:
    first, again = authority_of("lab", secret), authority_of("lab", secret)
    assert first == again
    if secret != b"\x07" * SECRET_BYTES:
        assert first.key != LAB.key


@pytest.mark.parametrize("secret", [bytes(SECRET_BYTES), b"\xff" * SECRET_BYTES])
def test_any_randomness_makes_a_valid_key(secret: bytes) -> None:
    load(authority_of("lab", secret).certificate)


@given(st.binary(min_size=SERIAL_BYTES, max_size=SERIAL_BYTES))
def test_serial_numbers_are_positive_and_fit(serial: bytes) -> None:
    number = load(make_authority("lab", b"\x07" * SECRET_BYTES, serial, NOW).certificate)
    assert 0 < number.serial_number < 2**159


def test_a_members_certificate_names_user_holder_and_purpose() -> None:
    certificate = issued()
    assert certificate.subject.rfc4514_string() == "CN=ann"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["*"]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        "minitorrent:user:" + "ab" * 16
    ]
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert not constraints.value.ca
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(extended) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}


def test_a_members_certificate_is_signed_by_the_authority() -> None:
    certificate, authority = issued(), load(LAB.certificate)
    certificate.verify_directly_issued_by(authority)
    parent = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert parent.key_identifier == own.digest
    with pytest.raises(InvalidSignature):
        certificate.verify_directly_issued_by(
            load(authority_of("lab", b"\x08" * SECRET_BYTES).certificate)
        )


@given(st.integers(1, 10**6))
def test_a_members_certificate_is_short_lived(lifetime: int) -> None:
    key = ec.derive_private_key(5, ec.SECP256R1()).public_key()
    result = issue(LAB, key, ANN, SERIAL, NOW, lifetime)
    certificate = load(result.certificate)
    assert certificate.not_valid_before_utc == START - timedelta(minutes=5)
    assert certificate.not_valid_after_utc == START + timedelta(seconds=lifetime)
    assert certificate.not_valid_after_utc.timestamp() == result.not_after
    assert certificate.public_key() == key


def test_only_an_elliptic_key_can_sign() -> None:
    other = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key = ec.derive_private_key(5, ec.SECP256R1()).public_key()
    with pytest.raises(ValueError, match="elliptic"):
        issue(Authority(LAB.certificate, other), key, ANN, SERIAL, NOW, 60)


def test_a_request_yields_its_key() -> None:
    key = ec.derive_private_key(5, ec.SECP256R1())
    assert read_request(request_for(key)) == key.public_key()


def refused(pem: str) -> bool:
    with pytest.raises(MinitorrentError) as raised:
        read_request(pem)
    return raised.value.code is ErrorCode.USAGE


def test_only_p256_requests_are_accepted() -> None:
    assert refused(request_for(ec.derive_private_key(5, ec.SECP384R1())))
    assert refused(request_for(ec.derive_private_key(5, ec.SECP256K1())))
    assert refused(request_for(rsa.generate_private_key(65537, 2048)))
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(
        ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)), None
    )
    assert refused(request.public_bytes(serialization.Encoding.PEM).decode())


def test_the_sender_of_a_request_must_have_its_private_key() -> None:
    """Return a request for somebody else's public key, signed with another key."""
    mine = ec.derive_private_key(5, ec.SECP256R1())
    request = x509.load_pem_x509_csr(request_for(mine).encode())
    der = request.public_bytes(serialization.Encoding.DER)
    point = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    theirs = ec.derive_private_key(6, ec.SECP256R1()).public_key()
    forged = der.replace(mine.public_key().public_bytes(*point), theirs.public_bytes(*point))
    assert forged != der
    stolen = x509.load_der_x509_csr(forged)
    assert stolen.public_key() == theirs
    assert refused(stolen.public_bytes(serialization.Encoding.PEM).decode())


@given(st.text(max_size=300))
def test_invalid_requests_are_refused(text: str) -> None:
    assert refused(text)
    assert refused(
        f"-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----"
    )


@given(st.integers(0, len(REQUEST_DER) - 1), st.integers(1, 255))
def test_a_damaged_request_yields_no_other_key(position: int, change: int) -> None:
    damaged = bytearray(REQUEST_DER)
    damaged[position] ^= change
    text = base64.encodebytes(damaged).decode()
    pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"
    try:
        assert read_request(pem) == KEY.public_key()
    except MinitorrentError as error:
        assert error.code is ErrorCode.USAGE


@pytest.mark.parametrize("version", [1, 7])
def test_a_request_of_another_version_is_refused(version: int) -> None:
    start = REQUEST_DER.index(b"\x02\x01\x00")
    damaged = REQUEST_DER[: start + 2] + bytes([version]) + REQUEST_DER[start + 3 :]
    text = base64.encodebytes(damaged).decode()
    assert refused(
        f"-----BEGIN CERTIFICATE REQUEST-----\n{text}-----END CERTIFICATE REQUEST-----\n"
    )
