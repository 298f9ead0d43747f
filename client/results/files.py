"""Results about the files of a group: sharing and downloading them."""

from __future__ import annotations

from pydantic import Field

from client.results.base import Result


class FileResult(Result):
    """The answer to a command on one file of a group."""

    group: str
    name: str


class UploadResult(Result):
    group: str
    name: str
    size: int
    pieces: int
    info_hash: str


class UploadedFile(Result):
    """One of several files that were shared."""

    name: str
    size: int
    pieces: int
    info_hash: str


class UploadsResult(Result):
    group: str
    files: list[UploadedFile]


class DownloadResult(Result):
    group: str
    name: str
    destination: str
    info_hash: str


class StartedDownload(Result):
    """One of several downloads that were started."""

    name: str
    destination: str
    info_hash: str


class StartedDownloadsResult(Result):
    """`folder` is where they go; `present` counts files that were left out, because the user
    has or downloads them already.
    """

    group: str
    downloads: list[StartedDownload]
    folder: str = Field(default="", exclude=True)
    present: int = Field(default=0, exclude=True)


class EndedSharesResult(Result):
    """The answer to stop_share for several files."""

    group: str
    names: list[str]


class RelocateResult(Result):
    """The new path of moved content."""

    group: str
    name: str
    path: str


class ContentRow(Result):
    """A file inside a shared folder: its path there, with slashes, and its size in bytes."""

    path: str
    size: int
