"""The shell, with a pipe for a keyboard."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.application.current import AppSession
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from client.core.notices.notice_kinds import NoticeKind
from client.services.content.uploads import Offer
from client.shell.output import Output
from client.shell.repl import Repl
from client.shell.terminal.signals import Interrupts
from tests.support.fakes.services.rows import download
from tests.support.fakes.services.session import FakeSession
from tests.support.waiting import wait_until

CTRL_C, CTRL_D, TAB = "\x03", "\x04", "\t"


class Recording(DummyOutput):
    """A terminal that keeps its output."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, data: str) -> None:
        self.written.append(data)

    def write_raw(self, data: str) -> None:
        self.written.append(data)


class Sitting:
    """A shell and a keyboard; `said` is the output on stdout, `errors` on stderr."""

    def __init__(self, folder: Path, keyboard: PipeInput, terminal: AppSession) -> None:
        self.session = FakeSession()
        self.keyboard = keyboard
        self.terminal = terminal
        self.folder = folder
        self.out, self.err = io.StringIO(), io.StringIO()
        self.screen = Recording()

    @property
    def said(self) -> list[str]:
        return self.out.getvalue().splitlines()

    @property
    def shown(self) -> str:
        """The terminal's output, with prompts and typed text."""
        return "".join(self.screen.written)

    @property
    def errors(self) -> list[str]:
        return self.err.getvalue().splitlines()

    def sit(self, *, as_json: bool = False) -> int:
        """Run the shell on the typed text until it exits; return the exit status."""
        with Interrupts(ctrl_c_ends=False) as interrupts:
            return Repl(
                self.session,
                Output(self.out, self.err, as_json=as_json),
                interrupts,
                self.folder,
                keyboard=self.keyboard,
                terminal=self.screen,
            ).run()

    @contextmanager
    def meanwhile(self, act: Callable[[], None]) -> Iterator[None]:
        """Let a thread act while the shell runs."""
        failures: list[BaseException] = []

        def run() -> None:
            try:
                act()
            except BaseException as error:  # raised again below
                failures.append(error)
                self.type("quit\r")

        thread = threading.Thread(target=run, name="typist")
        thread.start()
        try:
            yield
        finally:
            thread.join(30)
        assert not failures, failures

    def line(self) -> str:
        """Return the text of the line being typed."""
        app = self.terminal.app
        return app.current_buffer.text if app is not None else ""

    def type(self, text: str) -> None:
        self.keyboard.send_text(text)

    def called(self, *call: object) -> None:
        """Wait until this was asked of the session."""
        wait_until(lambda: call in self.session.calls, what=repr(call))


@pytest.fixture
def sitting(tmp_path: Path) -> Iterator[Sitting]:
    with (
        create_pipe_input() as keyboard,
        create_app_session(keyboard, DummyOutput()) as terminal,
    ):
        yield Sitting(tmp_path, keyboard, terminal)


def test_commands_are_run_until_quit(sitting: Sitting) -> None:
    sitting.type("login ann x\ruse_group lab\r\r# nothing\rwhoami now\rquit\rwhoami\r")
    assert sitting.sit() == 0
    assert sitting.said == [
        "Logged in as ann; groups: lab; sharing 3 files again",
        "Using lab",
    ]
    assert sitting.errors[-1].startswith("error: Too many arguments")


def test_the_first_start_shows_a_hint(sitting: Sitting) -> None:
    sitting.type("quit\r")
    sitting.sit()
    assert "create_user NAME" in sitting.err.getvalue()
    sitting.type("quit\r")
    sitting.sit()
    assert sitting.errors[-1] == "Log in with: login NAME (help lists all commands)"


def test_the_first_prompt_waits_for_a_remembered_login(sitting: Sitting) -> None:
    sitting.session.resuming = "ann"
    sitting.type("quit\r")
    sitting.sit()
    assert sitting.session.accounts.settled == [1.0]
    assert sitting.errors == ["You will be logged in as ann as soon as a tracker can be reached."]


def test_logged_in_users_see_no_hint(sitting: Sitting) -> None:
    sitting.session.user = "ann"
    sitting.type("quit\r")
    sitting.sit()
    assert sitting.errors == []


def test_a_password_is_prompted_for_and_not_remembered(sitting: Sitting) -> None:
    sitting.type("login ann\rsecret123\rlogin bob topsecret\rquit\r")
    sitting.sit()
    assert sitting.session.calls == [
        ("login", "ann", "secret123"),
        ("login", "bob", "topsecret"),
    ]
    kept = (sitting.folder / "history").read_text()
    assert "quit" in kept
    assert "login" not in kept
    assert "secret" not in kept + sitting.out.getvalue() + sitting.err.getvalue()


