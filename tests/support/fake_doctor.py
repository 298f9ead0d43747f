"""A check-up as the shell sees it, without anything being looked at."""

from __future__ import annotations

from collections.abc import Callable

from client.results import CheckRow, ChecksResult


class FakeDoctor:
    """`client.services.doctor.Doctor`; `called` is told of each call."""

    def __init__(self, called: Callable[..., None]) -> None:
        self._called = called

    def examine(self) -> ChecksResult:
        self._called("doctor")
        return ChecksResult(
            checks=[
                CheckRow(name="port", ok=True, hint="The tracker reaches you at 192.0.2.1:6001."),
                CheckRow(name="clock", ok=False, hint="It is 2 hours ahead of the trackers'."),
            ]
        )
