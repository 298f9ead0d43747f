"""An invitation is one word that survives copying, and is recognized when it doesn't."""

from __future__ import annotations

import base64
import hashlib
import string

import bencode2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ErrorCode, MinitorrentError
from common.invitation import MAX_LENGTH, InvitationText, InvitedTracker, parse
from common.types import Endpoint

HOSTS = st.sampled_from(["127.0.0.1", "::1", "tracker.example.org"])
TRACKERS = st.builds(
    InvitedTracker,
    st.builds(Endpoint, HOSTS, st.integers(0, 65535)),
    st.binary(min_size=32, max_size=32),
)
CODES = st.binary(min_size=16, max_size=16).map(
    lambda code: base64.urlsafe_b64encode(code).rstrip(b"=").decode()
)
NAMES = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=64)
INVITATIONS = st.builds(
    InvitationText, NAMES, CODES, st.lists(TRACKERS, min_size=1, max_size=4).map(tuple)
)
ONE = InvitationText(
    "lab", "AAECAwQFBgcICQoLDA0ODw", (InvitedTracker(Endpoint("127.0.0.1", 6001), bytes(32)),)
)


@given(INVITATIONS)
def test_a_written_invitation_parses_back(invitation: InvitationText) -> None:
    word = invitation.encode()
    assert set(word) <= set(string.ascii_letters + string.digits + "-_")
    assert parse(word) == invitation


@pytest.mark.parametrize("around", ["  {}\n", "<{}>", "'{}'", "minitorrent:{}", "(minitorrent:{})"])
def test_a_pasted_invitation_is_read(around: str) -> None:
    assert parse(around.format(ONE.encode())) == ONE


def test_line_breaks_of_a_mail_are_ignored() -> None:
    word = ONE.encode()
    assert parse(f"{word[:40]}\r\n   {word[40:]}") == ONE


@given(st.data())
def test_a_damaged_word_is_recognized(data: st.DataObject) -> None:
    word = ONE.encode()
    place = data.draw(st.integers(3, len(word) - 1))
    other = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_*"))
    damaged = word[:place] + other + word[place + 1 :]
    if damaged != word and not _is_same(damaged, word):
        assert _refusal(damaged) is ErrorCode.INVITE_INVALID
    assert _refusal(word[:place]) is ErrorCode.INVITE_INVALID


@given(st.text(max_size=200))
def test_anything_else_is_refused(text: str) -> None:
    assert _refusal(text) is ErrorCode.INVITE_INVALID
    assert _refusal("mt1" + text) is ErrorCode.INVITE_INVALID


def test_a_text_has_a_largest_length() -> None:
    assert _refusal("mt1" + "A" * MAX_LENGTH) is ErrorCode.INVITE_INVALID


CODE, PRINT = bytes(16), bytes(32)
TRACKER = [b"127.0.0.1", 6001, PRINT]


@pytest.mark.parametrize(
    "content",
    [
        {b"c": CODE, b"g": b"lab"},
        {b"c": CODE, b"g": b"lab", b"t": []},
        {b"c": CODE, b"g": b"no/slash", b"t": [TRACKER]},
        {b"c": CODE[1:], b"g": b"lab", b"t": [TRACKER]},
        {b"c": CODE, b"g": 5, b"t": [TRACKER]},
        {b"c": CODE, b"g": b"l\xe4b", b"t": [TRACKER]},
        {b"c": CODE, b"g": b"lab", b"t": [[b"127.0.0.1", b"6001", PRINT]]},
        {b"c": CODE, b"g": b"lab", b"t": [[b"127.0.0.1", 66001, PRINT]]},
        {b"c": CODE, b"g": b"lab", b"t": [[b"a host", 6001, PRINT]]},
        {b"c": CODE, b"g": b"lab", b"t": [[b"127.0.0.1", 6001]]},
        {b"c": CODE, b"g": b"lab", b"t": [[b"127.0.0.1", 6001, PRINT[1:]]]},
        {b"c": CODE, b"g": b"lab", b"t": [TRACKER] * 100},
        [],
    ],
)
def test_impossible_content_is_refused(content: object) -> None:
    assert _refusal(_word(bencode2.bencode(content))) is ErrorCode.INVITE_INVALID


def test_fields_of_a_newer_version_are_ignored() -> None:
    content = {b"c": CODE, b"g": b"lab", b"t": [TRACKER], b"z": [1, {b"a": b"b"}]}
    assert parse(_word(bencode2.bencode(content))).group == "lab"


def _word(content: bytes) -> str:
    check = hashlib.sha256(content).digest()[:4]
    return "mt1" + base64.urlsafe_b64encode(content + check).rstrip(b"=").decode()


def _is_same(one: str, other: str) -> bool:
    """Whether two words differ only in the bits that base64 leaves unused at the end."""
    try:
        texts = (word[3:] + "=" * (-len(word[3:]) % 4) for word in (one, other))
        return len({base64.b64decode(text, altchars=b"-_", validate=True) for text in texts}) == 1
    except ValueError:
        return False


def _refusal(text: str) -> ErrorCode:
    with pytest.raises(MinitorrentError) as refusal:
        parse(text)
    return refusal.value.code
