"""Results of `doctor` for the shell, without any check."""

from __future__ import annotations

from client.results.health import CheckRow, ChecksResult
from tests.support.fakes.services.state import FakeState


class FakeDoctor:
    """`client.services.health.doctor.Doctor` without a client."""

    def __init__(self, state: FakeState) -> None:
        self._state = state

    def examine(self) -> ChecksResult:
        self._state.called("doctor")
        return ChecksResult(
            checks=[
                CheckRow(name="port", ok=True, hint="The tracker reaches you at 192.0.2.1:6001."),
                CheckRow(name="clock", ok=False, hint="It is 2 hours ahead of the trackers'."),
            ]
        )
