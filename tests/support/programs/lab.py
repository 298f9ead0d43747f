"""A running group: a tracker and its members' clients, all real processes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from common.types import Endpoint
from tests.support.closing import Closing
from tests.support.programs.processes import ClientProcess, TrackerProcess

GROUP = "lab"


class Lab(Closing):
    """The first person creates the group; the others ask and are accepted.

    The group is sealed; with `is_open` stock clients can take part. `options` are the tracker's.
    """

    def __init__(
        self, folder: Path, host: str = "127.0.0.1", *options: str, is_open: bool = False
    ) -> None:
        self.folder = folder
        self.host = host
        self._is_open = is_open
        self._stack = ExitStack()
        self.tracker = TrackerProcess(folder / "tracker", *options, host=host)
        self.trackers: Sequence[TrackerProcess | Endpoint] = [self.tracker]
        self.members: list[ClientProcess] = []

    def __enter__(self) -> Self:
        self._stack.enter_context(self.tracker)
        return self

    def close(self) -> None:
        """End the clients, the last one first, and the trackers."""
        self._stack.close()

    def second_tracker(self) -> TrackerProcess:
        """Start another tracker on the same database; later clients know both."""
        second = TrackerProcess(
            self.folder / "tracker", number=2, host=self.host, database=self.tracker.database
        )
        self.trackers = [self.tracker, self._stack.enter_context(second)]
        return second

    def outsider(self, name: str, host: str | None = None, *options: str) -> ClientProcess:
        """Start a client with a logged-in account that is not a member, perhaps elsewhere."""
        person = ClientProcess(self.folder / name, self.trackers, *options, host=host or self.host)
        self._stack.enter_context(person)
        person.sign_in(name)
        return person

    def member(self, name: str, host: str | None = None, *options: str) -> ClientProcess:
        """Start a member's client, at the lab's address or another."""
        person = self.outsider(name, host, *options)
        if self.members:
            person.join(GROUP, self.members[0])
        else:
            person.ok("create_group", GROUP, *(["--open"] if self._is_open else []))
        self.members.append(person)
        return person

    def seeders(self, name: str) -> int:
        """Return the number of seeders in the group's list."""
        files = self.members[-1].ok("list_files", GROUP)["files"]
        return sum(int(row["seeders"]) for row in files if row["name"] == name)
