"""Commands for a group's files."""

from __future__ import annotations

from pathlib import Path

from client.commands import listing
from client.commands.command import (
    ADMIN_ERRORS,
    GROUP,
    GROUP_ERRORS,
    YES,
    Argument,
    Arguments,
    Command,
    Context,
    Kind,
    Option,
)
from client.list_results import FilesResult, FoundFilesResult
from client.results import DownloadResult, FileResult, UploadResult
from client.services.content.uploads import Offer
from common.errors import ErrorCode
from common.text import visible

OFFER_OPTIONS = (
    Option("name", "share it under another name", value="NAME"),
    Option("skip-unsharable", "leave out files in a folder that can't be shared"),
)
"""The options of every command that shares something."""


def offer_of(arguments: Arguments) -> Offer:
    """Return what PATH and these options ask to share."""
    return Offer(
        Path(arguments.text("PATH")),
        arguments.optional("name"),
        leave_out="skip-unsharable" in arguments.flags,
    )


def _list_files(context: Context, arguments: Arguments) -> FilesResult:
    return context.session.files.list(
        arguments.optional("GROUP"),
        listing.pattern(arguments),
        sort=listing.order(arguments),
        limit=listing.limit(arguments),
    )


def _find(context: Context, arguments: Arguments) -> FoundFilesResult:
    return context.session.files.find(arguments.text("PATTERN"), limit=listing.limit(arguments))


def _upload_file(context: Context, arguments: Arguments) -> UploadResult:
    return context.session.files.upload(
        offer_of(arguments), arguments.optional("GROUP"), progress=context.progress
    )


def _download_file(context: Context, arguments: Arguments) -> DownloadResult:
    return context.session.files.download(
        context.group(arguments),
        arguments.text("NAME"),
        arguments.text("DEST"),
        sequential="sequential" in arguments.flags,
        only=arguments.optional("only"),
        in_place="resume" in arguments.flags,
    )


def _stop_share(context: Context, arguments: Arguments) -> FileResult:
    return context.session.files.stop_share(context.group(arguments), arguments.text("NAME"))


def _remove_file(context: Context, arguments: Arguments) -> FileResult:
    group, name = context.group(arguments), arguments.text("NAME")
    question = f"Remove {visible(name)} from {visible(group)} for all members?"
    context.require(question, arguments)
    return context.session.files.remove_file(group, name)


COMMANDS = (
    Command(
        name="list_files",
        topic="files",
        summary="list the files that a group shares",
        aliases=("ls",),
        run=_list_files,
        arguments=(GROUP, listing.PATTERN),
        options=(listing.SORT, listing.LIMIT),
        details="Lists each file with its size, its number of pieces (chunks), the member who"
        " shared it first, its seeders (members who have all of it) and its leechers (members who"
        " are downloading it). Sorting by size, age or seeders puts the largest, the newest or the"
        " best-seeded files first.",
        example="list_files lab *.mkv --sort size",
        errors=GROUP_ERRORS,
    ),
    Command(
        name="find",
        topic="files",
        summary="find files in all of your groups",
        run=_find,
        arguments=(Argument("PATTERN", Kind.PATTERN),),
        options=(listing.LIMIT,),
        details="Lists the matching files by name, each with its group, which download_file takes"
        " first.",
        example="find *.mkv",
    ),
    Command(
        name="upload_file",
        topic="files",
        summary="share a file or a folder with a group",
        aliases=("put",),
        run=_upload_file,
        arguments=(Argument("PATH", Kind.PATH, help="the file or folder to share"), GROUP),
        options=OFFER_OPTIONS,
        details="The file stays where it is; members download it from you and from each other, in"
        " verified pieces (chunks). Its modification time and executable bit are preserved. In a"
        " folder, links, pipes and devices are left out; files that can't be read, or whose names"
        " aren't valid everywhere, are an error unless you give --skip-unsharable.",
        example="upload_file ~/film.mkv lab",
        answer="Sharing {name} with {group}: {size} in {pieces}",
        errors=(
            *GROUP_ERRORS,
            ErrorCode.NAME_TAKEN,
            ErrorCode.FILE_NOT_FOUND,
            ErrorCode.FILE_CHANGED,
            ErrorCode.PERMISSION_DENIED,
        ),
    ),
    Command(
        name="download_file",
        topic="files",
        summary="download a file from all members who have it",
        run=_download_file,
        arguments=(
            GROUP,
            Argument("NAME", Kind.FILE),
            Argument("DEST", Kind.PATH, help="the folder to save it in, or its full path"),
        ),
        options=(
            Option("sequential", "download from first to last piece, to watch while loading"),
            Option("only", "from a folder, download only the files that match", value="PATTERN"),
            Option("resume", "complete the copy that exists at DEST, in place"),
        ),
        details="The download runs in the background: show_downloads shows its progress, wait waits"
        " for its end. DEST is a folder or a full path. A file with other content is never"
        " overwritten unless you give --resume: then wrong and missing pieces are written into the"
        " existing file (not through links), and cancel keeps it. Until it is complete, the"
        " download is stored beside DEST under a name that ends in .part. In PATTERN, * matches"
        " anything and ? one character; the name of a folder matches everything in it. Run the"
        " command again with another pattern to add files, or without one to download everything.",
        example="download_file lab film.mkv ~/Downloads",
        answer="Downloading {name} from {group} to {destination}",
        errors=(
            *GROUP_ERRORS,
            ErrorCode.NO_SUCH_FILE,
            ErrorCode.FILE_NOT_FOUND,
            ErrorCode.FILE_EXISTS,
            ErrorCode.DISK_FULL,
            ErrorCode.PERMISSION_DENIED,
        ),
    ),
    Command(
        name="stop_share",
        topic="files",
        summary="stop sharing a file with a group",
        run=_stop_share,
        arguments=(GROUP, Argument("NAME", Kind.SHARE)),
        details="The file itself stays on your disk.",
        example="stop_share lab film.mkv",
        answer="Stopped sharing {name} with {group}",
        errors=(*GROUP_ERRORS, ErrorCode.NO_SUCH_FILE),
    ),
    Command(
        name="remove_file",
        topic="files",
        summary="take a file off a group for everybody (admins, owner)",
        run=_remove_file,
        arguments=(GROUP, Argument("NAME", Kind.FILE)),
        options=(YES,),
        details="Nobody can download it any more, everybody stops sharing it, and downloads of it"
        " that are running fail; files on the members' disks stay. The name is free for other"
        " content. Admins can remove any file, other members what they shared first.",
        example="remove_file lab film.mkv",
        answer="Removed {name} from {group} for all members",
        errors=(*ADMIN_ERRORS, ErrorCode.NO_SUCH_FILE),
    ),
)
