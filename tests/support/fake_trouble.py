"""The mending of what is wrong as the shell sees it, without anything being wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from client.results import RelocateResult, WhyResult

if TYPE_CHECKING:
    from client.services.session import HashProgress


class FakeTrouble:
    """`client.services.diagnostics.Trouble`; `called` is told of each call."""

    def __init__(self, called: Callable[..., None]) -> None:
        self._called = called

    def why(self, group: str, name: str) -> WhyResult:
        self._called("why", group, name)
        return WhyResult(reason="It is paused.", hint=f"Type: resume {group} {name}")

    def relocate(
        self, group: str, name: str, where: Path, progress: HashProgress | None = None
    ) -> RelocateResult:
        self._called("relocate", group, name, where)
        if progress is not None:
            progress(1, 1)
        return RelocateResult(group=group, name=name, path=str(where))
