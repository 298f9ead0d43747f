"""The session protocol's framing."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.api import accounts, events, files, lines, presence, rendezvous
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import MAX_METAINFO_SIZE


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """`data` in pieces, cut at these places."""
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(bounds)]


@given(
    st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line and b"\r" not in line)),
    st.lists(st.integers(min_value=0)),
    st.sampled_from([b"\n", b"\r\n"]),
)
def test_lines_arrive_whole_from_any_stream_chunks(
    sent: list[bytes], places: list[int], end: bytes
) -> None:
    decoder = lines.LineDecoder(limit=41)
    stream = b"".join(line + end for line in sent)

    received = [line for part in cut(stream, places) for line in decoder.feed(part)]

    assert received == sent
    assert decoder.pending == 0


@given(st.integers(1, 30), st.integers(0, 60), st.lists(st.integers(min_value=0)), st.booleans())
def test_a_line_above_the_limit_is_refused_in_any_stream_chunks(
    limit: int, length: int, places: list[int], ended: bool
) -> None:
    decoder = lines.LineDecoder(limit)
    stream = b"x" * length + b"\n" * ended

    def feed_all() -> list[bytes]:
        return [line for part in cut(stream, places) for line in decoder.feed(part)]

    if length > limit:
        with pytest.raises(lines.LineTooLongError, match=str(limit)):
            feed_all()
    else:
        assert feed_all() == [b"x" * length] * ended


def test_the_limit_can_be_raised_in_the_middle_of_a_line() -> None:
    decoder = lines.LineDecoder(4)
    assert decoder.feed(b"abcd") == []
    decoder.limit = 8

    assert decoder.feed(b"efgh\n") == [b"abcdefgh"]


def test_a_long_remainder_after_a_line_is_refused() -> None:
    with pytest.raises(lines.LineTooLongError):
        lines.LineDecoder(4).feed(b"ok\nabcde")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON))
def test_an_object_round_trips_through_its_line(message: dict[str, object]) -> None:
    line = lines.encode_line(message)

    assert line.count(b"\n") == 1
    assert lines.decode_line(line) == message


@given(st.binary())
def test_any_bytes_are_an_object_or_an_error(line: bytes) -> None:
    try:
        assert isinstance(lines.decode_line(line), dict)
    except MinitorrentError as error:
        assert error.code is ErrorCode.USAGE


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"id": ' + b"9" * 5000 + b"}",
        b'{"a": NaN}',
        b'{"a": "\\ud800"}',
        b"GET / HTTP/1.1",
        b'{"a": 1} trailing',
    ],
)
def test_a_value_that_is_not_an_object_is_refused(line: bytes) -> None:
    with pytest.raises(MinitorrentError) as raised:
        lines.decode_line(line)
    assert raised.value.code is ErrorCode.USAGE


def test_a_request_line_reads_back() -> None:
    request = accounts.CreateUser(user="ann", password="secret")
    line = lines.encode_request(7, accounts.CREATE_USER.name, request)

    read = lines.RequestLine.model_validate(lines.decode_line(line))

    assert (read.id, read.op) == (7, "create_user")
    assert accounts.CREATE_USER.read_request(read.args) == request


def test_a_reply_line_reads_back() -> None:
    reply = accounts.CreateUserReply(user="ann")

    read = lines.ReplyLine.model_validate(lines.decode_line(lines.encode_reply(7, reply)))

    assert (read.id, read.ok, read.error) == (7, True, None)
    assert accounts.CREATE_USER.read_reply(read.result) == reply


@pytest.mark.parametrize("number", [7, None])
def test_an_error_line_reads_back(number: int | None) -> None:
    error = MinitorrentError(ErrorCode.NOT_MEMBER, "You are not a member.")

    read = lines.ReplyLine.model_validate(lines.decode_line(lines.encode_error(number, error)))

    assert read.error is not None
    assert (read.id, read.ok, read.result) == (number, False, None)
    assert (read.error.code, read.error.message) == ("not_member", "You are not a member.")


def test_a_notice_line_reads_back() -> None:
    notice = events.EventNotice(
        id=1,
        at="2026-01-01T00:00:00Z",
        kind=events.EventKind.FILE_ADDED,
        group="lab",
        actor="ann",
        subject="x.bin",
        text="ann shares x.bin in lab.",
    )

    read = lines.NoticeLine.model_validate(lines.decode_line(lines.encode_notice(notice)))

    assert read.event == notice


def test_a_rendezvous_line_reads_back() -> None:
    notice = rendezvous.RendezvousNotice(
        info_hash="ab" * 20,
        token="cd" * 16,
        endpoints=[rendezvous.SeenEndpoint(host="203.0.113.5", port=6001)],
    )

    line = lines.encode_rendezvous(notice.model_dump_json())

    assert lines.RendezvousLine.model_validate(lines.decode_line(line)).rendezvous == notice


def test_the_greeting_follows_the_protocol() -> None:
    greeting = lines.GreetingLine(
        minitorrent=lines.Greeting(
            version=lines.PROTOCOL_VERSION,
            server="minitorrent 0.1.0",
            time=datetime(2026, 1, 31, 12, tzinfo=UTC),
        )
    )
    line = lines.encode_line(greeting)

    assert json.loads(line) == {
        "minitorrent": {
            "version": [1, 1],
            "server": "minitorrent 0.1.0",
            "time": "2026-01-31T12:00:00Z",
        }
    }
    assert lines.GreetingLine.model_validate(lines.decode_line(line)) == greeting


@pytest.mark.parametrize(
    ("beginning", "name"),
    [
        (b'{"id": 7, "op": "add_file", "args"', "add_file"),
        (b' {"op":"announce","id":7', "announce"),
        (b'{"args": {}, "op": "add_file"', None),
        (b'{"id": 7, "op": "add_', None),
        (b"[" * 256, None),
        (b"", None),
    ],
)
def test_a_request_begins_with_its_operation(beginning: bytes, name: str | None) -> None:
    assert lines.operation_named(beginning) == name


def test_longer_lines_are_accepted_by_their_operation() -> None:
    decoder = lines.LineDecoder(4, lambda beginning: 9 if beginning.startswith(b"long") else 0)
    assert decoder.feed(b"longlong") == []
    assert decoder.feed(b"\nshor\n") == [b"longlong", b"shor"]
    with pytest.raises(lines.LineTooLongError, match="than 4 B"):
        decoder.feed(b"short")


def test_longer_lines_are_limited_too() -> None:
    decoder = lines.LineDecoder(4, lambda _: 9)
    with pytest.raises(lines.LineTooLongError, match="than 9 B"):
        decoder.feed(b"longlonglong\n")


def test_a_request_with_too_many_parts_is_refused_unparsed() -> None:
    with pytest.raises(MinitorrentError, match="too many parts"):
        lines.decode_request(b'{"x": [' + b"[]," * 12_000 + b"[]]}")
    with pytest.raises(MinitorrentError, match="too many parts"):
        lines.decode_request(b"{" * 20_001)


def test_a_request_with_one_long_text_is_read() -> None:
    assert lines.decode_request(b'{"x": "' + b"a" * 8_000_000 + b'"}') == {"x": "a" * 8_000_000}


def test_the_longest_announce_does_not_have_too_many_parts() -> None:
    file = {
        "info_hash": "f" * 40,
        "left": 2**63 - 1,
        "uploaded": 2**63 - 1,
        "downloaded": 2**63 - 1,
        "event": "completed",
        "numwant": 100_000,
    }
    args = {"port": 65535, "files": [file] * presence.MAX_FILES}
    line = lines.encode_line({"id": lines.MAX_ID, "op": "announce", "args": args})
    assert len(line) <= presence.ANNOUNCE.max_size
    assert lines.decode_request(line)["args"] == args


def test_the_longest_metainfo_fits_its_request() -> None:
    request = files.AddFile(group="g" * 64, name="n" * 255, metainfo=bytes(MAX_METAINFO_SIZE))
    line = lines.encode_request(lines.MAX_ID, "add_file", request)
    assert len(line) <= files.ADD_FILE.max_size <= lines.LIMIT_AFTER_LOGIN


def test_a_long_line_with_too_many_parts_is_abandoned() -> None:
    decoder = lines.LineDecoder(10, lambda _: 1_000_000)
    with pytest.raises(MinitorrentError, match="too many parts"):
        for _ in range(20):
            decoder.feed(b"[]," * 1_000)
    decoder = lines.LineDecoder(10, lambda _: 1_000_000)
    for _ in range(20):
        assert decoder.feed(b"[]," * 1_000 + b"\n") == [b"[]," * 1_000]


def test_a_reply_above_the_limit_is_not_sent() -> None:
    lines.check_reply(bytes(lines.LIMIT_AFTER_LOGIN))
    with pytest.raises(MinitorrentError) as raised:
        lines.check_reply(bytes(lines.LIMIT_AFTER_LOGIN + 1))
    assert raised.value.code is ErrorCode.INTERNAL


def test_clients_of_the_first_version_can_read_the_reply_to_a_login() -> None:
    reply = accounts.LoginReply(user="ann", token="token", groups=[], pending_requests=0)
    assert json.loads(reply.model_dump_json())["shares"] == []
