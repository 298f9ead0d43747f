"""Commands on what a group shares."""

from __future__ import annotations

from pathlib import Path

from client.commands import listing
from client.commands.command import Argument, Arguments, Command, Context, Kind, Option
from client.engine.lists import FilesResult
from client.engine.offer import Offer
from client.engine.results import DownloadResult, FileResult, UploadResult
from common.errors import ErrorCode

OFFER_OPTIONS = (
    Option("name", "share it under another name", value="NAME"),
    Option("skip-unsharable", "leave out what can't be shared of a folder"),
)
"""Of every command that shares something."""

_GROUP = Argument("GROUP", Kind.GROUP, optional=True)

_OF_GROUP = (ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER)


def offer_of(arguments: Arguments) -> Offer:
    """What a command that takes PATH and these options is to share."""
    return Offer(
        Path(arguments.text("PATH")),
        arguments.optional("name"),
        leave_out="skip-unsharable" in arguments.flags,
    )


def _list_files(context: Context, arguments: Arguments) -> FilesResult:
    return context.session.lists.files(
        arguments.optional("GROUP"),
        listing.pattern(arguments),
        sort=listing.order(arguments),
        limit=listing.limit(arguments),
    )


def _upload_file(context: Context, arguments: Arguments) -> UploadResult:
    return context.session.upload_file(
        offer_of(arguments), arguments.optional("GROUP"), progress=context.progress
    )


def _download_file(context: Context, arguments: Arguments) -> DownloadResult:
    return context.session.download_file(
        context.group(arguments),
        arguments.text("NAME"),
        arguments.text("DEST"),
        in_order="sequential" in arguments.flags,
        only=arguments.optional("only"),
        in_place="resume" in arguments.flags,
    )


def _stop_share(context: Context, arguments: Arguments) -> FileResult:
    return context.session.stop_share(context.group(arguments), arguments.text("NAME"))


COMMANDS = (
    Command(
        name="list_files",
        topic="files",
        summary="list what a group shares",
        run=_list_files,
        arguments=(_GROUP, listing.PATTERN),
        options=(listing.SORT, listing.LIMIT),
        details="Each with its size, its pieces (chunks), who shared it first, how many have all"
        " of it (seeders) and how many are fetching it (leechers). Sorted by size, age or seeders,"
        " the largest, the newest and those with most seeders come first.",
        example="list_files lab *.mkv --sort size",
        errors=_OF_GROUP,
    ),
    Command(
        name="upload_file",
        topic="files",
        summary="share a file or a folder with a group",
        run=_upload_file,
        arguments=(Argument("PATH", Kind.PATH, help="the file or folder to share"), _GROUP),
        options=OFFER_OPTIONS,
        details="The file stays where it is; members get it from you, and from each other, in"
        " verified pieces (chunks), with its time and the right to be executed. Of a folder, links,"
        " pipes and devices are left out; what has a name that others could not have, or can't be"
        " read, is an error unless you say --skip-unsharable.",
        example="upload_file ~/film.mkv lab",
        answer="Sharing {name} with {group}: {size} in {pieces}",
        errors=(
            *_OF_GROUP,
            ErrorCode.NAME_TAKEN,
            ErrorCode.FILE_NOT_FOUND,
            ErrorCode.FILE_CHANGED,
            ErrorCode.PERMISSION_DENIED,
        ),
    ),
    Command(
        name="download_file",
        topic="files",
        summary="get a file, from all members who have it",
        run=_download_file,
        arguments=(
            _GROUP,
            Argument("NAME", Kind.FILE),
            Argument("DEST", Kind.PATH, help="the folder that it goes into, or its full path"),
        ),
        options=(
            Option("sequential", "from the first piece to the last, to watch while it loads"),
            Option("only", "of a folder, only the files that fit", value="PATTERN"),
            Option("resume", "complete what lies at DEST already, in place"),
        ),
        details="It runs in the background; show_downloads shows it, wait waits for it. DEST is a"
        " folder, or a full path. Other content in the way is never overwritten, unless"
        " you say --resume: then the pieces that are wrong or missing are written into it, where it"
        " lies (not through links), and cancel keeps it. Until it is"
        " complete it lies beside DEST under a name that ends in .part. In PATTERN, * stands for"
        " anything, ? for one character; a folder's name takes all that is in it. Give the command"
        " again with another pattern to have more, without one to have everything.",
        example="download_file lab film.mkv ~/Downloads",
        answer="Downloading {name} from {group} to {destination}",
        errors=(
            *_OF_GROUP,
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
        summary="stop offering a file to a group",
        run=_stop_share,
        arguments=(_GROUP, Argument("NAME", Kind.SHARE)),
        details="The file itself stays on your disk.",
        example="stop_share lab film.mkv",
        answer="{name} is no longer shared with {group} from here",
        errors=(*_OF_GROUP, ErrorCode.NO_SUCH_FILE),
    ),
)
