"""The shell, with a pipe for a keyboard."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from client.core.notices.notice_kinds import NoticeKind
from client.services.content.uploads import Offer
from tests.support.fakes.services.rows import download
from tests.support.waiting import wait_until
from tests.unit.client.shell.sittings import CTRL_C, CTRL_D, TAB, Sitting


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