def test_typeahead_answers_every_prompt(sitting: Sitting) -> None:
    sitting.type("create_user cid\rsecret123\rsecret123\rlogin cid\rsecret123\r")
    sitting.type("passwd\rold one\rn\x7fnew\rnew\rwhoami\rquit\r")
    sitting.sit()
    assert sitting.session.calls == [
        ("create_user", "cid", "secret123"),
        ("login", "cid", "secret123"),
        ("passwd", "old one", "new"),
    ]
    assert sitting.said[-1] == "cid"


@pytest.mark.parametrize(
    "ahead",
    [
        "logn ann\rsecret123\r",
        "login\rann\rsecret123\r",
        "create_user cid\rsecret123\rwhoami\rsecret123\r",  # once instead of twice
        f"login ann\rse{CTRL_C}secret123\r",
        f"passwd\r{CTRL_D}secret123\r",
    ],
)
def test_a_possible_password_is_dropped_without_its_prompt(sitting: Sitting, ahead: str) -> None:
    sitting.type(ahead)

    def leave() -> None:
        def is_prompting() -> bool:
            sitting.type("whoami\r")
            return "Log in first" in sitting.err.getvalue()

        wait_until(is_prompting, what="the prompt", interval=0.1)
        sitting.type("quit\r")

    with sitting.meanwhile(leave):
        sitting.sit()
    assert sitting.session.calls == []
    assert "secret" not in sitting.err.getvalue() + sitting.shown
    assert "no such command" not in sitting.err.getvalue()
    assert "secret" not in (sitting.folder / "history").read_text()


def test_pasted_lines_wait_for_enter_and_passwords_for_their_prompt(
    sitting: Sitting,
) -> None:
    def look() -> None:
        sitting.type("\x1b[200~login ann\r\nsecret123\r\nuse_group lab\r\n\x1b[201~")
        wait_until(lambda: sitting.line() == "login ann", what="the first line")
        assert sitting.session.calls == []
        sitting.type("\rquit\r")

    with sitting.meanwhile(look):
        sitting.sit()
    assert "login ann" in sitting.shown
    assert "secret" not in sitting.shown
    assert sitting.session.calls == [("login", "ann", "secret123"), ("use_group", "lab")]


def test_ctrl_c_drops_pasted_lines(sitting: Sitting) -> None:
    sitting.type(f"\x1b[200~login ann\nsecret123\n\x1b[201~{CTRL_C}quit\r")
    sitting.sit()
    assert sitting.session.calls == []


def test_a_password_pasted_with_its_line_end(sitting: Sitting) -> None:
    sitting.type("passwd\r\x1b[200~old\n\x1b[201~\x1b[200~new\nnew\x1b[201~quit\r")
    sitting.session.user = "ann"
    sitting.sit()
    assert sitting.session.calls == [("passwd", "old", "new")]


def test_an_empty_password_cancels_login(sitting: Sitting) -> None:
    def give_up() -> None:
        wait_until(lambda: "Password:" in sitting.shown, what="the prompt for the password")
        os.kill(os.getpid(), signal.SIGINT)
        sitting.type("whoami\rquit\r")

    sitting.type("login ann\r")
    with sitting.meanwhile(give_up):
        assert sitting.sit() == 0
    assert sitting.session.calls == []
    assert sitting.errors[-1].startswith("error: Log in first")


def test_ctrl_c_clears_the_line(sitting: Sitting) -> None:
    sitting.type(f"login ann x{CTRL_C}use_group lab\rquit\r")
    sitting.sit()
    assert sitting.session.calls == [("use_group", "lab")]


def test_ctrl_d_quits_when_nothing_runs(sitting: Sitting) -> None:
    sitting.type(CTRL_D)
    assert sitting.sit() == 0


@pytest.mark.parametrize(
    ("answer", "stays"),
    [("n\r", True), ("\r", True), (CTRL_C, True), ("y\r", False), ("YES\r", False)],
)
def test_ctrl_d_asks_when_downloads_run(sitting: Sitting, answer: str, stays: bool) -> None:
    sitting.session.rows = [download()]
    sitting.type(f"{CTRL_D}{answer}use_group lab\rquit\r")
    assert sitting.sit() == 0
    assert bool(sitting.session.calls) is stays


