"""`send`: who has received what, and when there is nobody left to wait for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from client.oneshot.sending import Recipients, Terminal, send
from common.errors import ErrorCode, MinitorrentError

FILES = frozenset({"a", "b"})


def event(what: str, who: str, subject: str | None = None) -> dict[str, Any]:
    return {"what": what, "who": who, "subject": subject or who}


def test_news_are_told_once() -> None:
    recipients = Recipients(FILES, 2)
    events = [event("group_created", "ann"), event("invite_used", "bob")]
    assert recipients.take(events) == ["bob is receiving"]
    events += [event("file_completed", "bob", "a"), event("invite_used", "cat")]
    assert recipients.take(events) == ["cat is receiving"]
    assert recipients.line == "received by 0 of 2, 2 receiving"
    events += [event("file_completed", "bob", "b")]
    assert recipients.take(events) == ["bob has received everything"]
    assert recipients.take(events) == []
    assert (recipients.served, recipients.line) == (1, "received by 1 of 2, 1 receiving")


@pytest.mark.parametrize(
    ("events", "ends", "ends_when_expired"),
    [
        ([], False, True),
        ([event("invite_used", "bob")], False, False),
        ([event("invite_used", "bob"), event("file_completed", "bob", "a")], False, False),
        (
            [event("invite_used", "bob"), *(event("file_completed", "bob", x) for x in "ab")],
            True,
            True,
        ),
        ([event("invite_used", "bob"), event("member_left", "ann", "bob")], True, True),
        ([event("file_completed", "somebody", "a")], False, True),
    ],
)
def test_when_nobody_is_left_to_wait_for(
    events: list[dict[str, Any]], ends: bool, ends_when_expired: bool
) -> None:
    recipients = Recipients(FILES, 1)
    recipients.take(events)
    assert recipients.may_end(is_expired=False) is ends
    assert recipients.may_end(is_expired=True) is ends_when_expired


class ScriptedCommands:
    """Answers each command from a script; an error is raised."""

    def __init__(self, **answers: list[dict[str, Any] | MinitorrentError]) -> None:
        self.calls: list[tuple[str, ...]] = []
        self._answers = answers

    def call(self, command: str, *arguments: str, **_: object) -> dict[str, Any]:
        """See Commands."""
        self.calls.append((command, *arguments))
        answers = self._answers.get(command, [{}])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, MinitorrentError):
            raise answer
        return answer


class Said:
    """What is said, and whether the user ends it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.notes: list[str] = []
        self.is_ending = False
        self.terminal = Terminal(
            self.lines.append, self.notes.append, lambda _: None, lambda: self.is_ending
        )


def scripted(**answers: list[dict[str, Any] | MinitorrentError]) -> ScriptedCommands:
    answers.setdefault("upload_file", [{"name": "a"}])
    answers.setdefault("invite", [{"invitation": "mt1x", "expires_at": "2999-01-01T00:00:00Z"}])
    answers.setdefault("show_shares", [{"shares": []}])
    return ScriptedCommands(**answers)


def served() -> dict[str, Any]:
    return {"events": [event("invite_used", "bob"), event("file_completed", "bob", "a")]}


def test_the_group_ends_when_everybody_has_everything() -> None:
    gone = MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "gone for a moment")
    commands, said = scripted(audit=[gone, served()]), Said()
    assert send(commands, [Path("/a")], 1, None, said.terminal)
    assert said.lines == ["mt1x"]
    assert said.notes[1:] == ["bob is receiving", "bob has received everything"]
    group = commands.calls[0][1]
    assert commands.calls[-1] == ("leave_group", group)
    assert group.startswith("send-")


def test_the_group_ends_when_the_user_ends_it() -> None:
    commands, said = scripted(audit=[{"events": []}]), Said()
    said.is_ending = True
    assert not send(commands, [Path("/a")], 1, None, said.terminal)
    assert commands.calls[-1][0] == "leave_group"


def test_the_group_ends_when_a_path_cannot_be_shared() -> None:
    missing = MinitorrentError(ErrorCode.FILE_NOT_FOUND, "There is no such file.")
    commands, said = scripted(upload_file=[missing]), Said()
    with pytest.raises(MinitorrentError, match="no such file"):
        send(commands, [Path("/a")], 1, None, said.terminal)
    assert said.lines == []
    assert commands.calls[-1][0] == "leave_group"


def test_an_expired_invitation_ends_it() -> None:
    expired = {"invitation": "mt1x", "expires_at": "2000-01-01T00:00:00Z"}
    commands, said = scripted(invite=[expired], audit=[{"events": []}]), Said()
    assert not send(commands, [Path("/a")], 1, None, said.terminal)


def test_a_group_that_cannot_be_ended_is_named() -> None:
    gone = MinitorrentError(ErrorCode.TRACKER_UNREACHABLE, "No tracker.")
    commands, said = scripted(audit=[served()], leave_group=[gone]), Said()
    assert send(commands, [Path("/a")], 1, None, said.terminal)
    assert said.notes[-1].endswith("is still there: No tracker.")
