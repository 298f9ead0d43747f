"""Message stream encryption: hides which protocol a connection speaks, and for which torrent.

Both sides agree on a secret by Diffie-Hellman. The dialling side proves with it that it knows the
torrent's info-hash, which it doesn't send, and both go on with RC4 or in plain text, as the other
side chooses: https://wiki.vuze.com/w/Message_Stream_Encryption. It keeps machines on the way from
recognising BitTorrent; it is no protection against people.

A handshake is given the bytes that arrive, however they are cut, and says what to send.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher

from common.types import InfoHash
from common.wire.messages import WireError
from common.wire.rendezvous import OPENING as RENDEZVOUS

KEY_SIZE: Final = 96
"""Bytes of a public key, and of the secret."""

PRIVATE_SIZE: Final = 20
"""Bytes of a private key: more would only take longer."""

MAX_PAD: Final = 512
"""Longest padding in bytes, anywhere."""

PLAIN, RC4 = 1, 2
"""The methods, as bits of what a peer offers."""

_PRIME: Final = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404"
    "DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A36210000000000090563",
    16,
)
_GENERATOR: Final = 2
_CHECK: Final = bytes(8)
"""What shows that the other side has the same keys."""

_UNUSED: Final = 1024
"""The first bytes of an RC4 key stream, which say too much about the key."""

_OTHER_OPENINGS: Final = (b"\x13B", b"\x16\x03", RENDEZVOUS)
"""How BitTorrent's own handshake, TLS and a rendezvous begin."""

FindTorrent: TypeAlias = Callable[[bytes], InfoHash | None]
"""Returns the torrent whose `name_of` this is, if it may be served."""

_Steps: TypeAlias = Generator[None, None, "Agreement"]


class StreamCipher(Protocol):
    """One direction of RC4."""

    def update(self, data: bytes) -> bytes:
        """Return `data` encrypted or decrypted."""

    def update_into(self, data: memoryview, buffer: memoryview) -> int:
        """Encrypt or decrypt `data` into the buffer, which may be `data` itself."""


class Ciphers(NamedTuple):
    """Both directions, each for one thread at a time."""

    incoming: StreamCipher
    outgoing: StreamCipher


@dataclass(frozen=True)
class Agreement:
    """How the connection goes on: with `ciphers`, or in plain text if None.

    `early` are the first bytes of the other side, decrypted.
    """

    info_hash: InfoHash
    ciphers: Ciphers | None
    early: bytes


@dataclass(frozen=True)
class Secrets:
    """The random part of one side: `key` of PRIVATE_SIZE bytes, and the paddings."""

    key: bytes
    first_pad: bytes = b""
    second_pad: bytes = b""


def name_of(info_hash: InfoHash) -> bytes:
    """Return the hash by which a dialling peer refers to a torrent (20 bytes)."""
    return _sha1(b"req2", info_hash)


def is_opening(opening: bytes) -> bool:
    """Return whether nobody takes these bytes of ours for another protocol's."""
    return not any(other.startswith(opening[:1]) for other in _OTHER_OPENINGS)


def is_mse(first: bytes) -> bool:
    """Return whether a connection that begins with these two bytes begins with this handshake.

    It is what no other protocol is; with one byte alone that may be theirs, it is theirs.
    """
    return bool(first) and not any(other.startswith(first) for other in _OTHER_OPENINGS)


class MseHandshake:
    """One side of the handshake.

    Send `to_send` whenever it isn't empty (`take` empties it), and call `receive` with what
    arrives, until there is an `agreement`.
    """

    def __init__(self, secrets: Secrets) -> None:
        self.agreement: Agreement | None = None
        self._received = bytearray()
        self._to_send = bytearray()
        self._private = int.from_bytes(secrets.key)
        self._public = pow(_GENERATOR, self._private, _PRIME).to_bytes(KEY_SIZE)
        self._secrets = secrets
        self._steps = self._run()
        next(self._steps)

    def receive(self, data: bytes) -> None:
        """Take bytes of the other side; raises WireError when they can't be right."""
        self._received += data
        try:
            next(self._steps)
        except StopIteration as end:
            self.agreement = end.value

    def take(self) -> bytes:
        """Return what to send now; empty if nothing."""
        taken = bytes(self._to_send)
        self._to_send.clear()
        return taken

    def _run(self) -> _Steps:
        raise NotImplementedError

    def _read(self, size: int) -> Generator[None, None, bytes]:
        """Wait for so many bytes and return them."""
        while len(self._received) < size:
            yield
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    def _skip_to(self, mark: bytes) -> Generator[None, None, None]:
        """Skip the padding and the mark behind it."""
        most = MAX_PAD + len(mark)
        while (at := self._received.find(mark, 0, most)) < 0:
            if len(self._received) >= most:
                raise WireError("its encryption handshake doesn't fit ours")
            yield
        del self._received[: at + len(mark)]

    def _read_secret(self) -> Generator[None, None, bytes]:
        """Wait for the other side's public key and return the common secret."""
        theirs = int.from_bytes((yield from self._read(KEY_SIZE)))
        if not 1 < theirs < _PRIME - 1:
            raise WireError("its public key is none")
        return pow(theirs, self._private, _PRIME).to_bytes(KEY_SIZE)

    def _skip_pad(self, cipher: StreamCipher, size: int) -> Generator[None, None, None]:
        if size > MAX_PAD:
            raise WireError("its padding is too long")
        cipher.update((yield from self._read(size)))

    def _agree(self, info_hash: InfoHash, method: int, ciphers: Ciphers, early: bytes) -> Agreement:
        rest = bytes(self._received)
        if method == PLAIN:
            return Agreement(info_hash, None, early + rest)
        return Agreement(info_hash, ciphers, early + ciphers.incoming.update(rest))


