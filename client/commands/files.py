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
from client.commands.download import download_file, settle_download
from client.commands.many import run_each
from client.commands.transfer_names import chosen_names, settle_names
from client.commands.upload import settle_upload, upload_file
from client.results.files import EndedSharesResult, FileResult
from client.results.lists import FilesResult, FoundFilesResult
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


def _stop_share(context: Context, arguments: Arguments) -> FileResult | EndedSharesResult:
    group, names = context.group(arguments), chosen_names(context, arguments, Kind.SHARE)
    stop = context.session.files.stop_share
    if len(names) == 1 and names == arguments.many("NAME"):
        return stop(group, names[0])
    run_each(names, lambda name: stop(group, name), name=str, done="no longer shared")
    return EndedSharesResult(group=group, names=list(names))


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
        settle=listing.settle_pattern,
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
        summary="share files or folders with a group",
        aliases=("put",),
        run=upload_file,
        settle=settle_upload,
        arguments=(
            Argument("PATH", Kind.PATH, help="a file or folder to share", many=True),
            GROUP,
        ),
        options=OFFER_OPTIONS,
        details="The file stays where it is; members download it from you and from each other, in"
        " verified pieces (chunks). Its modification time and executable bit are preserved. In a"
        " folder, links, pipes and devices are left out; files that can't be read, or whose names"
        " aren't valid everywhere, are an error unless you give --skip-unsharable. PATH may be a"
        " pattern: * matches anything but a slash, ? one character, [abc] one of several, **/ any"
        " folders. A file of exactly that name takes precedence, and hidden files need a pattern"
        " that begins with a dot. If one of several paths fails, the others are shared. You may"
        " also name the group first.",
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
        summary="download files from all members who have them",
        run=download_file,
        settle=settle_download,
        arguments=(
            GROUP,
            Argument("NAME", Kind.FILE, optional=True, many=True),
            Argument(
                "DEST",
                Kind.PATH,
                optional=True,
                help="the folder to save in, or the full path of a single file (default: your"
                " download folder)",
            ),
        ),
        options=(
            Option("all", "download all files of the group that you don't have yet"),
            Option("sequential", "download from first to last piece, to watch while loading"),
            Option("only", "from a folder, download only the files that match", value="PATTERN"),
            Option("resume", "complete the copy that exists at DEST, in place"),
        ),
        details="The downloads run in the background: show_downloads shows their progress, wait"
        " waits for their end. DEST is a folder, or the full path of a single file. The last of"
        " three words is always DEST; of more, it is a NAME if the group has such a file, unless it"
        " contains a slash. So, to download just two files, name a folder too, such as ./ for the"
        " current one. NAME may be a pattern, in which * matches anything and ? one character, in"
        " any case; files that you have or are downloading already are left out. If one of several"
        " files fails, the others are downloaded. A file with other content is never overwritten"
        " unless you give"
        " --resume: then wrong and missing pieces are written into the existing file (not through"
        " links), and cancel keeps it. Until it is complete, a download is stored beside DEST under"
        " a name that ends in .part. PATTERN is for the files in a shared folder; the name of a"
        " folder matches everything in it. Run the command again with another pattern to add files,"
        " or without one to download everything.",
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
        summary="stop sharing files with a group",
        run=_stop_share,
        settle=settle_names,
        arguments=(GROUP, Argument("NAME", Kind.SHARE, many=True)),
        details="The files themselves stay on your disk. NAME may be a pattern, in which * matches"
        " anything and ? one character.",
        example="stop_share lab film.mkv",
        answer="Stopped sharing {name} with {group}",
        answer_many="Stopped sharing {count} with {group}: {names}",
        errors=(*GROUP_ERRORS, ErrorCode.NO_SUCH_FILE),
    ),
    Command(
        name="remove_file",
        topic="files",
        aliases=("rm",),
        summary="remove a file from a group for all members (admins, owner)",
        run=_remove_file,
        arguments=(GROUP, Argument("NAME", Kind.FILE)),
        options=(YES,),
        details="Nobody can download it any more, all members stop sharing it, and running"
        " downloads of it fail; files on the members' disks stay. The name is free for other"
        " content. Admins can remove any file, other members what they shared first.",
        example="remove_file lab film.mkv",
        answer="Removed {name} from {group} for all members",
        errors=(*ADMIN_ERRORS, ErrorCode.NO_SUCH_FILE),
    ),
)
