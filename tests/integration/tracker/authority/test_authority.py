"""Sealed groups: issuing certificates, and notices of revoked ones."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from common.api.authority import MEMBER_URI
from tests.integration.tracker.conftest import Connect, StartTracker
from tests.integration.tracker.sessions import (
    SessionClient,
    as_base64,
    code_of,
    let_in,
    make_metainfo,
)
from tracker.domain.secret_box import SecretBox
from tracker.store.authority_key import KEY_FILE

SignUp = Callable[[str], SessionClient]


def make_request(key: ec.EllipticCurvePrivateKey) -> str:
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


REQUEST = make_request(ec.derive_private_key(5, ec.SECP256R1()))


def certify(client: SessionClient, group: str = "vault") -> dict[str, Any]:
    return client.call("issue_certificate", group=group, request=REQUEST)


def load(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def holder_of(reply: dict[str, Any]) -> str:
    """The id in the certificate's URI."""
    names = load(reply["certificate"]).extensions
    (uri,) = names.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.UniformResourceIdentifier
    )
    assert uri.startswith(MEMBER_URI)
    return uri.removeprefix(MEMBER_URI)


@pytest.fixture
def owner(ann: SessionClient) -> SessionClient:
    """Set up ann, who owns the sealed group `vault`."""
    ann.call("create_group", group="vault", mode="sealed")
    return ann


@pytest.fixture
def member(owner: SessionClient, bob: SessionClient) -> SessionClient:
    """Bob, a member of `vault`."""
    let_in(bob, "bob", owner, "vault")
    return bob


def test_a_sealed_group_has_an_authority(owner: SessionClient, member: SessionClient) -> None:
    profile = owner.call("get_group", group="vault")
    assert profile == {**member.call("get_group", group="vault"), "role": "owner"}
    certificate = load(profile["authority"])
    certificate.verify_directly_issued_by(certificate)
    assert (profile["mode"], profile["removed"]) == ("sealed", [])
    owner.call("create_group", group="open", mode="open")
    assert owner.call("get_group", group="open")["authority"] is None


@pytest.mark.any_database
def test_groups_of_one_name_have_different_authorities(owner: SessionClient) -> None:
    first = owner.call("get_group", group="vault")["authority"]
    owner.call("leave_group", group="vault")
    owner.call("create_group", group="vault", mode="sealed")
    assert owner.call("get_group", group="vault")["authority"] != first


def test_a_member_gets_a_certificate(owner: SessionClient, member: SessionClient) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    reply = certify(member)
    assert reply["group"] == "vault"
    assert reply["authority"] == owner.call("get_group", group="vault")["authority"]
    certificate = load(reply["certificate"])
    certificate.verify_directly_issued_by(load(reply["authority"]))
    assert certificate.subject.rfc4514_string() == "CN=bob"
    assert certificate.public_key() == ec.derive_private_key(5, ec.SECP256R1()).public_key()
    end = certificate.not_valid_after_utc
    assert before + timedelta(hours=12) <= end <= before + timedelta(hours=12, seconds=30)
    assert reply["not_after"] == end.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_each_login_is_a_separate_holder(
    owner: SessionClient, member: SessionClient, tracker: Any, connect: Connect
) -> None:
    first, again = certify(member), certify(member)
    assert first["certificate"] != again["certificate"]
    assert holder_of(first) == holder_of(again)
    laptop = connect(tracker)
    laptop.login("bob")
    holders = {holder_of(first), holder_of(certify(laptop)), holder_of(certify(owner))}
    assert len(holders) == 3


@pytest.mark.any_database
def test_no_certificate_for_non_members(
    owner: SessionClient, member: SessionClient, eve: SessionClient
) -> None:
    for request in (REQUEST, "nonsense"):
        arguments = {"group": "vault", "request": request}
        assert code_of(eve, "issue_certificate", **arguments) == "not_member"
    assert code_of(owner, "issue_certificate", group="none", request=REQUEST) == "no_such_group"
    assert code_of(owner, "issue_certificate", group="lab", request=REQUEST) == "usage"
    assert code_of(member, "issue_certificate", group="vault", request="nonsense") == "usage"
    other = make_request(ec.derive_private_key(5, ec.SECP384R1()))
    assert code_of(member, "issue_certificate", group="vault", request=other) == "usage"


@pytest.mark.any_database
def test_the_lifetime_is_an_option(start_tracker: StartTracker, connect: Connect) -> None:
    ann = connect(start_tracker(certificate_lifetime=5)).sign_up("ann")
    ann.call("create_group", group="vault", mode="sealed")
    certificate = load(certify(ann)["certificate"])
    validity = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert validity == timedelta(minutes=5, seconds=5)


@pytest.mark.any_database
def test_metainfo_must_carry_the_groups_certificate(owner: SessionClient) -> None:
    profile = owner.call("get_group", group="vault")
    owner.call("create_group", group="club", mode="sealed")
    others = owner.call("get_group", group="club")["authority"]
    authority = profile["authority"]
    for wrong in (None, others, authority + "\n", authority.strip(), authority + others, ""):
        data = as_base64(make_metainfo("x", b"x", profile["source"], wrong))
        arguments = {"group": "vault", "name": "x", "metainfo": data}
        assert code_of(owner, "add_file", **arguments) == "usage"
    file = owner.upload("vault", "x")
    assert owner.call("find_file", info_hash=file["info_hash"])["group"] == "vault"


