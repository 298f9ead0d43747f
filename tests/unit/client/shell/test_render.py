"""Results as people see them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from client.commands.command import Context
from client.commands.general import EndResult
from client.commands.language.parsing import parse
from client.commands.registry import COMMANDS
from client.commands.runner import settled
from client.results.accounts import LoginResult, UserResult
from client.results.lists import (
    EventsResult,
    FilesResult,
    GroupsResult,
    InvitesResult,
    RequestsResult,
)
from client.results.settings import LimitRow
from client.results.transfers import (
    DownloadsResult,
    PeersResult,
    SharesResult,
    TransferState,
    WaitResult,
)
from client.shell.downloads import download_lines
from client.shell.render import answer
from client.shell.terminal.screen import Column, Screen
from client.shell.terminal.widths import cell_width
from common.api import files
from common.api.audit import AuditRow
from common.api.paging import MOST_COUNTED
from tests.support.fakes.services.rows import HASH, download, file_rows
from tests.support.fakes.services.session import FakeSession

PIPE = Screen()
TERMINAL = Screen(width=80, colour=True)
NARROW = Screen(width=80, unicode=False)


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Tests run in UTC, or in the zone that they set."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


def shown(line: str, session: FakeSession | None = None, screen: Screen = PIPE) -> str:
    session = session or FakeSession()
    session.user, session.group = session.user or "ann", "lab"
    invocation = parse(line, COMMANDS)
    assert invocation is not None
    context = Context(session, COMMANDS)
    invocation = settled(invocation, context)
    result = invocation.command.run(context, invocation.arguments)
    return answer(invocation.command, result, screen)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("create_user ann x", "Account ann created; next: login ann"),
        ("login ann x", "Logged in as ann; groups: lab; sharing 3 files again"),
        ("whoami", "ann"),
        ("logout", "Logged out ann"),
        ("passwd a b", "Changed the password of ann"),
        (
            "create_group lab",
            "Created sealed group lab; others ask to join with: join_group lab",
        ),
        ("join_group lab", "Asked to join lab; waiting for an admin to accept"),
        ("promote lab bob", "bob is now an admin of lab"),
        ("set_role lab bob reader", "bob now has the role reader in lab"),
        ("set_upload lab uploaders", "Files are now added to lab by its uploaders"),
        ("upload_file a.txt lab", "Sharing a.txt with lab: 3.0 MiB in 3 pieces"),
        ("download_file lab a.txt /tmp", "Downloading a.txt from lab to /tmp/a.txt"),
        ("pause lab a.txt", "a.txt (lab) is paused"),
        ("pause lab a.txt b.txt", "Paused 2 transfers in lab: a.txt, b.txt"),
        ("cancel lab a.txt b.txt", "Cancelled 2 transfers in lab: a.txt, b.txt"),
        ("stop_share lab a b", "Stopped sharing 2 files with lab: a, b"),
        ("upload_file a b lab", "Sharing 2 files with lab, 6.0 MiB: a, b"),
        ("download_file lab a b /tmp/", "Downloading 2 files from lab to /tmp: a, b"),
        ("wait", "completed: lab/film.mkv"),
        ("show_downloads", "No downloads; start one with: download_file GROUP NAME"),
        ("quit", ""),
    ],
)
def test_short_answers_take_one_line(line: str, text: str) -> None:
    assert shown(line) == text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_renderer(name: str) -> None:
    words = {"SECONDS": "1", "N": "-7", "COMMAND": "login", "ID": "17"}
    words |= {"DIRECTION": "up", "RATE": "1M", "NAME": "active", "VALUE": "3"}
    words |= {"ROLE": "reader", "WHO": "members"}
    command = COMMANDS[name]
    line = " ".join([name, *(words.get(a.name, a.name.lower()) for a in command.arguments)])
    for screen in (PIPE, TERMINAL, NARROW):
        text = shown(line, screen=screen)
        assert bool(text) != command.ends_program
        assert "{" not in text
        assert screen is not NARROW or all(len(row) <= 80 for row in text.splitlines())


def test_a_groups_figures() -> None:
    assert shown("stats lab").splitlines() == [
        "lab: 2 members, 3 files, 5.0 GiB",
        "user       sent  received",
        "ann     3.0 MiB       0 B",
        "bob         0 B   3.0 MiB",
        "(left)  1.0 MiB   1.0 KiB",
    ]


def test_help_fits_the_screen() -> None:
    lines = shown("help download_file", screen=NARROW).splitlines()
    assert (
        lines[0] == "download_file [GROUP] [NAME...] [DEST] [--all] [--sequential] [--only PATTERN]"
    )
    assert lines[1] == "    [--resume]"
    assert all(len(line) <= 80 for line in lines)
    (long,) = [n for n, line in enumerate(lines) if line.startswith("  DEST ")]
    assert lines[long].index("the folder") == len(lines[long + 1]) - len(lines[long + 1].lstrip())
    assert shown("help download_file").splitlines()[0] == COMMANDS["download_file"].usage


def test_limits() -> None:
    session = FakeSession()
    assert shown("limit", session).splitlines() == [
        "group          name             up       down",
        "all transfers            500 KiB/s   no limit",
        "lab            film.mkv   no limit  2.0 MiB/s",
    ]
    session.limits.rows = [LimitRow(group=None, name=None, up=0, down=0)]
    assert shown("limit", session) == "No rate limits"


def test_settings() -> None:
    session = FakeSession()
    assert shown("settings", session).splitlines() == [
        "setting          value",
        "download_folder  /home/ann/Downloads",
        "listen           127.0.0.1:6001",
        "port_mapping     on",
        "active           5",
        "limit_down       no limit",
        "limit_up         500 KiB/s",
        "language         auto",
        "hidden_notices   none",
    ]
    assert shown("settings active", session) == "active is 5"
    assert shown("settings active 0", session) == "active is now no limit"
    assert shown("settings listen 127.0.0.1:6002", session) == (
        "listen is now 127.0.0.1:6002 from the next start; until then 127.0.0.1:6001"
    )


def test_doctor_results() -> None:
    assert shown("doctor").splitlines() == [
        "result  check",
        "ok      port: The tracker reaches you at 192.0.2.1:6001.",
        "failed  clock: It is 2 hours ahead of the trackers'.",
    ]


def test_tables_line_up() -> None:
    assert shown("list_files").splitlines()[:2] == [
        "name              size  pieces  owner  seeders  leechers",
        "film.mkv       2.0 GiB    2048  bob          2         1",
    ]
    assert shown("list_groups").splitlines() == [
        "group   owner  members  files  mode  you",
        "lab     ann          2      3  open  owner",
        "studio  zoe          2      3  open",
    ]
    assert shown("list_requests") == "user  asked at\neve   2026-01-02 03:04:05"

    assert shown("sessions").splitlines() == [
        "id  address    since                current",
        "17  192.0.2.1  2026-01-02 03:04:05  *",
    ]
    assert shown("notices").splitlines() == [
        "at                   group  what",
        "2026-01-02 03:04:05  lab    bob shares film.mkv in lab.",
    ]
    assert shown("audit").splitlines() == [
        "at                   who  what              subject  from",
        "2026-01-02 03:04:05  ann  request_accepted  bob      192.0.2.1",
        "2026-01-02 03:04:06  -    login_failed      bob      -",
    ]


def test_colours_only_on_request() -> None:
    assert "\x1b[" in shown("list_files", screen=TERMINAL)
    assert "\x1b[" in shown("help", screen=TERMINAL)
    assert "\x1b[" not in shown("list_files", screen=NARROW)


@pytest.mark.parametrize("width", [80, 120])
def test_help_fits_the_screen_and_names_the_short_forms(width: int) -> None:
    lines = shown("help", screen=Screen(width=width)).split("\n")
    assert max(map(cell_width, lines)) <= width
    assert "ls (list_files)" in " ".join(lines)
    assert "get GROUP (download_file)" in " ".join(lines)
    assert "  Short form: ls" in shown("help ls").split("\n")


def test_a_partial_list_says_so() -> None:
    row = file_rows()[0]
    part = FilesResult(group="lab", files=[row], total=60_000)
    assert answer(COMMANDS["list_files"], part, PIPE).splitlines()[1:] == [
        "film.mkv  2.0 GiB    2048  bob          2         1",
        "1 of 60,000 files; narrow with a pattern, or --limit",
    ]
    none = FilesResult(group="lab", files=[], total=0, pattern="*.mp3")
    assert answer(COMMANDS["list_files"], none, PIPE) == "No file matches '*.mp3'"
    event = AuditRow(at="2026-01-02T03:04:05Z", who="ann", what="login", subject="ann", address="")
    acts = EventsResult(events=[event], total=1234, before=77, group="lab")
    assert answer(COMMANDS["audit"], acts, PIPE).splitlines()[-1] == (
        "1 of 1,234 events; show older events with: audit lab --before 77"
    )
    very_many = acts.model_copy(update={"total": MOST_COUNTED})
    last = answer(COMMANDS["audit"], very_many, PIPE).splitlines()[-1]
    assert last.startswith("1 of 100,000 or more events;")


def test_login_names_only_some_of_many_groups() -> None:
    names = [f"g{number}" for number in range(1000)]
    result = LoginResult(user="ann", groups=names, more_groups=44_000, sharing=0)
    text = answer(COMMANDS["login"], result, PIPE)
    assert text.startswith("Logged in as ann; groups: g0, g1,")
    assert text.endswith("g19 and 44,980 more")


def test_of_many_files_only_some_are_named() -> None:
    session = FakeSession()
    session.files.more = [f"file {number:02}.bin" for number in range(57)]
    session.files.present = {"film.mkv"}
    text = shown("download_file lab --all /tmp", session)
    assert text.startswith(
        "Downloading 59 files from lab to /tmp: two words.txt, it's.txt, file 00"
    )
    assert text.endswith("file 03.bin and 53 more; 1 file you have or are downloading already")
    on_screen = shown("download_file lab --all /tmp", session, NARROW)
    assert all(len(line) <= 80 for line in on_screen.splitlines())
    session.files.present.update(session.files.more, ["two words.txt", "it's.txt"])
    assert shown("download_file lab --all", session) == (
        "Nothing to download from lab: 60 files you have or are downloading already"
    )
    session.files.more.clear()
    text = shown("download_file lab --all", session)
    assert text.endswith("3 files you have or are downloading already")


def long_file(name: str) -> FilesResult:
    row = files.FileRow(
        name=name, size=1, pieces=1, info_hash=HASH, owner="bob", seeders=0, leechers=0
    )
    return FilesResult(group="lab", files=[row], total=1)


def test_long_names_are_wrapped_only_at_a_terminal() -> None:
    name = "long " * 30 + "end"
    folded = answer(COMMANDS["list_files"], long_file(name), NARROW)
    assert all(len(line) <= 80 for line in folded.splitlines())
    assert "end" in folded
    assert name in answer(COMMANDS["list_files"], long_file(name), PIPE)


def test_foreign_names_cannot_act_on_the_terminal() -> None:
    evil = "\x1b]0;owned\x07[bold]x[/bold]"
    for result in (
        long_file(evil),
        DownloadsResult(downloads=[download(evil)]),
        WaitResult(completed=[evil], failed=[evil]),
        LoginResult(user=evil, groups=[evil], sharing=0),
        UserResult(user=evil),
    ):
        text = answer(COMMANDS["whoami"], result, PIPE)
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "[bold]" in text


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (
            GroupsResult(groups=[], total=0, user="ann"),
            "No groups yet; create one with: create_group GROUP",
        ),
        (RequestsResult(group="lab", requests=[], total=0), "No requests to join lab"),
        (
            InvitesResult(group="lab", invites=[], total=0),
            "No invitations to lab; create one with: invite",
        ),
        (
            FilesResult(group="lab", files=[], total=0),
            "lab shares no files yet; share one with: upload_file PATH",
        ),
        (
            SharesResult(shares=[]),
            "You share no files yet; share one with: upload_file PATH GROUP",
        ),
        (PeersResult(peers=[]), "No connected peers"),
        (WaitResult(completed=[], failed=[]), "Nothing to wait for"),
        (WaitResult(completed=["a/b"], failed=["c/d"]), "completed: a/b; failed: c/d"),
        (
            LoginResult(user="ann", groups=[], sharing=0),
            "Logged in as ann; no groups yet (create_group or join_group)",
        ),
        (
            LoginResult(user="ann", groups=["a", "b"], sharing=1),
            "Logged in as ann; groups: a, b; sharing 1 file again",
        ),
        (EndResult(), ""),
    ],
)
def test_special_answers(result: BaseModel, text: str) -> None:
    assert answer(None, result, PIPE) == text


def row(**changes: Any) -> str:
    return download_lines([download(**changes)], PIPE)[0]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "[D] lab film.mkv   45.0% of 2.0 GiB   12.5 MiB/s  3 peers  1 min 34 s left"),
        ({"eta": None}, "[D] lab film.mkv   45.0% of 2.0 GiB   12.5 MiB/s  3 peers"),
        ({"peers": 0}, "[D] lab film.mkv   45.0% of 2.0 GiB   no peers yet"),
        ({"state": "seeding", "progress": 1.0}, "[C] lab film.mkv    100% of 2.0 GiB"),
        (
            {"state": "seeding", "progress": 1.0, "up_rate": 2048.0},
            "[C] lab film.mkv    100% of 2.0 GiB   up 2.0 KiB/s",
        ),
        ({"state": "paused"}, "[P] lab film.mkv   45.0% of 2.0 GiB   paused"),
        ({"state": "queued"}, "[Q] lab film.mkv   45.0% of 2.0 GiB   queued"),
        ({"state": "checking"}, "[Q] lab film.mkv   45.0% of 2.0 GiB   checking"),
        ({"state": "failed", "error": "Disk full."}, "[F] lab film.mkv  Disk full."),
        ({"state": "failed", "error": None}, "[F] lab film.mkv  failed"),
    ],
)
def test_a_download_is_one_line(changes: dict[str, Any], text: str) -> None:
    if "state" in changes:
        changes = {**changes, "state": TransferState(changes["state"])}
    assert row(**changes) == text


def test_download_lines_fit_the_screen_and_line_up() -> None:
    rows = [download("x" * 200), download("日本" * 40), download("y", group="another")]
    for screen in (NARROW, Screen(width=80)):
        lines = download_lines(rows, screen)
        assert all(cell_width(line) <= 80 for line in lines)
        assert len({cell_width(line) for line in lines}) == 1
    assert "x" * 200 in download_lines(rows, PIPE)[0]


def test_colours_mark_the_state() -> None:
    lines = download_lines([download()], TERMINAL)
    assert lines[0].startswith("[\x1b[36mD\x1b[0m] lab film.mkv")


def test_an_empty_table_shows_its_headings() -> None:
    assert PIPE.table([Column("a"), Column("b", right=True)], []) == "a  b"


def test_a_sentence_is_wrapped_for_a_terminal_only() -> None:
    text = "certificate " + ":".join(["AB"] * 32) + "; trusted"
    assert Screen().wrap(text) == text
    lines = Screen(width=40).wrap(text).splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_unprintable_names_are_escaped_to_fit() -> None:
    name = "ein film mit äöü und 日本語 darin.mkv"
    for text in (
        answer(COMMANDS["list_files"], long_file(name), NARROW),
        "\n".join(download_lines([download(name)], NARROW)),
    ):
        assert text.isascii()
        assert all(cell_width(row) <= 80 for row in text.splitlines())
    assert "\\xe4" in answer(COMMANDS["list_files"], long_file(name), NARROW)
