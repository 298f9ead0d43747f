"""Rate limits for the shell, without any transfer."""

from __future__ import annotations

from client.core.bandwidth.throttle import Direction
from client.results.settings import LimitRow, LimitsResult
from tests.support.fakes.services.state import FakeState


class FakeLimits:
    """`client.services.limits.LimitService` without a client."""

    def __init__(self, state: FakeState) -> None:
        self._state = state
        self.rows = [
            LimitRow(group=None, name=None, up=512_000, down=0),
            LimitRow(group="lab", name="film.mkv", up=0, down=2 << 20),
        ]

    def list(self) -> LimitsResult:
        self._state.called("limits")
        return LimitsResult(limits=self.rows)

    def set(
        self,
        direction: Direction,
        rate: int,
        group: str | None = None,
        name: str | None = None,
    ) -> LimitsResult:
        self._state.called("limit", direction, rate, group, name)
        return LimitsResult(limits=self.rows)
