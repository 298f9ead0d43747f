"""Outside input becomes a typed request, or one readable sentence."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.api import accounts, files, groups, lines, presence
from common.api.groups import GroupProfileReply
from common.api.invitations import CreateInviteReply
from common.api.registry import OPERATIONS
from common.errors import ErrorCode, MinitorrentError

HASH = "ab" * 20
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def refusal(name: str, arguments: object) -> MinitorrentError:
    with pytest.raises(MinitorrentError) as raised:
        OPERATIONS[name].read_request(arguments)
    return raised.value


def test_every_tracker_command_has_an_operation() -> None:
    assert set(OPERATIONS) == {
        *("create_user", "login", "resume_session", "logout", "change_password", "ping"),
        *("check_password", "add_address"),
        *("list_sessions", "end_session", "list_events"),
        *("create_group", "join_group", "leave_group", "list_groups", "get_group"),
        *("find_group", "issue_certificate", "list_removed"),
        *("list_members", "list_requests", "accept_request", "reject_request"),
        *("create_invite", "list_invites", "revoke_invite", "accept_invite"),
        *("remove_member", "promote", "demote", "set_role", "transfer_group"),
        *("set_upload", "stats"),
        *("list_files", "add_file", "get_file", "find_file", "stop_share"),
        *("find_files", "remove_file", "accept_requests", "reject_requests"),
        *("announce", "identify_peer", "check_port", "rendezvous", "list_notices"),
        *("announce_key", "renew_announce_key"),
        *("create_token", "list_tokens", "renew_token", "revoke_token"),
    }
    assert all(name == operation.name for name, operation in OPERATIONS.items())


def test_only_these_operations_need_no_login() -> None:
    free = {name for name, operation in OPERATIONS.items() if not operation.needs_login}
    assert free == {"create_user", "login", "resume_session", "add_address", "ping"}


@pytest.mark.parametrize("name", ["a", "Ann.B_c-9", "x" * 64, "..."])
def test_names_within_the_rules(name: str) -> None:
    assert groups.CREATE_GROUP.read_request({"group": name}).group == name


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "ä", "a/b", "a\n", "a\0", "١"])
def test_names_outside_the_rules(name: str) -> None:
    error = refusal("create_group", {"group": name})
    assert error.code is ErrorCode.INVALID_NAME
    assert error.message == "Names are 1 to 64 letters, digits, dots, underscores or hyphens."


@pytest.mark.parametrize("name", ["x.bin", "a b.txt", "Größe – 日本.mkv", "x" * 255, ".hidden"])
def test_file_names_within_the_rules(name: str) -> None:
    request = files.ADD_FILE.read_request({"group": "lab", "name": name, "metainfo": ""})
    assert request.name == name


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "a\0", "a\nb", "ä" * 128])
def test_file_names_outside_the_rules(name: str) -> None:
    error = refusal("add_file", {"group": "lab", "name": name, "metainfo": ""})
    assert error.code is ErrorCode.INVALID_NAME


@pytest.mark.parametrize(
    ("name", "arguments", "part"),
    [
        ("create_user", {}, "user"),
        ("create_user", {"user": "ann", "password": 5}, "password"),
        ("create_user", {"user": "ann", "password": "x" * 1025}, "password"),
        ("create_user", [], "object"),
        ("create_user", None, "object"),
        ("login", {"user": "a", "password": "p", "peer_id": "zz", "port": 1}, "40 hexadecimal"),
        ("login", {"user": "a", "password": "p", "peer_id": HASH, "port": 65536}, "port"),
        ("login", {"user": "a", "password": "p", "peer_id": HASH, "port": True}, "port"),
        ("login", {"user": "a", "password": "p", "peer_id": HASH, "port": "1"}, "port"),
        ("create_group", {"group": "lab", "mode": "shut"}, "mode"),
        ("add_file", {"group": "lab", "name": "x", "metainfo": "%%"}, "base64"),
        ("add_file", {"group": "lab", "name": "x", "metainfo": 5}, "metainfo"),
        ("get_file", {"group": "lab", "name": ""}, "name"),
        ("announce", {"port": 1, "files": [{"info_hash": HASH}]}, "files.0.left"),
        ("announce", {"port": 1, "files": [{"info_hash": HASH, "left": -1}]}, "left"),
        ("announce", {"port": 1, "files": [{"info_hash": HASH, "left": 2**64}]}, "left"),
        ("announce", {"port": 1, "files": [{"info_hash": HASH, "left": 1}] * 501}, "files"),
    ],
)
def test_a_wrong_request_is_one_sentence(name: str, arguments: object, part: str) -> None:
    error = refusal(name, arguments)
    assert error.code is ErrorCode.USAGE
    assert part in error.message
    assert "\n" not in error.message
    assert "pydantic" not in error.message


def test_a_refusal_never_repeats_a_password() -> None:
    assert "hunter2" not in refusal("create_user", {"user": "a", "password": ["hunter2"]}).message


@given(st.sampled_from(sorted(OPERATIONS)), JSON)
def test_any_arguments_are_a_request_or_an_error(name: str, arguments: Any) -> None:
    operation = OPERATIONS[name]
    try:
        assert isinstance(operation.read_request(arguments), operation.request)
    except MinitorrentError as error:
        assert error.code in {ErrorCode.USAGE, ErrorCode.INVALID_NAME}


def test_unknown_fields_are_ignored() -> None:
    request = groups.JOIN_GROUP.read_request({"group": "lab", "from": "the future"})
    assert request == groups.JoinGroup(group="lab")


def test_hashes_are_read_in_either_case() -> None:
    request = files.FIND_FILE.read_request({"info_hash": HASH.upper()})
    assert request.info_hash == HASH


def test_an_announce_accepts_unsigned_64_bit_numbers() -> None:
    most = 2**64 - 1
    announced = {"info_hash": HASH, "left": most, "uploaded": most, "downloaded": most}
    (file,) = presence.ANNOUNCE.read_request({"port": 1, "files": [announced]}).files
    assert (file.left, file.uploaded, file.downloaded) == (most, most, most)


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_a_peers_host_is_normalised(host: str, plain: str) -> None:
    asked = {"info_hash": HASH, "peer_id": HASH, "host": host}
    assert presence.IDENTIFY_PEER.read_request(asked).host == plain


def test_an_announced_file_has_defaults() -> None:
    request = presence.ANNOUNCE.read_request({"port": 0, "files": [{"info_hash": HASH, "left": 5}]})
    assert request.files == [
        presence.AnnouncedFile(
            info_hash=HASH, left=5, uploaded=0, downloaded=0, event="none", numwant=50
        )
    ]


@given(st.binary(max_size=200))
def test_metainfo_is_sent_as_base64(content: bytes) -> None:
    request = files.AddFile(group="lab", name="x", metainfo=content)

    message = lines.decode_line(lines.encode_line(request))

    assert message["metainfo"] == base64.b64encode(content).decode()
    assert files.ADD_FILE.read_request(message) == request


def test_a_reply_is_read_and_a_damaged_one_is_an_internal_error() -> None:
    assert accounts.PING.read_reply({}) == accounts.Pong()
    with pytest.raises(MinitorrentError, match="sent an invalid answer") as raised:
        accounts.LOGIN.read_reply({"user": "ann"})
    assert raised.value.code is ErrorCode.INTERNAL


def test_what_is_usual_is_left_out_of_replies() -> None:
    profile = GroupProfileReply(group="lab", mode="open", source="s")
    assert not {"upload", "refusal"} & profile.model_dump().keys()
    closed = profile.model_copy(update={"upload": "uploaders", "refusal": "No."})
    assert closed.model_dump()["upload"] == "uploaders"
    assert closed.model_dump()["refusal"] == "No."
    made = CreateInviteReply(group="lab", id=1, code="c", uses=1, expires_at="")
    assert "role" not in made.model_dump()
    assert made.model_copy(update={"role": "reader"}).model_dump()["role"] == "reader"
