"""Many sessions at once, and trackers with a limit of open files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.types import Endpoint
from tests.integration.tracker.sessions import SessionClient
from tests.support.programs.processes import TrackerProcess


class LimitedTracker(TrackerProcess):
    """Start a tracker whose soft and hard limit of open files is `open_files`."""

    def __init__(self, folder: Path, open_files: int, *options: str) -> None:
        super().__init__(folder, *options)
        command = shlex.join(self.command)
        self.command = ["bash", "-c", f"ulimit -n {open_files} && exec {command}"]

    @property
    def descriptors(self) -> int:
        """Return how many files it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@contextmanager
def crowd(address: Endpoint, sources: list[str]) -> Iterator[list[SessionClient]]:
    """Open sessions from these addresses, a few at a time."""
    with ThreadPoolExecutor(8) as pool:
        clients = list(pool.map(lambda source: SessionClient(address, source), sources))
        try:
            yield clients
        finally:
            for client in clients:
                client.close()


def resume(clients: list[SessionClient], token: str) -> list[dict[str, Any]]:
    """Log all of them in with one token."""
    with ThreadPoolExecutor(8) as pool:
        return list(
            pool.map(
                lambda client: client.call(
                    "resume_session", token=token, peer_id=client.peer_id, port=0
                ),
                clients,
            )
        )