def test_ctrl_d_twice_quits_regardless(sitting: Sitting) -> None:
    sitting.session.rows = [download()]
    sitting.type(CTRL_D + CTRL_D)
    assert sitting.sit() == 0


@pytest.mark.parametrize(("answer", "is_done"), [("Yes\r", True), ("\r", False), (CTRL_C, False)])
@pytest.mark.parametrize(
    ("line", "call", "question"),
    [
        ("remove_member lab bob", ("remove_member", "lab", "bob"), "Remove bob from lab? [y/N]"),
        (
            "cancel lab a",
            ("cancel", "lab", "a"),
            "Cancel a (lab) and delete its partial data? [y/N]",
        ),
    ],
)
def test_a_command_that_cannot_be_undone_asks(
    sitting: Sitting, line: str, call: tuple[str, ...], question: str, answer: str, *, is_done: bool
) -> None:
    def answer_it() -> None:
        wait_until(lambda: question in sitting.shown, what="the question")
        assert call not in sitting.session.calls
        sitting.type(f"{answer}use_group lab\rquit\r")

    sitting.type(f"{line}\r")
    with sitting.meanwhile(answer_it):
        sitting.sit()
    assert (call in sitting.session.calls) is is_done
    assert sitting.session.calls[-1] == ("use_group", "lab")
    assert ("Nothing was done." in sitting.errors) is not is_done


def test_a_command_does_not_ask_if_told_so_or_for_json(sitting: Sitting) -> None:
    sitting.type("remove_member lab bob --yes\rquit\r")
    sitting.sit()
    sitting.type("remove_member lab cid\rquit\r")
    sitting.sit(as_json=True)
    assert [call[2] for call in sitting.session.calls] == ["bob", "cid"]


def test_an_answer_typed_ahead_counts_and_another_line_waits(sitting: Sitting) -> None:
    def answer_it() -> None:
        wait_until(lambda: "Remove bob" in sitting.shown, what="the second question")
        assert sitting.session.calls == [("remove_member", "lab", "ann")]
        sitting.type("y\r")
        sitting.called("use_group", "lab")
        sitting.type("quit\r")

    sitting.type("remove_member lab ann\ry\rremove_member lab bob\ruse_group lab\r")
    with sitting.meanwhile(answer_it):
        sitting.sit()
    assert [call[0] for call in sitting.session.calls] == ["remove_member"] * 2 + ["use_group"]


def test_a_notice_during_a_question_and_sigterm(sitting: Sitting) -> None:
    def interrupt() -> None:
        wait_until(lambda: "Remove bob" in sitting.shown, what="the question")
        sitting.session.notices.notify("join_requested", "eve asks to join lab.")
        wait_until(lambda: "eve asks to join lab." in sitting.errors)
        os.kill(os.getpid(), signal.SIGTERM)

    sitting.type("remove_member lab bob\r")
    with sitting.meanwhile(interrupt):
        sitting.sit()
    assert sitting.session.calls == []


def test_downloads_are_watched_above_notices(sitting: Sitting) -> None:
    sitting.session.rows = [download("a.mkv")]

    def look() -> None:
        wait_until(lambda: "returns to the prompt" in sitting.shown, what="the first frame")
        sitting.session.rows = [download("b.mkv")]
        sitting.session.notices.notify("join_requested", "eve asks to join lab.")
        wait_until(lambda: "eve asks to join lab." in sitting.errors, what="the notice")
        before = len(sitting.session.calls)
        wait_until(lambda: len(sitting.session.calls) > before, what="the next frame")
        sitting.type(f"{CTRL_C}quit\r")

    sitting.type("show_downloads --watch\r")
    with sitting.meanwhile(look):
        sitting.sit()
    assert [line.split()[2] for line in sitting.said] == ["b.mkv"]


@pytest.mark.parametrize("end", ["q", CTRL_D, None])
def test_what_ends_a_watch(sitting: Sitting, end: str | None) -> None:
    def look() -> None:
        wait_until(lambda: "returns to the prompt" in sitting.shown, what="the first frame")
        if end is None:
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            sitting.type(f"{end}use_group lab\rquit\r")

    sitting.type("show_downloads --watch\r")
    with sitting.meanwhile(look):
        sitting.sit()
    assert (("use_group", "lab") in sitting.session.calls) is (end is not None)


