"""Message stream encryption between two sides of ours, and with peers that break its rules."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
from cryptography.hazmat.primitives.ciphers import Cipher
from hypothesis import given
from hypothesis import strategies as st

from client.core.protocol import mse
from client.core.protocol.mse import (
    KEY_SIZE,
    MAX_PAD,
    PLAIN,
    PRIVATE_SIZE,
    RC4,
    Agreement,
    AnsweredHandshake,
    DialledHandshake,
    MseHandshake,
    Secrets,
    is_mse,
    is_opening,
    name_of,
)
from common.types import InfoHash
from common.wire.messages import WireError

HASH = InfoHash(b"h" * 20)
FIRST = b"\x13BitTorrent protocol and so on"
PRIME = mse._PRIME

pads = st.binary(max_size=MAX_PAD)
secrets = st.builds(
    Secrets, st.binary(min_size=PRIVATE_SIZE, max_size=PRIVATE_SIZE).filter(any), pads, pads
)


def find(name: bytes) -> InfoHash | None:
    return HASH if name == name_of(HASH) else None


def sha1(*parts: bytes) -> bytes:
    return hashlib.sha1(b"".join(parts)).digest()


@dataclass
class Other:
    """The other side, written a second time, so that it can break the rules.

    The fields are what it sends.
    """

    private: int = 5
    check: bytes = bytes(8)
    method: int = PLAIN | RC4
    pad_size: int | None = None
    pad: bytes = b""
    first: bytes = FIRST
    info_hash: InfoHash = HASH
    mark: bytes | None = None
    _streams: dict[bytes, Callable[[bytes], bytes]] = field(default_factory=dict)

    @property
    def public(self) -> bytes:
        return pow(2, self.private, PRIME).to_bytes(KEY_SIZE)

    def secret(self, public: bytes) -> bytes:
        return pow(int.from_bytes(public), self.private, PRIME).to_bytes(KEY_SIZE)

    def stream(self, name: bytes, secret: bytes) -> Callable[[bytes], bytes]:
        """Return the continued key stream of one direction."""
        if name not in self._streams:
            key = sha1(name, secret, self.info_hash)
            cipher = Cipher(ARC4(key), mode=None).encryptor()
            cipher.update(bytes(1024))
            self._streams[name] = cipher.update
        return self._streams[name]

    @property
    def _padding(self) -> bytes:
        size = len(self.pad) if self.pad_size is None else self.pad_size
        return size.to_bytes(2) + self.pad

    def offer(self, secret: bytes) -> bytes:
        """What the dialling side sends after the keys."""
        named = bytes(
            a ^ b for a, b in zip(name_of(self.info_hash), sha1(b"req3", secret), strict=True)
        )
        inside = self.check + self.method.to_bytes(4) + self._padding
        inside += len(self.first).to_bytes(2) + self.first
        mark = sha1(b"req1", secret) if self.mark is None else self.mark
        return mark + named + self.stream(b"keyA", secret)(inside)

    def answer(self, secret: bytes) -> bytes:
        """What the other side sends after its key."""
        inside = self.check + self.method.to_bytes(4) + self._padding
        return self.stream(b"keyB", secret)(inside)


def fed(handshake: MseHandshake, data: bytes, cuts: list[int]) -> bytes:
    """Give a handshake these bytes, cut at these places; return what it didn't need."""
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    for start, end in pairwise(places):
        if handshake.agreement is not None:
            return data[start:]
        handshake.receive(data[start:end])
    return b""


def agreed(handshake: MseHandshake) -> Agreement:
    assert handshake.agreement is not None
    return handshake.agreement


def answered(other: Other, pad: bytes = b"", *, late: bytes = b"") -> AnsweredHandshake:
    """Our side after another one has dialled it."""
    ours = AnsweredHandshake(Secrets(b"k" * PRIVATE_SIZE), find)
    assert ours.take() == b"", "nothing is said before the peer's key is here"
    ours.receive(other.public)
    secret = other.secret(ours.take()[:KEY_SIZE])
    ours.receive(pad + other.offer(secret) + late)
    return ours


