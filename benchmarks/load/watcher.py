"""A member of many groups who must hear of every revoked certificate."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from benchmarks.load.returning import Findings, ReturningClient, StoppedError
from benchmarks.load.session import LostError, RefusedError

GRACE = 10.0
"""Seconds within which a connected member must have heard of a revocation."""

_TURN = 0.5  # seconds between two requests
_PAUSE = 0.2  # seconds before another connection


class Watcher(threading.Thread):
    """Takes notices, and asks for the revoked certificates after each login, as clients do."""

    def __init__(
        self,
        client: ReturningClient,
        groups: Sequence[str],
        findings: Findings,
        stopped: threading.Event,
    ) -> None:
        super().__init__(name=client.name)
        self.client = client
        client.on_notice = self.take
        self.told: dict[str, float] = {}
        """When a notice told of a certificate (time.monotonic)."""
        self.fetched: dict[str, float] = {}
        """When the group's list did first, after a login."""
        self.ended: list[tuple[float, float]] = []
        """The beginning and end of each connection so far."""
        self._groups = groups
        self._findings = findings
        self._stopped = stopped

    def take(self, notice: dict[str, Any]) -> None:
        """Take a notice, whatever it is."""
        for holder in notice.get("removed", ()):
            self.told.setdefault(holder, time.monotonic())

    def run(self) -> None:
        """Listen until stopped."""
        try:
            while not self._stopped.is_set():
                with suppress(LostError, RefusedError):
                    self._follow_one_connection()
                self._stopped.wait(_PAUSE)
        except StoppedError:
            pass
        except Exception as error:
            self._findings.report(f"{self.name}: {error!r}")
        finally:
            self.client.close()

    def missed(self, revoked: Mapping[str, float]) -> list[str]:
        """Return the certificates of whose end it didn't hear: while connected, or at all."""
        return [
            holder
            for holder, at in revoked.items()
            if holder not in self.told and (holder not in self.fetched or self._should_know(at))
        ]

    def _should_know(self, at: float) -> bool:
        """Return whether one connection lasted from the end of a certificate to GRACE after it."""
        return any(begun < at and at + GRACE < ended for begun, ended in self.ended)

    def _follow_one_connection(self) -> None:
        self.client.connect()
        begun = time.monotonic()
        try:
            self._fetch()
            while not self._stopped.is_set() and self.client.is_connected:
                self.client.listen(_TURN)
                self.client.call("list_groups", limit=1)  # a ping doesn't say if the login ended
        finally:
            self.ended.append((begun, time.monotonic()))
            self.client.close()

    def _fetch(self) -> None:
        for group in self._groups:
            after = ""
            while True:
                page = self.client.call("list_removed", group=group, after=after, limit=1000)
                for holder in page["removed"]:
                    self.fetched.setdefault(holder, time.monotonic())
                after = page["next"] or ""
                if not after:
                    break