@pytest.mark.any_database
def test_metainfo_of_an_open_group_carries_none(owner: SessionClient) -> None:
    authority = owner.call("get_group", group="vault")["authority"]
    owner.call("create_group", group="open", mode="open")
    source = owner.call("get_group", group="open")["source"]
    for wrong in (authority, ""):
        data = as_base64(make_metainfo("x", b"x", source, wrong))
        arguments = {"group": "open", "name": "x", "metainfo": data}
        assert code_of(owner, "add_file", **arguments) == "usage"
    owner.upload("open", "x")


def test_a_removal_reaches_every_member(
    owner: SessionClient, member: SessionClient, sign_up: SignUp, tracker: Any, connect: Connect
) -> None:
    others = [sign_up(f"user{number}") for number in range(8)]
    for number, other in enumerate(others):
        let_in(other, f"user{number}", owner, "vault")
    laptop = connect(tracker)
    laptop.login("bob")
    ids = sorted(holder_of(certify(client)) for client in (member, laptop))

    owner.call("remove_member", group="vault", user="bob")
    for client in (owner, *others):
        notice = client.notice(kind="member_left")
        assert (notice["group"], notice["subject"], notice["actor"]) == ("vault", "bob", "ann")
        assert notice["removed"] == ids
        assert notice["text"] == "ann removed bob from vault."

    for client in (member, laptop):
        assert client.notice(kind="member_removed")["subject"] == "bob"
        assert code_of(client, "issue_certificate", group="vault", request=REQUEST) == "not_member"
        assert not any(event["kind"] == "member_left" for event in client.notices)


@pytest.mark.any_database
def test_leaving_reaches_every_member(owner: SessionClient, member: SessionClient) -> None:
    gone = holder_of(certify(member))
    member.call("leave_group", group="vault")
    notice = owner.notice(kind="member_left")
    assert (notice["subject"], notice["removed"]) == ("bob", [gone])
    assert notice["text"] == "bob left vault."


def test_offline_members_learn_of_removals_later(
    owner: SessionClient, member: SessionClient
) -> None:
    gone = holder_of(certify(member))
    owner.call("remove_member", group="vault", user="bob")
    assert owner.call("get_group", group="vault")["removed"] == [gone]
    assert certify(owner)["removed"] == [gone]


def test_a_returning_member_is_a_new_holder(owner: SessionClient, member: SessionClient) -> None:
    gone = holder_of(certify(member))
    owner.call("remove_member", group="vault", user="bob")
    member.notice(kind="member_removed")
    let_in(member, "bob", owner, "vault")
    again = certify(member)
    assert holder_of(again) != gone
    assert again["removed"] == [gone]


def test_certificates_end_with_the_login(
    owner: SessionClient, member: SessionClient, tracker: Any, connect: Connect
) -> None:
    stays = holder_of(certify(member))
    laptop = connect(tracker)
    laptop.login("bob")
    gone = holder_of(certify(laptop))
    assert gone != stays
    laptop.call("logout")
    assert owner.call("get_group", group="vault")["removed"] == [gone]


def test_a_changed_password_voids_the_other_logins_certificates(
    owner: SessionClient, member: SessionClient, tracker: Any, connect: Connect
) -> None:
    stays = holder_of(certify(member))
    laptop = connect(tracker)
    laptop.login("bob")
    gone = holder_of(certify(laptop))
    member.call("change_password", old="secret123", new="another-secret")
    for client in (owner, member):
        notice = client.notice(kind="certificates_revoked")
        assert (notice["subject"], notice["removed"]) == ("bob", [gone])
    assert owner.call("get_group", group="vault")["removed"] == [gone]
    assert stays != gone
    assert holder_of(certify(member)) == stays


def test_certificates_are_in_the_audit(owner: SessionClient, member: SessionClient) -> None:
    certify(member)
    events = owner.call("list_events", group="vault")["events"]
    (row,) = [row for row in events if row["what"] == "certificate_issued"]
    assert (row["who"], row["subject"], row["address"]) == ("bob", "bob", "127.0.0.1")


def test_a_revocation_is_dropped_when_the_certificate_expires(
    start_tracker: StartTracker, connect: Connect
) -> None:
    """Certified for 1 second: by the time the reply has been read twice, it is over."""
    app = start_tracker(certificate_lifetime=1)
    ann, bob = connect(app).sign_up("ann"), connect(app).sign_up("bob")
    ann.call("create_group", group="vault", mode="sealed")
    let_in(bob, "bob", ann, "vault")
    certify(bob)
    ann.call("remove_member", group="vault", user="bob")
    end = monotonic() + 10
    while ann.call("get_group", group="vault")["removed"]:
        assert monotonic() < end


@pytest.mark.sqlite  # it reads SQLite's file
def test_a_copy_of_the_database_decrypts_no_key(owner: SessionClient, tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "tracker.db")
    (sealed, uid, certificate), *_ = database.execute(
        "SELECT sealed_key, uid, certificate FROM authorities JOIN groups ON groups.id = group_id"
    ).fetchall()
    # The index of parts of names is no table that could be dumped.
    virtual = "SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL %'"
    for (name,) in database.execute(virtual).fetchall():
        database.execute(f"DROP TABLE {name}")
    dump = "\n".join(database.iterdump()).lower()
    database.close()

    text = (tmp_path / KEY_FILE).read_text().strip()
    der = SecretBox(base64.b64decode(text)).open(sealed, uid)
    key = serialization.load_der_private_key(der, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.public_key() == load(certificate).public_key()
    scalar = key.private_numbers().private_value.to_bytes(32, "big")
    assert sealed.hex() in dump
    for secret in (scalar, base64.b64decode(text)):
        assert secret.hex() not in dump
        assert base64.b64encode(secret).decode().lower() not in dump
    assert "private key" not in dump
