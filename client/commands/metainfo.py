"""Commands for metainfo files (.torrent) and magnet links, which other clients use too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from client.commands.command import (
    GROUP,
    GROUP_ERRORS,
    Argument,
    Arguments,
    Command,
    Context,
    Kind,
    Option,
)
from client.commands.download import usual_folder
from client.commands.files import OFFER_OPTIONS, offer_of
from client.commands.known import KnownWords
from client.results import (
    DownloadResult,
    ExportResult,
    FileResult,
    MagnetResult,
    ShareFileResult,
)
from common.errors import ErrorCode

_METAINFO = Argument("METAINFO", Kind.PATH, help="a metainfo file, such as film.torrent")


def _share(context: Context, arguments: Arguments) -> ShareFileResult:
    return context.session.files.share(
        offer_of(arguments),
        Path(arguments.text("METAINFO")),
        arguments.optional("GROUP"),
        progress=context.progress,
    )


def _settle_share(context: Context, arguments: Arguments) -> Arguments:
    """Return the arguments with the group where it stands: it may come first, too."""
    words, known = arguments.words, KnownWords(context.session)
    is_turned = (
        len(words) == 3
        and known.is_own_group(words[0])
        and known.is_path(words[1])
        and not (known.is_own_group(words[2]) and known.is_path(words[0]))
    )
    if not is_turned:
        return arguments
    turned = dict(zip(("GROUP", "PATH", "METAINFO"), words, strict=True))
    return replace(arguments, values={**arguments.values, **turned})


def _get(context: Context, arguments: Arguments) -> DownloadResult:
    return context.session.files.get(
        arguments.text("METAINFO_OR_MAGNET"),
        arguments.optional("DEST") or usual_folder(context),
        in_place="resume" in arguments.flags,
    )


def _magnet(context: Context, arguments: Arguments) -> MagnetResult:
    return context.session.files.magnet(context.group(arguments), arguments.text("NAME"))


def _export_credentials(context: Context, arguments: Arguments) -> ExportResult:
    return context.session.groups.export_credentials(
        arguments.text("GROUP"), Path(arguments.text("FOLDER"))
    )


def _remove(context: Context, arguments: Arguments) -> FileResult:
    return context.session.files.remove(Path(arguments.text("METAINFO")))


COMMANDS = (
    Command(
        name="share",
        topic="metainfo",
        summary="share a file and write its metainfo (.torrent)",
        run=_share,
        settle=_settle_share,
        arguments=(
            Argument("PATH", Kind.PATH, help="the file or folder to share"),
            _METAINFO,
            GROUP,
        ),
        options=OFFER_OPTIONS,
        details="With the metainfo file, another BitTorrent client can take part as you: it"
        " contains your personal announce key, so keep it private. If PATH is already shared, its"
        " metainfo file is written again. Any other file at METAINFO is left untouched.",
        example="share film.mkv film.torrent lab",
        answer="Sharing {name} with {group}; wrote its metainfo to {metainfo}",
        errors=(
            *GROUP_ERRORS,
            ErrorCode.NAME_TAKEN,
            ErrorCode.FILE_NOT_FOUND,
            ErrorCode.FILE_EXISTS,
            ErrorCode.FILE_CHANGED,
            ErrorCode.PERMISSION_DENIED,
        ),
    ),
    Command(
        name="get",
        topic="metainfo",
        summary="download from a metainfo file or magnet link",
        run=_get,
        arguments=(
            Argument("METAINFO_OR_MAGNET", Kind.PATH, help="a metainfo file, or a magnet link"),
            Argument(
                "DEST",
                Kind.PATH,
                optional=True,
                help="the folder to save it in, or its full path (default: your download folder)",
            ),
        ),
        options=(Option("resume", "complete the copy that exists at DEST, in place"),),
        details="The file must be shared in one of your groups. A link may be pasted as you found"
        " it, without quotes and in <...>. DEST and --resume work as in download_file. Where it"
        " can't be a metainfo file, get GROUP NAME... is short for download_file, as is get NAME"
        " for a file of the group in use.",
        example="get film.torrent ~/Downloads",
        answer="Downloading {name} from {group} to {destination}",
        errors=(
            ErrorCode.NO_SUCH_FILE,
            ErrorCode.NOT_MEMBER,
            ErrorCode.FILE_NOT_FOUND,
            ErrorCode.FILE_EXISTS,
            ErrorCode.NO_PEERS,
            ErrorCode.DISK_FULL,
            ErrorCode.PERMISSION_DENIED,
        ),
    ),
    Command(
        name="magnet",
        topic="metainfo",
        summary="show a file's magnet link",
        run=_magnet,
        arguments=(GROUP, Argument("NAME", Kind.FILE)),
        details="The link works with get, and in an open group with any BitTorrent client. It"
        " contains your personal announce key, so keep it private.",
        example="magnet lab film.mkv",
        answer="{magnet}",
        errors=(*GROUP_ERRORS, ErrorCode.NO_SUCH_FILE),
    ),
    Command(
        name="remove",
        topic="metainfo",
        summary="stop sharing what a metainfo file describes",
        run=_remove,
        arguments=(_METAINFO,),
        details="The shared file stays on your disk.",
        example="remove film.torrent",
        answer="Stopped sharing {name} with {group}",
        errors=(ErrorCode.NOT_MEMBER, ErrorCode.NO_SUCH_FILE, ErrorCode.FILE_NOT_FOUND),
    ),
    Command(
        name="export_credentials",
        topic="metainfo",
        summary="write your certificate for a sealed group to files",
        run=_export_credentials,
        arguments=(
            Argument("GROUP", Kind.GROUP),
            Argument("FOLDER", Kind.PATH, help="the folder to write them to"),
        ),
        details="For BitTorrent clients that support SSL torrents: give the client the metainfo"
        " file that share wrote together with certificate, key and DH parameters. Anyone who has"
        " the key can act as you.",
        example="export_credentials lab ~/lab-credentials",
        answer="Wrote {certificate}, {key} and {dhparams}",
        errors=(
            *GROUP_ERRORS,
            ErrorCode.FILE_NOT_FOUND,
            ErrorCode.FILE_EXISTS,
            ErrorCode.PERMISSION_DENIED,
        ),
    ),
)
