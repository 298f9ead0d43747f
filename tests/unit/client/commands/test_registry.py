"""The registry as a whole: complete by the contract, and each entry valid."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from client.commands.command import COMMON_ERRORS, Argument, Arguments, Context, Kind
from client.commands.language.parsing import parse
from client.commands.language.usual_words import SUGGESTED
from client.commands.registry import COMMANDS
from client.commands.runner import settled
from client.services.content.uploads import Offer
from common.errors import MEANINGS, ErrorCode, MinitorrentError
from tests.support.fakes.services.session import FakeSession

CONTRACT = """
create_user login logout whoami passwd notices create_group join_group leave_group list_groups
list_members list_requests accept_request reject_request remove_member promote demote set_role
set_upload stats transfer_group list_files upload_file download_file show_downloads show_shares
stop_share pause resume cancel recheck priority limit settings wait share get magnet remove
use_group peers trackers invite invites revoke_invite join doctor sessions end_session audit
export_credentials why relocate help quit exit find remove_file publish metainfo announce_key
"""


def run(session: FakeSession, line: str) -> dict[str, Any]:
    invocation = parse(line, COMMANDS)
    assert invocation is not None
    context = Context(session, COMMANDS)
    invocation = settled(invocation, context)
    return invocation.command.run(context, invocation.arguments).model_dump(mode="json")


def test_every_command_of_the_contract_and_no_other() -> None:
    assert sorted(COMMANDS) == sorted(CONTRACT.split())


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_commands_are_sorted(command: Any) -> None:
    assert COMMANDS[command.name] is command
    assert 0 < len(command.summary) <= 60
    assert not command.summary.endswith(".")
    assert command.example.split()[0] == command.name
    if command.name not in ("create_user", "login", "passwd"):  # their examples leave secrets out
        assert parse(command.example, COMMANDS) is not None
    assert command.usage.startswith(command.name)
    assert command.details.endswith(".")
    assert not set(command.errors) & set(COMMON_ERRORS)
    assert all(argument.meaning for argument in command.arguments)


def test_aliases_find_their_command_and_are_nothing_else() -> None:
    aliases = [alias for command in COMMANDS.values() for alias in command.aliases]
    assert {"ls", "put", "leave", "kick", "?"} <= set(aliases)
    assert len(set(aliases)) == len(aliases)
    assert not set(aliases) & set(COMMANDS)
    assert COMMANDS["ls"] is COMMANDS["list_files"]
    assert len(COMMANDS) == len(list(COMMANDS))


def test_suggested_words_are_no_commands() -> None:
    assert not [word for word in SUGGESTED if word in COMMANDS]
    assert set(SUGGESTED.values()) <= {*COMMANDS, "remove_file"}


def test_every_kind_and_every_code_is_explained() -> None:
    for kind in Kind:
        assert Argument("X", kind).meaning != str(kind), kind
    assert set(MEANINGS) == set(ErrorCode)


def test_topics_are_contiguous() -> None:
    topics = [command.topic for command in COMMANDS.values()]
    assert len(dict.fromkeys(topics)) == 1 + sum(a != b for a, b in pairwise(topics))


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("create_user ann secret", ("create_user", "ann", "secret")),
        ("create_user ann secret --invite mt1X", ("create_user", "ann", "secret", "mt1X", False)),
        ("login ann secret", ("login", "ann", "secret")),
        ("login ann secret --remember", ("login", "ann", "secret", "remember")),
        ("logout", ("logout",)),
        ("passwd old new", ("passwd", "old", "new")),
        ("create_group lab", ("create_group", "lab", False)),
        ("create_group lab --open", ("create_group", "lab", True)),
        ("publish film.torrent lab", ("publish", Path("film.torrent"), "lab")),
        ("publish film.torrent", ("publish", Path("film.torrent"), None)),
        ("publish lab film.torrent", ("publish", Path("film.torrent"), "lab")),
        (
            "publish film.torrent lab --out new.torrent",
            ("publish", Path("film.torrent"), "lab", Path("new.torrent")),
        ),
        ("metainfo lab film.mkv a.torrent", ("metainfo", "lab", "film.mkv", Path("a.torrent"))),
        ("metainfo film.mkv a.torrent", ("metainfo", "home", "film.mkv", Path("a.torrent"))),
        ("announce_key lab", ("announce_key", "lab")),
        ("announce_key --renew", ("announce_key", None, "renew")),
        (
            "export_credentials lab folder",
            ("export_credentials", "lab", Path("folder")),
        ),
        ("join_group lab", ("join_group", "lab")),
        ("leave_group lab", ("leave_group", "lab")),
        ("invite", ("invite", "home", None, None, "member")),
        ("invite lab --uses 3 --days 2 --admin", ("invite", "lab", 3, 2, "admin")),
        ("invite lab --role reader", ("invite", "lab", None, None, "reader")),
        ("invites lab an* --limit 5", ("invites", "lab", "an*", 5)),
        ("revoke_invite 7", ("revoke_invite", "home", 7)),
        ("revoke_invite lab 7", ("revoke_invite", "lab", 7)),
        ("join mt1AbC", ("join", "mt1AbC")),
        ("use_group lab", ("use_group", "lab")),
        ("list_groups", ("list_groups",)),
        ("list_groups cla --limit 0", ("list_groups", "cla", 0)),
        ("list_members lab", ("list_members", "lab")),
        ("list_members", ("list_members", None)),
        ("list_members lab an* --limit 5", ("list_members", "lab", "an*", 5)),
        ("list_requests lab e --limit 5", ("list_requests", "lab", "e", 5)),
        ("audit lab login --limit 5", ("audit", "lab", "login", 5)),
        ("audit lab --before 77", ("audit", "lab", 77)),
        ("notices film --limit 0", ("notices", "film", 0)),
        ("sessions 192 --limit 3", ("sessions", "192", 3)),
        ("list_files lab *.mkv", ("list_files", "lab", "*.mkv")),
        ("list_files lab --sort size --limit 5000", ("list_files", "lab", 5000, "size")),
        ("sessions", ("sessions",)),
        ("end_session 17", ("end_session", 17)),
        ("audit", ("audit", None)),
        ("audit lab", ("audit", "lab")),
        ("notices", ("notices",)),
        ("list_requests", ("list_requests", None)),
        ("list_requests lab", ("list_requests", "lab")),
        ("accept_request lab bob", ("accept_request", "lab", "bob")),
        ("accept_request bob", ("accept_request", "home", "bob")),
        ("accept_request lab bob eve", ("accept_request", "lab", "bob", "eve")),
        ("accept_request lab --all", ("accept_request", "lab")),
        ("accept_request --all", ("accept_request", "home")),
        ("reject_request lab bob", ("reject_request", "lab", "bob")),
        ("reject_request lab bob eve", ("reject_request", "lab", "bob", "eve")),
        ("reject_request --all", ("reject_request", "home")),
        ("remove_member lab bob", ("remove_member", "lab", "bob")),
        ("promote bob", ("promote", "home", "bob")),
        ("demote lab bob", ("demote", "lab", "bob")),
        ("set_role lab bob reader", ("set_role", "lab", "bob", "reader")),
        ("set_role bob admin", ("set_role", "home", "bob", "admin")),
        ("set_upload lab uploaders", ("set_upload", "lab", "uploaders")),
        ("set_upload members", ("set_upload", "home", "members")),
        ("stats", ("stats", None)),
        ("stats lab an* --limit 5", ("stats", "lab", "an*", 5)),
        ("transfer_group lab bob", ("transfer_group", "lab", "bob")),
        ("list_files lab", ("list_files", "lab")),
        ("upload_file /a/b", ("upload_file", Offer(Path("/a/b")), None)),
        ("upload_file ~/b lab --name c", ("upload_file", Offer(Path("~/b"), "c"), "lab")),
        (
            "upload_file b --skip-unsharable",
            ("upload_file", Offer(Path("b"), leave_out=True), None),
        ),
        ("download_file lab f /tmp/", ("download_file", "lab", "f", "/tmp/")),
        ("download_file f ~/", ("download_file", "home", "f", "~/")),
        (
            "download_file f ~/ --sequential --only *.mkv",
            ("download_file", "home", "f", "~/", "sequential", "*.mkv"),
        ),
        ("priority f -7", ("priority", "home", "f", -7)),
        ("stop_share f", ("stop_share", "home", "f")),
        ("remove_file f", ("remove_file", "home", "f")),
        ("remove_file lab f --yes", ("remove_file", "lab", "f")),
        ("find *.mkv --limit 5", ("find", "*.mkv", 5)),
        ("show_downloads", ("show_downloads",)),
        ("show_shares", ("show_shares",)),
        ("peers lab f", ("peers", "lab", "f")),
        ("pause f", ("pause", "home", "f")),
        ("resume lab f", ("resume", "lab", "f")),
        ("cancel lab f", ("cancel", "lab", "f")),
        ("recheck lab f", ("recheck", "lab", "f")),
        ("why f", ("why", "home", "f")),
        ("relocate lab f ~/x", ("relocate", "lab", "f", Path("~/x"))),
        ("limit", ("limits",)),
        ("limit up", ("limits",)),
        ("limit up 500K", ("limit", "up", 500 << 10, None, None)),
        ("limit down 1.5M lab f", ("limit", "down", 3 << 19, "lab", "f")),
        ("limit down 0 f", ("limit", "down", 0, "home", "f")),
        ("limit up 2g", ("limit", "up", 2 << 30, None, None)),
        ("limit up 0.001K", ("limit", "up", 1, None, None)),
        ("limit up 1234567", ("limit", "up", 1234567, None, None)),
        ("settings", ("settings",)),
        ("settings active", ("settings", "active")),
        ("settings active 3", ("settings", "active", "3")),
        ("wait", ("wait", None)),
        ("wait 1.5", ("wait", 1.5)),
        ("share a m", ("share", Offer(Path("a")), Path("m"), None)),
        (
            "share a m lab --name c --skip-unsharable",
            ("share", Offer(Path("a"), "c", leave_out=True), Path("m"), "lab"),
        ),
        ("get m /tmp", ("get", "m", "/tmp")),
        ("get m", ("get", "m", "/home/ann/Downloads/")),
        ("share lab . m", ("share", Offer(Path()), Path("m"), "lab")),
        (
            "get magnet:?xt=urn:btih:a&tr=http://b/c /tmp",
            ("get", "magnet:?xt=urn:btih:a&tr=http://b/c", "/tmp"),
        ),
        ("magnet lab f", ("magnet", "lab", "f")),
        ("magnet f", ("magnet", "home", "f")),
        ("remove m", ("remove", Path("m"))),
        ("trackers", ("trackers",)),
        ("doctor", ("doctor",)),
    ],
)
def test_arguments_reach_the_session(line: str, call: tuple[object, ...]) -> None:
    session = FakeSession()
    session.user, session.group = "ann", "home"
    run(session, line)
    assert [done for done in session.calls if done[0] != "is_own"] == [call]


def test_a_tracker_is_forgotten_before_they_are_listed() -> None:
    session = FakeSession()
    run(session, "trackers --forget a:1")
    assert session.calls == [("forget", "a:1"), ("trackers",)]


@pytest.mark.parametrize("typed", ["-1", "nan", "inf", "soon", "1_0e999"])
def test_wait_requires_a_number_of_seconds(typed: str) -> None:
    with pytest.raises(MinitorrentError) as caught:
        run(FakeSession(), f"wait {typed}")
    assert caught.value.code is ErrorCode.USAGE
    assert math.isfinite(float(caught.value.message.split()[-1]))


@pytest.mark.parametrize(
    "typed",
    ["sideways 1M", "up fast", "up -1", "up 1KK", "up 0.4", "up .5M", "up 1e6", "up ٣M", "up 2,5M"],
)
def test_a_limit_requires_a_direction_and_a_rate(typed: str) -> None:
    session = FakeSession()
    session.user = "ann"
    with pytest.raises(MinitorrentError) as caught:
        run(session, f"limit {typed}")
    assert caught.value.code is ErrorCode.USAGE
    assert not session.calls


def test_rates_are_bounded() -> None:
    with pytest.raises(MinitorrentError):
        run(FakeSession(), f"limit up {'9' * 15}G")


def test_wait_times_out() -> None:
    session = FakeSession()
    session.waits_for.clear()
    with pytest.raises(MinitorrentError) as caught:
        run(session, "wait 0.03")
    assert caught.value.code is ErrorCode.TIMEOUT


def test_without_a_default_the_group_is_required() -> None:
    with pytest.raises(MinitorrentError) as caught:
        run(FakeSession(), "pause film.mkv")
    assert caught.value.code is ErrorCode.USAGE
    assert "use_group" in caught.value.message
    assert caught.value.message.endswith("Usage: pause GROUP NAME...")


def test_help_for_all_and_for_one_command() -> None:
    everything = run(FakeSession(), "help")
    assert [row["command"] for row in everything["commands"]] == list(COMMANDS)
    one = run(FakeSession(), "help upload_file")
    assert one["usage"] == "upload_file PATH... [GROUP] [--name NAME] [--skip-unsharable]"
    assert one["options"][0] == {"word": "--name NAME", "meaning": "share it under another name"}
    assert [row["word"] for row in one["arguments"]] == ["PATH", "GROUP"]
    assert one["arguments"][1]["meaning"] == "one of your groups (default: the group in use)"
    assert "name_taken" in [row["word"] for row in one["errors"]]
    with pytest.raises(MinitorrentError, match="did you mean login"):
        run(FakeSession(), "help logn")


def test_quit_and_exit_have_no_result() -> None:
    assert run(FakeSession(), "quit") == run(FakeSession(), "exit") == {}


def test_possible_passwords_are_hidden_in_arguments() -> None:
    assert "hidden" not in repr(Arguments({"PASSWORD": "hidden"}))


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "٣", "9" * 30])
def test_sessions_are_identified_by_number(number: str) -> None:
    with pytest.raises(MinitorrentError) as raised:
        run(FakeSession(), f"end_session {number}")
    assert raised.value.code is ErrorCode.USAGE


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "٣", "9" * 30, "5,000"])
def test_a_limit_is_a_whole_number(number: str) -> None:
    for line in (f"list_files lab --limit {number}", f"audit lab --before {number}"):
        with pytest.raises(MinitorrentError, match="takes a whole number") as raised:
            run(FakeSession(), line)
        assert raised.value.code is ErrorCode.USAGE


def test_files_have_four_orders() -> None:
    with pytest.raises(MinitorrentError, match="name, size, age, seeders"):
        run(FakeSession(), "list_files lab --sort owner")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("set_role lab bob boss", "ROLE is one of admin, uploader, member, reader, not 'boss'"),
        ("set_role lab bob owner", "transfer_group"),
        ("set_upload lab readers", "WHO is one of members, uploaders, not 'readers'"),
        ("invite lab --admin --role reader", "not both"),
        ("invite lab --role boss", "ROLE is one of"),
    ],
)
def test_roles_that_there_are_not(line: str, complaint: str) -> None:
    with pytest.raises(MinitorrentError, match=complaint) as raised:
        run(FakeSession(), line)
    assert raised.value.code is ErrorCode.USAGE
