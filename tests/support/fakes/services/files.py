"""Files of a group as the shell sees them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from client.core.transfers.download_options import DownloadOptions
from client.results.files import ContentRow, DownloadResult, FileResult, UploadResult
from client.results.lists import FilesResult, FoundFilesResult
from client.results.metainfo import MagnetResult, ShareFileResult
from client.results.transfers import FolderFile
from client.services.content.uploads import HashProgress, Offer
from client.services.paging import USUAL_LIMIT
from common.api.files import FoundFile, Sort
from common.errors import MinitorrentError
from tests.support.fakes.services.rows import HASH, download, file_rows
from tests.support.fakes.services.state import FakeState, fits, unusual


class FakeFiles:
    """`client.services.files.FileService`; `more` are names of additional files.

    `present` are the names of files that the user has, `refused` those that fail, with their error.
    """

    def __init__(self, state: FakeState) -> None:
        self._state = state
        self.more: list[str] = []
        self.present: set[str] = set()
        self.refused: dict[str, MinitorrentError] = {}
        self.collided = False
        """Whether two files of the same name were shared at the same time."""
        self._hashing: set[str] = set()

    def _check(self, name: str) -> None:
        if name in self.refused:
            raise self.refused[name]

    def list(
        self,
        group: str | None,
        pattern: str = "",
        *,
        sort: Sort = "name",
        limit: int = USUAL_LIMIT,
    ) -> FilesResult:
        order = [sort] * (sort != "name")
        self._state.called("list_files", group, *unusual(pattern, limit), *order)
        usual = file_rows()
        rows = usual + [usual[0].model_copy(update={"name": name}) for name in self.more]
        fitting = [row for row in rows if fits(row.name, pattern)]
        return FilesResult(
            group=group or "lab",
            files=fitting[: limit or None],
            total=len(fitting),
            pattern=pattern,
        )

    def find(self, pattern: str, *, limit: int = USUAL_LIMIT) -> FoundFilesResult:
        self._state.called("find", *unusual(pattern, limit))
        rows = [
            FoundFile(group="lab", **row.model_dump(exclude={"pieces"}))
            for row in file_rows()
            if fits(row.name, pattern)
        ]
        return FoundFilesResult(files=rows[: limit or None], total=len(rows), pattern=pattern)

    def contents(self, group: str, name: str) -> Sequence[ContentRow]:
        self._state.called("contents", group, name)
        return [ContentRow(path="one.txt", size=1)]

    def upload(
        self,
        path: Path | Offer,
        group: str | None,
        *,
        progress: HashProgress | None = None,
    ) -> UploadResult:
        offer = path if isinstance(path, Offer) else Offer(path)
        name = offer.name or offer.path.name
        self._state.called("upload_file", offer, group)
        self._check(name)
        self.collided |= name in self._hashing
        self._hashing.add(name)
        steps = self._state.hash_steps
        for step in range(steps):
            if progress is not None:
                progress((step + 1) << 20, steps << 20)
            time.sleep(0.02)
        self._hashing.discard(name)
        return UploadResult(group=group or "lab", name=name, size=3 << 20, pieces=3, info_hash=HASH)

    def share(
        self,
        path: Path | Offer,
        metainfo: Path,
        group: str | None,
        *,
        progress: HashProgress | None = None,
    ) -> ShareFileResult:
        offer = path if isinstance(path, Offer) else Offer(path)
        self._state.called("share", offer, metainfo, group)
        return ShareFileResult(
            metainfo=str(metainfo), group=group or "lab", name=offer.path.name, info_hash=HASH
        )

    def magnet(self, group: str, name: str) -> MagnetResult:
        self._state.called("magnet", group, name)
        return MagnetResult(magnet=f"magnet:?xt=urn:btih:{HASH}")

    def shared(self, group: str, names: Sequence[str]) -> set[str]:
        self._state.called("shared", group, names)
        return self.present.intersection(names)

    def stop_share(self, group: str, name: str) -> FileResult:
        self._state.called("stop_share", group, name)
        self._check(name)
        return FileResult(group=group, name=name)

    def remove_file(self, group: str, name: str) -> FileResult:
        self._state.called("remove_file", group, name)
        return FileResult(group=group, name=name)

    def remove(self, metainfo: Path) -> FileResult:
        self._state.called("remove", metainfo)
        return FileResult(group="lab", name="film.mkv")

    def download(
        self,
        group: str,
        name: str,
        destination: str,
        *,
        sequential: bool = False,
        only: str | None = None,
        in_place: bool = False,
    ) -> DownloadResult:
        wishes = (("sequential",) if sequential else ()) + ((only,) if only else ())
        wishes += ("in place",) if in_place else ()
        self._state.called("download_file", group, name, destination, *wishes)
        self._check(name)
        self._state.rows.append(download(name, group=group))
        return DownloadResult(
            group=group, name=name, destination=f"{destination}/{name}", info_hash=HASH
        )

    def begin(
        self, group: str, name: str, destination: str, options: DownloadOptions
    ) -> DownloadResult:
        return self.download(group, name, destination, sequential=options.sequential)

    def folder(self, group: str, name: str) -> Sequence[FolderFile]:
        self._check(name)
        return []

    def choose(self, group: str, name: str, options: DownloadOptions) -> None:
        self._check(name)
        self._state.called("choose", group, name, *options.only)

    def get(self, reference: str, destination: str, *, in_place: bool = False) -> DownloadResult:
        self._state.called("get", reference, destination, *(("in place",) if in_place else ()))
        return DownloadResult(group="lab", name="film.mkv", destination=destination, info_hash=HASH)