def test_tab_completes(sitting: Sitting) -> None:
    sitting.session.user = "ann"

    def type_slowly() -> None:
        sitting.type(f"download_file lab two{TAB}")
        wait_until(lambda: sitting.line() == "download_file lab 'two words.txt' ")
        sitting.type("/tmp\r")
        sitting.called("download_file", "lab", "two words.txt", "/tmp")
        sitting.type("quit\r")

    with sitting.meanwhile(type_slowly):
        sitting.sit()


def test_several_lines_pasted_at_once(sitting: Sitting) -> None:
    sitting.type("\x1b[200~login ann x\nuse_group lab\x1b[201~\rquit\r")
    sitting.sit()
    assert sitting.session.calls == [("login", "ann", "x"), ("use_group", "lab")]


def test_ctrl_c_stops_only_a_wait(sitting: Sitting) -> None:
    sitting.session.waits_for.clear()

    def interrupt() -> None:
        sitting.called("wait", None)
        os.kill(os.getpid(), signal.SIGINT)
        sitting.type("whoami\rquit\r")

    sitting.type("login ann x\rwait\r")
    with sitting.meanwhile(interrupt):
        assert sitting.sit() == 0
    assert sitting.errors[-1] == "error: Stopped waiting; the downloads continue."
    assert sitting.said[-1] == "ann"


def test_ctrl_c_stops_hashing(sitting: Sitting) -> None:
    sitting.session.hash_steps = 10_000

    def interrupt() -> None:
        sitting.called("upload_file", Offer(Path("big")), "lab")
        os.kill(os.getpid(), signal.SIGINT)
        sitting.type("use_group lab\rquit\r")

    sitting.type("upload_file big lab\r")
    with sitting.meanwhile(interrupt):
        assert sitting.sit() == 0
    assert sitting.errors[-1] == "error: Hashing was interrupted; nothing was shared."
    assert sitting.said == ["Using lab"]


def test_sigterm_quits_at_the_prompt(sitting: Sitting) -> None:
    def terminate() -> None:
        sitting.type("use_group lab\r")
        sitting.called("use_group", "lab")
        os.kill(os.getpid(), signal.SIGTERM)

    with sitting.meanwhile(terminate):
        assert sitting.sit() == 0


def test_sigterm_quits_after_a_command(sitting: Sitting) -> None:
    sitting.session.waits_for.clear()

    def terminate() -> None:
        sitting.called("wait", None)
        os.kill(os.getpid(), signal.SIGTERM)

    sitting.type("wait\r")
    with sitting.meanwhile(terminate):
        assert sitting.sit() == 0


def test_notices_are_shown_during_typing(sitting: Sitting) -> None:
    sitting.session.user = "ann"

    def notify() -> None:
        sitting.type("use_group lab\rlist_f")
        sitting.called("use_group", "lab")
        sitting.session.notices.notify("join_requested", "eve asks to join lab.")
        wait_until(lambda: "eve asks to join lab." in sitting.errors)
        sitting.type("iles\rquit\r")

    with sitting.meanwhile(notify):
        sitting.sit()
    assert ("list_files", None) in sitting.session.calls


def test_every_kind_of_notice_is_shown_above_the_prompt(sitting: Sitting) -> None:
    sentences = {kind: f"This is about {kind}." for kind in NoticeKind}

    def notify() -> None:
        sitting.type("settings hidden_notices none\r")
        sitting.called("settings", "hidden_notices", "none")
        for kind, sentence in sentences.items():
            sitting.session.notices.notify(kind, sentence)
        wait_until(lambda: set(sentences.values()) <= set(sitting.errors), what="all of them")
        sitting.type("quit\r")

    with sitting.meanwhile(notify):
        sitting.sit()


def test_hidden_kinds_of_notices_are_not_shown(sitting: Sitting) -> None:
    def notify() -> None:
        sitting.type("settings hidden_notices file_added\r")
        sitting.called("settings", "hidden_notices", "file_added")
        sitting.session.notices.notify("file_added", "bob shared notes.txt.")
        sitting.session.notices.notify("join_requested", "eve asks to join lab.")
        wait_until(lambda: "eve asks to join lab." in sitting.errors)
        sitting.type("quit\r")

    with sitting.meanwhile(notify):
        sitting.sit()
    assert "bob shared notes.txt." not in sitting.errors


def test_json_at_a_terminal(sitting: Sitting) -> None:
    sitting.type("whoami\rquit\r")
    sitting.sit(as_json=True)
    assert [line.startswith('{"command": ') for line in sitting.said] == [True, True]
