"""Every command with odd values in every place: an answer always, and never a fault of ours."""

from __future__ import annotations

import pytest

from client.commands.registry import COMMANDS
from client.commands.runner import Runner
from common.errors import ErrorCode
from tests.support.fakes.services.session import FakeSession
from tests.support.programs.odd import ODD, lines


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_odd_values_with_a_fake_session(name: str) -> None:
    for odd in ODD:
        for line in lines(COMMANDS[name], odd):
            session = FakeSession()
            session.hash_steps = 0
            outcome = Runner(session).run(line)
            assert outcome is not None
            if outcome.error is not None:
                assert outcome.error.code is not ErrorCode.INTERNAL, (line[:200], outcome.error)
                assert outcome.error.message