def dialled(other: Other, pad: bytes = b"") -> DialledHandshake:
    """Our side after another one has answered it."""
    ours = DialledHandshake(Secrets(b"k" * PRIVATE_SIZE), HASH, FIRST)
    secret = other.secret(ours.take()[:KEY_SIZE])
    ours.receive(other.public + pad + other.answer(secret))
    return ours


# --- two of ours ----------------------------------------------------------------------------
@given(secrets, secrets, st.lists(st.integers(0, 2000), max_size=30), st.binary(max_size=99))
def test_two_sides_agree_however_it_is_cut(
    ours: Secrets, theirs: Secrets, cuts: list[int], payload: bytes
) -> None:
    one, other = DialledHandshake(ours, HASH, FIRST), AnsweredHandshake(theirs, find)
    rest = b""
    while one.agreement is None:
        assert fed(other, one.take(), cuts) == b""
        back = other.take()
        if other.agreement is not None:  # payload may follow at once
            back += payload
        rest = fed(one, back, cuts)
    assert agreed(other).info_hash == agreed(one).info_hash == HASH
    assert agreed(other).early == FIRST
    assert agreed(one).early + rest == payload
    assert agreed(one).ciphers is agreed(other).ciphers is None, "plain text is preferred"


@given(secrets, st.sampled_from([RC4, RC4 | 4, 0xFFFFFFFE]), st.binary(max_size=300))
def test_rc4_is_chosen_where_nothing_else_is_offered(
    ours: Secrets, offered: int, payload: bytes
) -> None:
    other = Other(method=offered)
    one = AnsweredHandshake(ours, find)
    one.receive(other.public)
    secret = other.secret(one.take()[:KEY_SIZE])
    offer = other.offer(secret)
    one.receive(offer + other.stream(b"keyA", secret)(payload))
    there = agreed(one)
    assert there.early == FIRST + payload
    assert there.ciphers is not None
    read = other.stream(b"keyB", secret)
    answer = read(one.take())
    assert answer[:12] == bytes(8) + RC4.to_bytes(4)
    assert read(there.ciphers.outgoing.update(payload)) == payload
    assert there.ciphers.incoming.update(other.stream(b"keyA", secret)(payload)) == payload


@given(secrets, pads, st.binary(max_size=300))
def test_the_dialling_side_takes_what_is_chosen(ours: Secrets, pad: bytes, payload: bytes) -> None:
    for method in (PLAIN, RC4):
        other = Other(method=method, pad=pad)
        one = DialledHandshake(ours, HASH, FIRST)
        secret = other.secret(one.take()[:KEY_SIZE])
        one.receive(other.public + pad)
        offer = one.take()
        assert offer.startswith(sha1(b"req1", secret))
        inside = other.stream(b"keyA", secret)(offer[40:])
        assert inside[:12] == bytes(8) + (PLAIN | RC4).to_bytes(4)
        assert inside.endswith(len(FIRST).to_bytes(2) + FIRST)
        answer = other.answer(secret)
        encrypt = other.stream(b"keyB", secret)
        one.receive(answer + (encrypt(payload) if method == RC4 else payload))
        assert agreed(one).early == payload
        assert (agreed(one).ciphers is None) == (method == PLAIN)


def test_blocks_are_encrypted_in_place() -> None:
    ciphers = agreed(answered(Other(method=RC4))).ciphers
    again = agreed(answered(Other(method=RC4))).ciphers
    assert ciphers is not None
    assert again is not None
    block = bytearray(b"x" * 16384)
    assert ciphers.outgoing.update_into(memoryview(block), memoryview(block)) == len(block)
    assert block == again.outgoing.update(b"x" * 16384)


