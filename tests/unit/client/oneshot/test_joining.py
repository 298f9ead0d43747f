"""`join`: with a new account or an old one, asked for or given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from client.oneshot.joining import join
from client.oneshot.sign_in import Account
from common.errors import ErrorCode, MinitorrentError
from common.invitation import InvitationText, InvitedTracker
from common.types import Endpoint
from tests.support.fakes.services.session import FakeSession

TEXT = InvitationText(
    "lab", "A" * 22, (InvitedTracker(Endpoint("tracker", 1), b"f" * 32),)
).encode()
ANN = Account("ann", "secret")


class Answers:
    """Answers questions from a list."""

    def __init__(self, *answers: str | bool) -> None:
        self._answers: Iterator[str | bool] = iter(answers)
        self.said: list[str] = []

    def text(self, _: str) -> str:
        """See Asking."""
        return str(next(self._answers))

    secret = text

    def yes(self, _: str, *, default: bool = False) -> bool:
        """See Asking."""
        return bool(next(self._answers))

    def say(self, text: str) -> None:
        """See Asking."""
        self.said.append(text)


@pytest.fixture
def session() -> FakeSession:
    """A session in which nobody is logged in, on a tracker that knows the name `taken`."""
    return FakeSession()


def names(session: FakeSession) -> list[object]:
    return [call[0] for call in session.calls]


def test_a_new_account_is_created_and_confirmed(session: FakeSession) -> None:
    assert join(session, TEXT, None, Answers("ann", False, "secret", "secret", False)) == "lab"
    assert session.calls[0] == ("create_user", "ann", "secret", TEXT, False)
    assert names(session) == ["create_user", "login", "use_group"]


def test_an_old_account_logs_in(session: FakeSession) -> None:
    join(session, TEXT, None, Answers("ann", True, "secret", True))
    assert names(session) == ["login", "join", "use_group"]


def test_what_was_wrong_is_asked_again(session: FakeSession) -> None:
    answers = Answers(
        "ann", False, "secret", "other", "ann", True, "wrong", False, "ann", True, "secret", False
    )
    join(session, TEXT, None, answers)
    assert answers.said == [
        "The two passwords don't match; try again.",
        "Wrong user or password.",
    ]


def test_it_gives_up_after_a_while(session: FakeSession) -> None:
    with pytest.raises(MinitorrentError, match="Wrong user"):
        join(session, TEXT, None, Answers(*("ann", True, "wrong", False) * 9))
    assert names(session) == ["login"] * 5


def test_a_given_account_may_be_new_or_old(session: FakeSession) -> None:
    join(session, TEXT, ANN, None)
    assert names(session) == ["create_user", "login", "use_group"]
    session.user, session.taken = None, {"ann"}
    join(session, TEXT, ANN, None)
    assert names(session)[3:] == ["create_user", "login", "join", "use_group"]


def test_nobody_is_asked_without_a_terminal(session: FakeSession) -> None:
    with pytest.raises(MinitorrentError, match="--password-file"):
        join(session, TEXT, None, None)


def test_who_is_logged_in_joins_at_once(session: FakeSession) -> None:
    session.user = "ann"
    join(session, TEXT, None, None)
    assert names(session) == ["join", "use_group"]


def test_a_refused_invitation_is_no_membership(session: FakeSession) -> None:
    session.user = "ann"
    session.failure = MinitorrentError(ErrorCode.INVITE_INVALID, "This invitation is not valid.")
    with pytest.raises(MinitorrentError, match="not valid"):
        join(session, TEXT, None, None)
