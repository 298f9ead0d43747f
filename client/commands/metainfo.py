"""Commands for metainfo files (.torrent) and magnet links, which other clients use too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
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
from client.commands.language.known import KnownWords
from client.results.files import DownloadResult, FileResult
from client.results.metainfo import (
    AnnounceKeyResult,
    ExportResult,
    MagnetResult,
    MetainfoResult,
    PublishResult,
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


def _settle(names: Sequence[str], context: Context, arguments: Arguments) -> Arguments:
    """Return the arguments with the group where it stands: it may come first, too.

    Then the words are those of `names`, in this order.
    """
    words, known = arguments.words, KnownWords(context.session)
    is_turned = (
        len(words) == len(names)
        and known.is_own_group(words[0])
        and all(known.is_path(word) for word in words[1:-1])
        and not (known.is_own_group(words[-1]) and known.is_path(words[0]))
    )
    if not is_turned:
        return arguments
    turned = dict(zip(names, words, strict=True))
    return replace(arguments, values={**arguments.values, **turned})


def _publish(context: Context, arguments: Arguments) -> PublishResult:
    out = arguments.optional("out")
    return context.session.metainfo.publish(
        Path(arguments.text("METAINFO")),
        arguments.optional("GROUP"),
        None if out is None else Path(out),
    )


def _metainfo(context: Context, arguments: Arguments) -> MetainfoResult:
    return context.session.metainfo.write(
        context.group(arguments), arguments.text("NAME"), Path(arguments.text("FILE"))
    )


def _announce_key(context: Context, arguments: Arguments) -> AnnounceKeyResult:
    return context.session.metainfo.announce_key(
        arguments.optional("GROUP"), renew="renew" in arguments.flags
    )


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
        settle=partial(_settle, ("GROUP", "PATH", "METAINFO")),
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
        name="publish",
        topic="metainfo",
        summary="share what another BitTorrent client has",
        run=_publish,
        settle=partial(_settle, ("GROUP", "METAINFO")),
        arguments=(_METAINFO, GROUP),
        options=(
            Option("out", "where to write the metainfo to seed with", value="FILE", kind=Kind.PATH),
        ),
        details="For content that only your other client has: METAINFO may be made by any program."
        " It is adapted to the group (marked private, assigned to the group, given your announce"
        " address; other trackers, web seeds and version 2 are left out), and the result is"
        " written to FILE, or beside METAINFO. Give that file to your other client, and let it"
        " seed. It contains your personal announce key, so keep it private.",
        example="publish film.torrent lab --out film-for-lab.torrent",
        answer="Published {name} in {group}; seed it with {metainfo}",
        errors=(
            *GROUP_ERRORS,
            ErrorCode.NAME_TAKEN,
            ErrorCode.FILE_NOT_FOUND,
            ErrorCode.FILE_EXISTS,
            ErrorCode.PERMISSION_DENIED,
        ),
    ),
    Command(
        name="metainfo",
        topic="metainfo",
        summary="write the metainfo (.torrent) of a file of a group",
        run=_metainfo,
        arguments=(
            GROUP,
            Argument("NAME", Kind.FILE),
            Argument("FILE", Kind.PATH, help="the metainfo file to write, or its folder"),
        ),
        details="For downloading with another BitTorrent client; you don't need the content. The"
        " file contains your personal announce key, so keep it private. Any other file at FILE is"
        " left untouched.",
        example="metainfo lab film.mkv film.torrent",
        answer="Wrote {metainfo}",
        errors=(
            *GROUP_ERRORS,
            ErrorCode.NO_SUCH_FILE,
            ErrorCode.FILE_NOT_FOUND,
            ErrorCode.FILE_EXISTS,
            ErrorCode.PERMISSION_DENIED,
        ),
    ),
    Command(
        name="announce_key",
        topic="metainfo",
        summary="show your announce address for other BitTorrent clients",
        run=_announce_key,
        arguments=(GROUP,),
        options=(Option("renew", "replace the key; the old one stops working at once"),),
        details="The address contains a key that lets anyone announce as you in this group, so keep"
        " it private. If it may have become known, renew it; then write your metainfo files again.",
        example="announce_key lab",
        answer="{announce}",
        errors=GROUP_ERRORS,
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
