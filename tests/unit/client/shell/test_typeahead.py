"""Lines and passwords typed or pasted before their prompt."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support.waiting import wait_until
from tests.unit.client.shell.sittings import CTRL_C, CTRL_D, Sitting


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


def test_several_lines_pasted_at_once(sitting: Sitting) -> None:
    sitting.type("\x1b[200~login ann x\nuse_group lab\x1b[201~\rquit\r")
    sitting.sit()
    assert sitting.session.calls == [("login", "ann", "x"), ("use_group", "lab")]
