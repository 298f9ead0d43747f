"""Our side of the comparison: the real commands, as a user would run them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.support.processes import ClientProcess, TrackerProcess

LIMIT = 600.0
"""Seconds that one transfer may take."""

GROUP = "bench"


class Ours:
    """A tracker and two members of a group, as real processes."""

    def __init__(self, stack: ExitStack, content: Path, folder: Path) -> None:
        self.tracker = stack.enter_context(TrackerProcess(folder / "tracker"))
        self.seeder = stack.enter_context(ClientProcess(folder / "seeder", [self.tracker]))
        self.leecher = stack.enter_context(ClientProcess(folder / "leecher", [self.tracker]))
        self.content = content
        self.folder = folder
        self.torrent = folder / "content.torrent"
        self.seeder.sign_in("seeder")
        self.seeder.ok("create_group", GROUP, "--open")
        self.leecher.sign_in("leecher")
        self.leecher.join(GROUP, self.seeder)

    def share(self) -> None:
        """Have the first member share the content, and write its metainfo to `torrent`."""
        self.seeder.ok("share", str(self.content), str(self.torrent), GROUP, timeout=LIMIT)

    def download(self) -> None:
        """Have the second member fetch the content."""
        self.leecher.ok("download_file", GROUP, self.content.name, str(self.folder))
        result = self.leecher.ok("wait", timeout=LIMIT)
        assert not result["failed"], result
