"""Every peer that a sealed group must refuse, over real connections dialled by either side.

ann and bob are whole clients of a real tracker, members of the sealed group `lab`; ann, who
listens, has another sealed group, `studio`, at the same port. bob downloads from the group, so he
dials every announced peer. The attacker has the worst that each attack allows: TLS
that takes any certificate, and, to forge dates, what only the groups' own authorities can sign.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from client.assembly.parts import Parts
from client.core.admission.candidates import PeerCandidate
from client.core.admission.obstacle import Obstacle
from client.net.peers.dialer import Dial, Dialer
from client.net.transports.transport import Transport
from common.api.presence import ANNOUNCE_KEY, AnnounceKey
from common.types import Endpoint, InfoHash
from common.wire.handshake import HANDSHAKE_LENGTH, Handshake
from tests.integration.client.conftest import Log
from tests.integration.client.team import GROUP, PASSWORD, Person, Team
from tests.support.content import make_file
from tests.support.databases.database import empty_database
from tests.support.network.recorder import Recorder
from tests.support.peers import new_peer_id
from tests.support.security.authority import HOUR, Credential, Group
from tests.support.waiting import wait_until
from tracker.domain.certificates import Authority
from tracker.store.authority_key import open_secret_box
from tracker.store.engine import open_store

SECONDS = 5.0
REMOVED = "mallory"
SHARED, WANTED, OTHER = "shared secret", "wanted secret", "other secret"
ELSEWHERE = "secret elsewhere"


class Scene:
    """The victims, and the attacker's possible credentials."""

    def __init__(self, team: Team, folder: Path) -> None:
        self.ann, self.bob, mallory = (team.member(n) for n in ("ann", "bob", REMOVED))
        self.ann.session.groups.create("studio")
        self.lab, self.studio = (_with_its_key(folder, name) for name in (GROUP, "studio"))
        for number, name in enumerate((SHARED, WANTED, OTHER)):
            team.share(self.ann, make_file(folder / name, 100_000, number))
        self.ann.session.files.upload(make_file(folder / ELSEWHERE, 100_000, 9), "studio")
        self.shared, self.wanted, self.other = (
            self._info_hash(GROUP, name) for name in (SHARED, WANTED, OTHER)
        )
        self.elsewhere = self._info_hash("studio", ELSEWHERE)
        self.ann.session.transfers.pause(GROUP, WANTED)  # no peer has it for bob, who keeps looking
        self.bob.start(WANTED)
        exported = mallory.session.groups.export_credentials(GROUP, folder / "mallory's")
        key = serialization.load_pem_private_key(Path(exported.key).read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self.removed = Credential(Path(exported.certificate).read_text(), key)
        self.ann.session.groups.remove_member(GROUP, REMOVED)
        for person, name in ((self.ann, SHARED), (self.bob, WANTED)):
            wait_until(partial(_knows_of_removal, person, name), what="the removal")

    def _info_hash(self, group: str, name: str) -> InfoHash:
        transfer = self.ann.session._transfers.get(group, name)
        wait_until(lambda: transfer.torrent, what=f"{name} to be shared")
        return transfer.metainfo.info_hash

    def tempt(self, address: Endpoint) -> None:
        """Announce to bob that this address has the file that he wants."""
        torrent = self.bob.session._transfers.get(GROUP, WANTED).torrent
        assert torrent is not None
        torrent.learn([PeerCandidate(address, new_peer_id(), "eve")])


def _with_its_key(folder: Path, name: str) -> Group:
    """A group with its authority's key, read from the tracker's disk."""
    with closing(open_store(empty_database(folder))) as database:
        secret_box = open_secret_box(database, folder, None)
        with database.read() as work:
            row = work.groups.by_name(name)
            assert row is not None
            made = work.authorities.of_group(row.id)
            assert made is not None
            key = secret_box.open(made.sealed_key, row.uid)
            return Group(name, Authority(made.certificate, key))


def _knows_of_removal(person: Person, name: str) -> bool:
    transfer = person.session._transfers.get(GROUP, name)
    return bool(transfer.torrent and transfer.group_tls and transfer.group_tls._revoked)


@dataclass(frozen=True)
class Attack:
    """An attack by dialling or listening: certificate and messages, and the victim's log entry.

    `resumes`: it was let in before, to the same group or to the studio, and resumes that session;
    a certificate that is about to expire has expired by then. `asked` is the
    info-hash of the BitTorrent handshake, instead of the attacked file's, which SNI names.
    """

    shown: Callable[[Scene], Credential | None]
    recorded: str  # in the listener's log
    dialled: str  # in the dialler's
    resumes: Literal["", "itself", "studio"] = ""
    asked: Callable[[Scene], InfoHash] | None = None
    tls: bool = True
    tls_12: bool = False


def _a_member(scene: Scene) -> Credential:
    return scene.lab.issue("eve")


def _brief_member(scene: Scene) -> Credential:
    """The credentials of a member whose certificate is about to expire."""
    return scene.lab.issue("eve", starts=4.0 - HOUR)


def _signed_by_intermediate(scene: Scene) -> Credential:
    """A member's by an authority under the group's own, as a chain."""
    root = x509.load_pem_x509_certificate(scene.lab.certificate.encode())
    signer = serialization.load_der_private_key(scene.lab._authority.key, None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "intermediate")])
    made = (
        x509.CertificateBuilder(root.subject, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(root.not_valid_before_utc)
        .not_valid_after(root.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    der = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    intermediate = Group("intermediate", Authority(pem, der))
    issued = intermediate.issue("eve")
    return Credential(issued.certificate + pem, issued.key)


def _self_signed(_: Scene) -> Credential:
    """An authority's own certificate, of the group's name, with its key."""
    fake = Group(GROUP)
    key = serialization.load_der_private_key(fake._authority.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Credential(fake.certificate, key)


UNKNOWN = "unable to get local issuer certificate"
FAILED = "certificate verify failed"
EXPIRED = "certificate has expired"
ATTACKS = {
    "no certificate": Attack(lambda _: None, "PEER_DID_NOT_RETURN_A_CERTIFICATE", "_ALERT_"),
    "self-signed": Attack(_self_signed, FAILED, FAILED),
    "another group's": Attack(lambda s: s.studio.issue("eve"), UNKNOWN, UNKNOWN),
    "a fake authority's of the same subject": Attack(
        lambda _: Group(GROUP).issue("eve"), FAILED, FAILED
    ),
    "expired": Attack(lambda s: s.lab.issue("eve", starts=-2 * HOUR), EXPIRED, EXPIRED),
    "not yet valid": Attack(
        lambda s: s.lab.issue("eve", starts=HOUR), "is not yet valid", "is not yet valid"
    ),
    "a removed member's, still valid": Attack(
        lambda s: s.removed, f"{REMOVED} was removed", f"{REMOVED} was removed"
    ),
    "a chain with an intermediate": Attack(_signed_by_intermediate, FAILED, FAILED),
    "resumption from another group": Attack(
        lambda s: s.studio.issue("eve"), UNKNOWN, UNKNOWN, resumes="studio"
    ),
    "resumption after expiry": Attack(_brief_member, EXPIRED, EXPIRED, resumes="itself"),
    "named one file, asked for another": Attack(
        _a_member, "another torrent", "another torrent", asked=lambda s: s.other
    ),
    "named one file, asked for another group's": Attack(
        _a_member, "another torrent", "another torrent", asked=lambda s: s.elsewhere
    ),
    "plain text": Attack(lambda _: None, "proves no membership", "WRONG_VERSION_NUMBER", tls=False),
    "TLS 1.2": Attack(_a_member, "UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", tls_12=True),
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One for all attacks: none may leave a trace. The tracker's authorities are known here."""
    folder = tmp_path_factory.mktemp("scene")
    team = Team(folder, is_open=False)
    try:
        yield Scene(team, folder)
    finally:
        team.close()


def outlived(credential: Credential) -> None:
    """Wait until a certificate that is about to expire has expired.

    OpenSSL counts whole seconds: in the first one, only our own check refuses it, in other words.
    """
    end = x509.load_pem_x509_certificate(credential.certificate.encode()).not_valid_after_utc
    if 0 < end.timestamp() - time.time() < SECONDS:
        wait_until(lambda: time.time() > end.timestamp() + 1, what="the certificate to expire")


def forged(side: ssl._SSLMethod, shown: Credential | None, *, tls_12: bool) -> ssl.SSLContext:
    """The attacker's TLS context: accepts any certificate, issues tickets, resumes."""
    context = ssl.SSLContext(side)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if tls_12:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    if shown is not None:
        shown.load_into(context)
    return context


def reasons(log: Log, events: Sequence[str], **about: str) -> list[str]:
    """Return the refusals in the victim's log."""
    found = [e for e in log if e["event"] in events and about.items() <= e.items()]
    return [entry.get("error") or entry["reason"] for entry in found]


def check_refused(log: Log, expected: str, *events: str, **about: str) -> None:
    """The victim logs the reason, and nothing that is secret: no key, password or file name."""

    def found() -> bool:
        return any(expected in reason for reason in reasons(log, events, **about))

    wait_until(found, what=f"{expected!r}")
    written = repr(list(log))
    for secret in (PASSWORD, "PRIVATE KEY", "BEGIN ", "secret", "token"):
        assert secret not in written, secret


# --- we listen ----------------------------------------------------------------------------------
class Dialler:
    """Connections of the attacker to ann."""

    def __init__(self, scene: Scene, context: ssl.SSLContext) -> None:
        self._address = scene.ann.address
        self._context = context

    def secure(
        self, name: InfoHash, asked: InfoHash, session: ssl.SSLSession | None = None
    ) -> tuple[bytes, ssl.SSLSession | None]:
        """Return the answer to a handshake inside TLS, and the session to resume."""
        with (
            socket.create_connection(self._address, SECONDS) as sock,
            self._context.wrap_socket(sock, server_hostname=name.hex(), session=session) as stream,
        ):
            stream.sendall(Handshake(asked, new_peer_id()).encode())
            return stream.recv(HANDSHAKE_LENGTH), stream.session

    def plain(self, asked: InfoHash) -> bytes:
        """Return the answer to a handshake without TLS."""
        with socket.create_connection(self._address, SECONDS) as sock:
            sock.sendall(Handshake(asked, new_peer_id()).encode())
            return sock.recv(HANDSHAKE_LENGTH)


@pytest.mark.parametrize("name", ATTACKS)
def test_dialling_impostors_are_refused(scene: Scene, name: str, log: Log) -> None:
    attack = ATTACKS[name]
    asked = attack.asked(scene) if attack.asked else scene.shared
    shown = attack.shown(scene)
    dialler = Dialler(scene, forged(ssl.PROTOCOL_TLS_CLIENT, shown, tls_12=attack.tls_12))
    session = None
    if attack.resumes:
        first = scene.elsewhere if attack.resumes == "studio" else scene.shared
        answer, session = dialler.secure(first, first)
        assert Handshake.decode(answer).info_hash == first  # so far, it is a good member
        assert shown is not None
        outlived(shown)
    with suppress(OSError):
        if attack.tls:
            answer, _ = dialler.secure(scene.shared, asked, session)
        else:
            answer = dialler.plain(asked)
        assert not answer
    check_refused(log, attack.recorded, "handshake failed", "peer refused")


# --- we dial ------------------------------------------------------------------------------------
class Rogue:
    """Answers one peer at a separate address; `recorded` is the peer's BitTorrent handshake."""

    def __init__(self, context: ssl.SSLContext | None, asked: InfoHash) -> None:
        self._context = context
        self._asked = asked
        self._sock = socket.create_server(("127.0.0.1", 0))
        self._sock.settimeout(SECONDS)
        self.address = Endpoint(*self._sock.getsockname())
        self.recorded = b""
        self.resumed = False
        self._thread = threading.Thread(target=self._answer, name="rogue")

    def __enter__(self) -> Rogue:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(3 * SECONDS)
        self._sock.close()

    def _answer(self) -> None:
        with suppress(OSError):
            sock, _ = self._sock.accept()
            with sock:
                sock.settimeout(SECONDS)
                if self._context is None:
                    self._talk(sock)
                    return
                with self._context.wrap_socket(sock, server_side=True) as stream:
                    self.resumed = bool(stream.session_reused)
                    self._talk(stream)

    def _talk(self, stream: socket.socket) -> None:
        if self._context is None:
            stream.sendall(Handshake(self._asked, new_peer_id()).encode())
        self.recorded = stream.recv(HANDSHAKE_LENGTH)
        stream.sendall(Handshake(self._asked, new_peer_id()).encode())


@pytest.mark.parametrize("name", ATTACKS)
def test_dialled_impostors_are_refused(scene: Scene, name: str, log: Log) -> None:
    attack = ATTACKS[name]
    asked = attack.asked(scene) if attack.asked else scene.wanted
    shown = attack.shown(scene)
    context = forged(ssl.PROTOCOL_TLS_SERVER, shown, tls_12=attack.tls_12) if attack.tls else None
    if attack.resumes == "itself":
        assert shown is not None
        with Rogue(context, asked) as earlier:
            scene.tempt(earlier.address)
        assert earlier.recorded  # so far, it is a good member
        outlived(shown)
    with Rogue(context, asked) as rogue:
        scene.tempt(rogue.address)
        check_refused(log, attack.dialled, "can't reach a peer", peer=str(rogue.address))
    assert not rogue.resumed
    assert attack.asked is not None or bytes(scene.wanted) not in rogue.recorded


# --- eavesdroppers ---------------------------------------------------------------------------
def rerouted(routes: Mapping[Endpoint, Endpoint]) -> type[Dialer]:
    """A dialer that connects to other addresses, as `routes` says."""

    class Rerouted(Dialer):
        def dial(self, dial: Dial) -> bool:
            """See Dialer."""
            there = dial.endpoint

            def connected(transport: Transport, handshake: Handshake, _: Endpoint) -> bool:
                return dial.connected(transport, handshake, there)

            def failed(_: Endpoint, obstacle: Obstacle | None) -> None:
                dial.failed(there, obstacle)

            way = routes.get(there, there)
            return super().dial(replace(dial, endpoint=way, connected=connected, failed=failed))

    return Rerouted


def test_recorded_traffic_reveals_nothing(tmp_path: Path, log: Log) -> None:
    """Every byte from `create_user` to the end of a download, to the tracker and between peers."""
    folder = tmp_path / "team"
    folder.mkdir()
    content = make_file(tmp_path / "plans of the vault", 1_000_000)
    with ExitStack() as stack:
        team = Team(folder, is_open=False)
        stack.callback(team.close)
        session_wire = stack.enter_context(Recorder(team.address))
        team.known = (session_wire.address,)
        routes: dict[Endpoint, Endpoint] = {}
        ann, bob = team.member("ann"), team.member("bob", parts=Parts(dialer=rerouted(routes)))
        peer_wire = stack.enter_context(Recorder(ann.address))
        routes[ann.address] = peer_wire.address
        name = team.share(ann, content)
        copy = bob.fetch(name)
        assert copy.read_bytes() == content.read_bytes()
        links = [person.session._tracker_client for person in (ann, bob)]
        tokens = [str(link._token) for link in links]
        keys = [link.call(ANNOUNCE_KEY, AnnounceKey(group=GROUP)).key for link in links]
        assert min(map(len, tokens + keys)) >= 16
        session_bytes, peer_bytes = session_wire.recorded, peer_wire.recorded
    assert len(session_bytes) > 10_000
    assert len(peer_bytes) > 1_000_000
    data = content.read_bytes()
    samples = [data[start : start + 16] for start in range(0, len(data), 16 * 1024)]
    words = [PASSWORD, name, "create_user", "BitTorrent", *tokens, *keys]
    for secret in [word.encode() for word in words] + samples:
        assert secret not in session_bytes + peer_bytes, secret
    written = repr(list(log))
    assert "debug" in written
    assert not [secret for secret in (PASSWORD, *tokens, *keys) if secret in written]
