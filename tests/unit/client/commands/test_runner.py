"""A line's outcome, as an object for programs and as lines for people."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from client.commands.runner import Outcome, Runner
from client.results.overview import Notice
from client.shell.output import Output
from client.shell.progress import Progress
from client.shell.terminal.screen import Screen, can_show, screen_of
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.services.rows import download
from tests.support.fakes.services.session import FakeSession


def runner(session: FakeSession, ask: Callable[[str], str] | None = None) -> Runner:
    return Runner(session, ask=ask)


def outcome(line: str, session: FakeSession | None = None) -> dict[str, Any]:
    made = runner(session or FakeSession()).run(line)
    assert made is not None
    return made.as_json()


class TerminalStream(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_success_and_failure_as_json_objects() -> None:
    assert outcome("login ann x") == {
        "command": "login",
        "ok": True,
        "result": {"user": "ann", "groups": ["lab"], "sharing": 3},
    }
    assert outcome("whoami") == {
        "command": "whoami",
        "ok": False,
        "error": {"code": "not_logged_in", "message": "Log in first: login USER PASSWORD."},
    }
    assert outcome("nonsense 'x")["command"] == "nonsense"
    assert outcome("nonsense 'x")["error"]["code"] == "usage"


@pytest.mark.parametrize(
    ("line", "name", "call"),
    [
        ("ls lab", "list_files", ("list_files", "lab")),
        ("ls lab *.wav", "list_files", ("list_files", "lab", "*.wav")),
        ("ls *.wav --limit 5", "list_files", ("list_files", None, "*.wav", 5)),
        ("list_members b?b", "list_members", ("list_members", None, "b?b")),
        ("kick lab bob", "remove_member", ("remove_member", "lab", "bob")),
        ("get lab film.mkv /tmp", "download_file", ("download_file", "lab", "film.mkv", "/tmp")),
        ("get  'lab' film.mkv d --resume", "download_file", ("download_file", "lab", "film.mkv")),
        ("get studio film.mkv", "get", ("get", "studio", "film.mkv")),
        ("get film.torrent lab", "get", ("get", "film.torrent", "lab")),
        ("get magnet:?xt=x lab", "get", ("get", "magnet:?xt=x", "lab")),
        ("join studio", "join_group", ("join_group", "studio")),
        ("join mt1AbC", "join", ("join", "mt1AbC")),
        ("join 'mt1 AbC'", "join", ("join", "mt1 AbC")),
    ],
)
def test_the_usual_words_are_understood(line: str, name: str, call: tuple[str, ...]) -> None:
    session = FakeSession()
    session.user = "ann"
    assert outcome(line, session)["command"] == name
    assert session.calls[-1][: len(call)] == call


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("get film.mkv", "download_file"),
        ("get 'two words.txt' /tmp/", "download_file"),
        ("get *.mkv", "download_file"),
        ("get other.mkv", "get"),
        ("get ./film.mkv", "get"),
        ("get magnet:?xt=x", "get"),
    ],
)
def test_get_takes_a_file_of_the_group_in_use(line: str, name: str) -> None:
    session = FakeSession()
    session.user = "ann"
    assert outcome(line, session)["command"] == "get"
    session.group = "lab"
    assert outcome(line, session)["command"] == name


def test_a_metainfo_file_is_not_taken_for_a_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    session = FakeSession()
    (tmp_path / "lab").mkdir()
    assert outcome("get lab film.mkv .", session)["command"] == "download_file"
    (tmp_path / "lab").rmdir()
    (tmp_path / "lab").touch()
    assert outcome("get lab film.mkv", session)["command"] == "get"
    session.failure = MinitorrentError(ErrorCode.NOT_LOGGED_IN, "Log in first.")
    (tmp_path / "lab").unlink()
    assert outcome("get lab film.mkv", session)["command"] == "get"
    assert outcome("get lab film.mkv out", session)["error"]["code"] == "not_logged_in"


def test_a_failing_alias_is_named_by_its_command() -> None:
    assert outcome("put")["command"] == "upload_file"
    assert outcome("? whoami")["command"] == "help"
    assert outcome("whoami --help")["command"] == "help"


def test_blank_lines_have_no_result() -> None:
    assert runner(FakeSession()).run("  # nothing") is None
    assert runner(FakeSession()).run_bytes(b"\xef\xbb\xbf\r\n") is None


def test_lines_that_are_not_utf8_are_usage_errors() -> None:
    made = runner(FakeSession()).run_bytes(b"login \xff\n")
    assert made is not None
    assert made.as_json()["command"] == "login"
    assert made.as_json()["error"]["code"] == "usage"


def test_a_byte_order_mark_before_a_command_is_ignored() -> None:
    made = runner(FakeSession()).run_bytes(b"\xef\xbb\xbfhelp\r\n")
    assert made is not None
    assert made.error is None


def test_the_command_of_a_line_is_found() -> None:
    command = runner(FakeSession()).command(b"quit now\xff\n")
    assert command is not None
    assert command.ends_program
    assert runner(FakeSession()).command(b"\n") is None


def test_only_quit_and_exit_end_the_program() -> None:
    ends = {}
    for line in ("quit", "exit", "help", "quit now"):
        made = runner(FakeSession()).run(line)
        assert made is not None
        ends[line] = made.ends_program
    assert ends == {"quit": True, "exit": True, "help": False, "quit now": False}


def test_unexpected_errors_are_logged_and_reported() -> None:
    session = FakeSession()
    session.failure = RuntimeError("boom")
    structlog.reset_defaults()
    with capture_logs() as logs:
        made = outcome("list_groups", session)
    assert made["error"]["code"] == "internal"
    assert [(log["command"], log["log_level"]) for log in logs] == [("list_groups", "error")]


def test_omitted_passwords_are_prompted_for() -> None:
    session = FakeSession()
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "it's a secret"

    runner(session, ask).run("create_user ann")
    runner(session, ask).run("login ann")
    assert asked == ["Password: ", "Password again: ", "Password: "]
    assert session.calls == [
        ("create_user", "ann", "it's a secret"),
        ("login", "ann", "it's a secret"),
    ]


def test_a_new_password_is_prompted_for_twice() -> None:
    session = FakeSession()
    answers = iter(["old", "one", "other"])
    made = runner(session, lambda _: next(answers)).run("passwd")
    assert made is not None
    assert made.error is not None
    assert made.error.code is ErrorCode.USAGE
    assert session.calls == []


def test_without_a_terminal_there_is_no_prompt() -> None:
    assert outcome("login ann")["error"]["code"] == "usage"


def printed(made: Outcome | None, *, as_json: bool = False) -> tuple[str, str]:
    assert made is not None
    out, err = io.StringIO(), io.StringIO()
    Output(out, err, as_json=as_json).answer(made)
    return out.getvalue(), err.getvalue()


def test_answers_on_stdout_and_errors_on_stderr() -> None:
    session = FakeSession()
    assert printed(runner(session).run("whoami")) == (
        "",
        "error: Log in first: login USER PASSWORD.\n",
    )
    assert printed(runner(session).run("use_group lab")) == ("Using lab\n", "")
    assert printed(runner(session).run("quit")) == ("", "")


def test_with_json_every_answer_is_an_object_on_stdout() -> None:
    for line in ("whoami", "use_group lab", "quit", "bogus"):
        out, err = printed(runner(FakeSession()).run(line), as_json=True)
        assert err == ""
        assert out.endswith("\n")
        assert json.loads(out)["command"] == line.split()[0]


def test_json_is_safe_in_any_encoding() -> None:
    out, _ = printed(runner(FakeSession()).run("use_group 'é\x1b'"), as_json=True)
    assert out.isascii()
    assert json.loads(out)["result"]["group"] == "é\x1b"


def test_notices_and_errors_are_neutralised() -> None:
    out, err = io.StringIO(), io.StringIO()
    output = Output(out, err)
    output.notice(Notice(kind="warning", text="\x1b[2J"))
    output.error("bad \x07")
    assert err.getvalue() == "\\x1b[2J\nerror: bad \\x07\n"
    assert out.getvalue() == ""


def test_a_closed_stderr_is_ignored() -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    Output(io.StringIO(), Closed()).note("x")


def test_the_progress_line_is_cleared_for_output() -> None:
    err = TerminalStream()
    output = Output(io.StringIO(), err)
    output.progress("50%")
    output.progress("50%")
    output.note("hello")
    output.progress("")
    assert err.getvalue() == "\r\x1b[K50%\r\x1b[Khello\n"


def test_no_progress_without_a_terminal() -> None:
    err = io.StringIO()
    Output(io.StringIO(), err).progress("50%")
    assert err.getvalue() == ""


def test_capabilities_of_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "77")
    assert screen_of(TerminalStream()) == Screen(width=77, colour=True, unicode=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert screen_of(TerminalStream()).colour is False
    assert screen_of(io.StringIO()).width is None
    assert can_show("utf-8")
    assert not can_show("latin-1")
    assert not can_show(None)
    assert not can_show("no-such-encoding")


def test_progress_is_throttled_and_stops_on_request() -> None:
    err = TerminalStream()
    now, stopped = [0.0], [False]
    progress = Progress(
        Output(io.StringIO(), err), Screen(), lambda: stopped[0], clock=lambda: now[0]
    )
    for at in (0.0, 0.05, 0.09, 0.5):
        now[0] = at
        progress.hashing(int(at * 100), 100)
    assert err.getvalue().count("hashing") == 2
    assert "50.0% of 100 B  100 B/s" in err.getvalue()
    progress.end()
    assert err.getvalue().endswith("\r\x1b[K")
    stopped[0] = True
    with pytest.raises(MinitorrentError) as caught:
        progress.hashing(1, 2)
    assert caught.value.code is ErrorCode.TIMEOUT


def test_wait_shows_the_downloads() -> None:
    session = FakeSession()
    session.rows = [download()]
    err = TerminalStream()
    progress = Progress(Output(io.StringIO(), err), Screen(), lambda: False, clock=lambda: 1.0)
    assert progress.waiting(session) is False
    assert progress.waiting(session) is False
    assert err.getvalue().count("1 download") == 1
    silent = Progress(Output(io.StringIO(), io.StringIO()), Screen(), lambda: True)
    assert silent.waiting(session) is True
