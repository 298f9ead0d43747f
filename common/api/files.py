"""Shared files and folders, each with its metainfo."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from common.api.model import Count, FileName, Hex20, Metainfo, Model, Name, NewFileName
from common.api.operation import USUAL_SIZE, Operation
from common.api.paging import ROWS, PageReply, PageRequest
from common.api.presence import FilePresence, WantedPeers
from common.errors import ErrorCode
from common.metainfo import MAX_METAINFO_SIZE

Sort = Literal["name", "size", "age", "seeders"]
"""By name, or by largest, newest or most seeders first."""


class ListFiles(PageRequest):
    """List the files that a group shares."""

    group: Name
    sort: Sort = "name"


class FileRow(Model):
    """`size` is the total in bytes; `owner` is the user who has shared it longest."""

    name: str
    size: Count
    pieces: Count
    info_hash: str
    owner: str
    seeders: Count
    leechers: Count


class ListFilesReply(PageReply):
    group: str
    files: Annotated[list[FileRow], ROWS]


class FindFiles(PageRequest):
    """List the files of all of the caller's groups, by name."""


class FoundFile(Model):
    """As FileRow."""

    group: str
    name: str
    size: Count
    info_hash: str
    owner: str
    seeders: Count
    leechers: Count


class FindFilesReply(PageReply):
    files: Annotated[list[FoundFile], ROWS]


class AddFile(Model):
    """Share a file in a group. `metainfo` is bytes here, base64 on the wire."""

    group: Name
    name: NewFileName
    metainfo: Metainfo


class AddFileReply(Model):
    group: str
    name: str
    size: Count
    pieces: Count
    info_hash: str


class GetFile(Model):
    """Get a file's metainfo, by its name.

    Over a session, a client that is about to download it may ask for up to `numwant` peers, which
    it then need not wait for until it has announced the file.
    """

    group: Name
    name: FileName
    numwant: WantedPeers = 0


class GetFileReply(Model):
    """`presence` is what an announce would be answered with; left out unless it was asked for."""

    group: str
    name: str
    size: Count
    pieces: Count
    info_hash: str
    owner: str
    metainfo: Metainfo
    presence: Annotated[
        FilePresence | None, Field(exclude_if=lambda presence: presence is None)
    ] = None


class FindFile(Model):
    """Find the file with this info-hash in the caller's groups; `numwant` as for GetFile."""

    info_hash: Hex20
    numwant: WantedPeers = 0


class StopShare(Model):
    """Stop sharing a file; when its last sharer stops, it leaves the group's list."""

    group: Name
    name: FileName


class FileReply(Model):
    group: str
    name: str


class RemoveFile(Model):
    """Remove a file from the group for everybody; for its owner and the group's admins."""

    group: Name
    name: FileName


class RemoveFileReply(Model):
    group: str
    name: str
    info_hash: str


_MEMBERS_ONLY = frozenset({ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER})

LIST_FILES = Operation("list_files", ListFiles, ListFilesReply, _MEMBERS_ONLY, scope="read")
FIND_FILES = Operation("find_files", FindFiles, FindFilesReply, frozenset(), scope="read")
ADD_FILE = Operation(
    "add_file",
    AddFile,
    AddFileReply,
    _MEMBERS_ONLY | {ErrorCode.NAME_TAKEN, ErrorCode.PERMISSION_DENIED},
    scope="member",
    max_size=MAX_METAINFO_SIZE // 3 * 4 + USUAL_SIZE,
)
GET_FILE = Operation(
    "get_file", GetFile, GetFileReply, _MEMBERS_ONLY | {ErrorCode.NO_SUCH_FILE}, scope="read"
)
FIND_FILE = Operation(
    "find_file", FindFile, GetFileReply, frozenset({ErrorCode.NO_SUCH_FILE}), scope="read"
)
STOP_SHARE = Operation(
    "stop_share", StopShare, FileReply, _MEMBERS_ONLY | {ErrorCode.NO_SUCH_FILE}, scope="member"
)
REMOVE_FILE = Operation(
    "remove_file",
    RemoveFile,
    RemoveFileReply,
    _MEMBERS_ONLY | {ErrorCode.NOT_ADMIN, ErrorCode.NO_SUCH_FILE},
    scope="admin",
)
