"""Our side of the comparison: the real commands, as a user would run them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.support.programs.lab import GROUP, Lab
from tests.support.waiting import wait_until

LIMIT = 600.0
"""Seconds that one transfer may take."""


class Ours:
    """A tracker and the members of a group, as real processes: seeders, and one downloader."""

    def __init__(
        self,
        stack: ExitStack,
        content: Path,
        folder: Path,
        *,
        sealed: bool = False,
        seeders: int = 1,
    ) -> None:
        self.lab = stack.enter_context(Lab(folder, is_open=not sealed))
        self.all_seeders = [self.lab.member(f"seeder-{number}") for number in range(seeders)]
        self.seeder = self.all_seeders[0]
        self.leecher = self.lab.member("leecher")
        self.group = GROUP
        self.content = content
        self.folder = folder
        self.torrent = folder / "content.torrent"

    def share(self) -> None:
        """Share the content as every seeder, and write its metainfo to `torrent`."""
        self.seeder.ok("share", str(self.content), str(self.torrent), self.group, timeout=LIMIT)
        for other in self.all_seeders[1:]:
            other.ok("upload_file", str(self.content), self.group, timeout=LIMIT)
        wait_until(lambda: self.seeders() == len(self.all_seeders), LIMIT, "all to seed")

    def upload(self) -> None:
        """Hash and share the content as the first member."""
        self.seeder.ok("upload_file", str(self.content), self.group, timeout=LIMIT)

    def download(self) -> None:
        """Download the content as the second member."""
        self.leecher.ok("download_file", self.group, self.content.name, str(self.folder))
        result = self.leecher.ok("wait", timeout=LIMIT)
        assert not result["failed"], result

    def credentials(self) -> tuple[Path, Path]:
        """Return the credentials with which two stock clients act as the two members."""
        folders = (self.folder / "seeder's", self.folder / "leecher's")
        for member, folder in zip((self.seeder, self.leecher), folders, strict=True):
            member.ok("export_credentials", self.group, str(folder))
        return folders

    @property
    def pids(self) -> list[int]:
        """Return the processes that transfer."""
        return [member.pid for member in (*self.all_seeders, self.leecher)]

    def seeders(self) -> int:
        """Return the number of seeders in the group's list."""
        return self.lab.seeders(self.content.name)
