"""Diagnostics for the shell, without a transfer to diagnose."""

from __future__ import annotations

from pathlib import Path

from client.results.files import RelocateResult
from client.results.transfers import WhyResult
from client.services.content.uploads import HashProgress
from tests.support.fakes.services.state import FakeState


class FakeDiagnostics:
    """`client.services.health.diagnostics.Diagnostics` without a client."""

    def __init__(self, state: FakeState) -> None:
        self._state = state

    def why(self, group: str, name: str) -> WhyResult:
        self._state.called("why", group, name)
        return WhyResult(reason="It is paused.", hint=f"Type: resume {group} {name}")

    def relocate(
        self, group: str, name: str, where: Path, progress: HashProgress | None = None
    ) -> RelocateResult:
        self._state.called("relocate", group, name, where)
        if progress is not None:
            progress(1, 1)
        return RelocateResult(group=group, name=name, path=str(where))