# --- what is refused ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (Other(check=b"12345678"), "damaged"),
        (Other(method=0), "no method"),
        (Other(method=4), "no method"),
        (Other(pad_size=MAX_PAD + 1), "too long"),
        (Other(info_hash=InfoHash(b"?" * 20)), "none of our open torrents"),
        (Other(mark=bytes(MAX_PAD + 20)), "doesn't fit"),
    ],
)
def test_a_dialling_peer_that_breaks_the_rules(other: Other, reason: str) -> None:
    with pytest.raises(WireError, match=reason):
        answered(other)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (Other(check=b"12345678"), None),
        (Other(method=0), "not offered"),
        (Other(method=PLAIN | RC4), "not offered"),
        (Other(method=RC4, pad_size=MAX_PAD + 1), "too long"),
        (Other(method=RC4, info_hash=InfoHash(b"?" * 20)), None),
    ],
)
def test_an_answering_peer_that_breaks_the_rules(other: Other, reason: str | None) -> None:
    with pytest.raises(WireError, match=reason or "doesn't fit"):
        dialled(other).receive(bytes(MAX_PAD + 8))


@pytest.mark.parametrize("excess", [0, 1])
def test_padding_has_a_limit(excess: int) -> None:
    pad = bytes(MAX_PAD + excess)
    if excess:
        with pytest.raises(WireError, match="doesn't fit"):
            answered(Other(), pad)
        with pytest.raises(WireError, match="doesn't fit"):
            dialled(Other(method=RC4), pad)
        return
    assert answered(Other(), pad).agreement
    assert dialled(Other(method=RC4), pad).agreement


@pytest.mark.parametrize("public", [0, 1, PRIME - 1, PRIME, 2 ** (8 * KEY_SIZE) - 1])
def test_keys_that_give_away_the_secret_are_refused(public: int) -> None:
    ours = AnsweredHandshake(Secrets(b"k" * PRIVATE_SIZE), find)
    with pytest.raises(WireError, match="public key"):
        ours.receive(public.to_bytes(KEY_SIZE))


@given(st.binary(min_size=KEY_SIZE + MAX_PAD + 20, max_size=2000))
def test_noise_is_refused_in_bounded_space(noise: bytes) -> None:
    with pytest.raises(WireError):
        AnsweredHandshake(Secrets(b"k" * PRIVATE_SIZE), find).receive(noise)
    with pytest.raises(WireError):
        DialledHandshake(Secrets(b"k" * PRIVATE_SIZE), HASH, b"").receive(noise)


def test_without_rc4_it_fails_like_any_handshake(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: bytes) -> ARC4:
        raise UnsupportedAlgorithm("a system without it")

    monkeypatch.setattr(mse, "ARC4", refuse)
    with pytest.raises(WireError, match="no RC4"):
        answered(Other())


def test_a_side_is_one_of_two() -> None:
    with pytest.raises(NotImplementedError):
        MseHandshake(Secrets(b"k" * PRIVATE_SIZE))


# --- the first bytes ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("first", "yes"),
    [
        (b"", False),
        (b"\x13", False),
        (b"\x13B", False),
        (b"\x13A", True),
        (b"\x16", False),
        (b"\x16\x03", False),
        (b"\x16\x04", True),
        (b"\x0a", False),
        (b"\x0ar", False),
        (b"\x0aR", True),
        (b"GE", True),
        (b"\x00", True),
    ],
)
def test_the_first_bytes_tell_the_protocols_apart(first: bytes, yes: bool) -> None:
    assert is_mse(first) is yes


def test_an_opening_is_not_like_anothers() -> None:
    assert is_opening(b"\x12B")
    assert not is_opening(b"\x13A")
    assert not is_opening(b"\x16A")
    assert not is_opening(b"\x0aA")


def test_the_prime_is_one() -> None:
    assert pow(3, PRIME - 1, PRIME) == 1
    assert PRIME.bit_length() == 8 * KEY_SIZE
