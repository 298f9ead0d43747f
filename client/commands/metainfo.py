"""Commands on metainfo files (.torrent) and magnet links, which other clients read too."""

from __future__ import annotations

from pathlib import Path

from client.commands.command import Argument, Arguments, Command, Context, Kind, Option
from client.commands.files import OFFER_OPTIONS, offer_of
from client.engine.results import (
    DownloadResult,
    ExportResult,
    FileResult,
    MagnetResult,
    ShareFileResult,
)
from common.errors import ErrorCode

_METAINFO = Argument("METAINFO", Kind.PATH, help="a metainfo file, such as film.torrent")

_OF_GROUP = (ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER)


def _share(context: Context, arguments: Arguments) -> ShareFileResult:
    return context.session.share(
        offer_of(arguments),
        Path(arguments.text("METAINFO")),
        arguments.optional("GROUP"),
        progress=context.progress,
    )


def _get(context: Context, arguments: Arguments) -> DownloadResult:
    return context.session.get(
        arguments.text("METAINFO_OR_MAGNET"),
        arguments.text("DEST"),
        in_place="resume" in arguments.flags,
    )


def _magnet(context: Context, arguments: Arguments) -> MagnetResult:
    return context.session.magnet(context.group(arguments), arguments.text("NAME"))


def _export_credentials(context: Context, arguments: Arguments) -> ExportResult:
    return context.session.export_credentials(
        arguments.text("GROUP"), Path(arguments.text("FOLDER"))
    )


def _remove(context: Context, arguments: Arguments) -> FileResult:
    return context.session.remove(Path(arguments.text("METAINFO")))


COMMANDS = (
    Command(
        name="share",
        topic="metainfo",
        summary="share a file and write its metainfo (.torrent)",
        run=_share,
        arguments=(
            Argument("PATH", Kind.PATH, help="the file or folder to share"),
            _METAINFO,
            Argument("GROUP", Kind.GROUP, optional=True),
        ),
        options=OFFER_OPTIONS,
        details="With the metainfo other BitTorrent clients can take part in your name: it holds"
        " your own announce address, so keep it to yourself. For what is shared already it is"
        " written again; anything else at METAINFO is left alone.",
        example="share film.mkv film.torrent lab",
        answer="Sharing {name} with {group}; its metainfo is in {metainfo}",
        errors=(
            *_OF_GROUP,
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
        summary="download what a metainfo file or a magnet link names",
        run=_get,
        arguments=(
            Argument("METAINFO_OR_MAGNET", Kind.PATH, help="a metainfo file, or a magnet link"),
            Argument("DEST", Kind.PATH, help="the folder that it goes into, or its full path"),
        ),
        options=(Option("resume", "complete what lies at DEST already, in place"),),
        details="It has to be in one of your groups. Otherwise as download_file.",
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
        arguments=(Argument("GROUP", Kind.GROUP, optional=True), Argument("NAME", Kind.FILE)),
        details="For get, and in an open group for any BitTorrent client. It has your own announce"
        " key in it: keep it to yourself.",
        example="magnet lab film.mkv",
        answer="{magnet}",
        errors=(*_OF_GROUP, ErrorCode.NO_SUCH_FILE),
    ),
    Command(
        name="remove",
        topic="metainfo",
        summary="stop sharing what a metainfo file describes",
        run=_remove,
        arguments=(_METAINFO,),
        details="The shared file stays on your disk.",
        example="remove film.torrent",
        answer="{name} is no longer shared with {group} from here",
        errors=(ErrorCode.NOT_MEMBER, ErrorCode.NO_SUCH_FILE, ErrorCode.FILE_NOT_FOUND),
    ),
    Command(
        name="export_credentials",
        topic="metainfo",
        summary="write your certificate of a sealed group to files",
        run=_export_credentials,
        arguments=(
            Argument("GROUP", Kind.GROUP),
            Argument("FOLDER", Kind.PATH, help="where the files are written"),
        ),
        details="For a BitTorrent client that knows SSL torrents: give it the metainfo that share"
        " wrote, with certificate, key and DH parameters. Whoever has the key is taken for you.",
        example="export_credentials lab ~/lab-credentials",
        answer="Written: {certificate}, {key}, {dhparams}",
        errors=(
            *_OF_GROUP,
            ErrorCode.FILE_NOT_FOUND,
            ErrorCode.FILE_EXISTS,
            ErrorCode.PERMISSION_DENIED,
        ),
    ),
)
