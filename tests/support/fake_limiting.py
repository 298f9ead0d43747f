"""Rate limits as the shell sees them, without any transfer behind them."""

from __future__ import annotations

from collections.abc import Callable

from client.core.bandwidth.throttle import Direction
from client.results import LimitRow, LimitsResult


class FakeLimiting:
    """`client.services.limits.Limiting`; `called` is told of each call."""

    def __init__(self, called: Callable[..., None]) -> None:
        self._called = called
        self.rows = [
            LimitRow(group=None, name=None, up=512_000, down=0),
            LimitRow(group="lab", name="film.mkv", up=0, down=2 << 20),
        ]

    def limits(self) -> LimitsResult:
        self._called("limits")
        return LimitsResult(limits=self.rows)

    def limit(
        self,
        direction: Direction,
        rate: int,
        group: str | None = None,
        name: str | None = None,
    ) -> LimitsResult:
        self._called("limit", direction, rate, group, name)
        return LimitsResult(limits=self.rows)