class DialledHandshake(MseHandshake):
    """The side that dials, for this torrent; `first` is sent as soon as possible."""

    def __init__(self, secrets: Secrets, info_hash: InfoHash, first: bytes) -> None:
        self._info_hash = info_hash
        self._first = first
        super().__init__(secrets)

    def _run(self) -> _Steps:
        self._to_send += self._public + self._secrets.first_pad
        secret = yield from self._read_secret()
        outgoing = _cipher(b"keyA", secret, self._info_hash)
        incoming = _cipher(b"keyB", secret, self._info_hash)
        self._to_send += _sha1(b"req1", secret)
        self._to_send += _xor(name_of(self._info_hash), _sha1(b"req3", secret))
        pad, first = self._secrets.second_pad, self._first
        offer = _CHECK + (PLAIN | RC4).to_bytes(4) + _sized(pad) + _sized(first)
        self._to_send += outgoing.update(offer)
        yield from self._skip_to(incoming.update(_CHECK))
        answer = incoming.update((yield from self._read(6)))
        method = int.from_bytes(answer[:4])
        if method not in (PLAIN, RC4):
            raise WireError("it chose a method that was not offered")
        yield from self._skip_pad(incoming, int.from_bytes(answer[4:]))
        return self._agree(self._info_hash, method, Ciphers(incoming, outgoing), b"")


class AnsweredHandshake(MseHandshake):
    """The side that was dialled. It prefers plain text if that is offered: it costs nothing."""

    def __init__(self, secrets: Secrets, find_torrent: FindTorrent) -> None:
        self._find_torrent = find_torrent
        super().__init__(secrets)

    def _run(self) -> _Steps:
        secret = yield from self._read_secret()
        self._to_send += self._public + self._secrets.first_pad
        yield from self._skip_to(_sha1(b"req1", secret))
        name = _xor((yield from self._read(20)), _sha1(b"req3", secret))
        info_hash = self._find_torrent(name)
        if info_hash is None:
            raise WireError("it wants none of our open torrents")
        incoming = _cipher(b"keyA", secret, info_hash)
        outgoing = _cipher(b"keyB", secret, info_hash)
        offer = incoming.update((yield from self._read(14)))
        if offer[:8] != _CHECK:
            raise WireError("its encryption handshake is damaged")
        yield from self._skip_pad(incoming, int.from_bytes(offer[12:]))
        size = int.from_bytes(incoming.update((yield from self._read(2))))
        offered = int.from_bytes(offer[8:12]) & (PLAIN | RC4)
        if not offered:
            raise WireError("it offers no method that we have")
        method = PLAIN if offered & PLAIN else RC4
        answer = _CHECK + method.to_bytes(4) + _sized(self._secrets.second_pad)
        self._to_send += outgoing.update(answer)
        early = incoming.update((yield from self._read(size)))
        return self._agree(info_hash, method, Ciphers(incoming, outgoing), early)


def _sha1(*parts: bytes) -> bytes:
    return hashlib.sha1(b"".join(parts), usedforsecurity=False).digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2) + data


def _cipher(name: bytes, secret: bytes, info_hash: InfoHash) -> StreamCipher:
    try:
        # RC4 en- and decrypts by the same operation.
        cipher = Cipher(ARC4(_sha1(name, secret, info_hash)), mode=None).encryptor()
    except UnsupportedAlgorithm as error:
        raise WireError("this computer's OpenSSL has no RC4") from error
    cipher.update(bytes(_UNUSED))
    return cipher
