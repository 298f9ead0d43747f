"""Decides how a client starts: by its arguments, by its profile, or by an invitation."""

from __future__ import annotations

import argparse
import hashlib
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from client import profiles
from client.config import ClientConfig, Timing, app_folder, default_data_dir
from client.profiles import DEFAULT, Profile
from client.storage.paths.reading import read_plain
from common import tracker_info
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint

if TYPE_CHECKING:
    from common.invitation import InvitationText

_ALL_ADDRESSES = "0.0.0.0"

Ask = Callable[[str], str]


@dataclass(frozen=True)
class Start:
    """How a client starts."""

    config: ClientConfig
    profile: str | None = None
    """The name under which its data folder is remembered; None if it isn't."""
    invitation: str | None = None
    """An invitation to accept first, as it was pasted."""
    asks_for_account: bool = False
    """Whether the user at the terminal is asked for an account before anything else."""


def read_start(options: argparse.Namespace, timing: Timing, ask: Ask | None) -> Start:
    """Decide how to start by the command line.

    `ask` is called for what is missing; None where nobody can answer. Raises
    MinitorrentError(usage, invite_invalid).
    """
    if options.action == "receive":
        return _receiving(options, timing)
    folder = folder_of(options)
    if options.action == "run" and options.listen is not None:
        return _as_told(options, timing)
    if options.action == "join":
        return _joining(options, folder, options.invitation, timing)
    profile = profiles.read_profile(folder)
    if profile is not None:
        return Start(_config(options, folder, profile, timing))
    if ask is None:
        raise MinitorrentError(ErrorCode.USAGE, _no_profile(options))
    return _as_answered(options, folder, ask, timing)


def folder_of(options: argparse.Namespace) -> Path:
    """Return the data folder that the options name; raises MinitorrentError(usage)."""
    return Path(options.data_dir or profiles.folder_of(options.profile or DEFAULT))


def remember(start: Start) -> None:
    """Remember how a client was started. Raises MinitorrentError if that can't be written."""
    folder, now = start.config.data_dir, Profile(start.config.listen, start.config.trackers)
    if profiles.read_profile(folder) != now:
        profiles.write_profile(folder, now)
    if start.profile is not None and profiles.folder_of(start.profile) != folder:
        profiles.name_folder(start.profile, folder)


def _as_told(options: argparse.Namespace, timing: Timing) -> Start:
    """HOST:PORT and TRACKER_INFO; without a named folder, it becomes the default profile's."""
    profile = Profile(Endpoint.parse(options.listen), _read_trackers(Path(options.tracker_info)))
    if options.data_dir is not None:
        return Start(_config(options, options.data_dir, profile, timing), options.profile)
    if options.profile is not None:
        folder = profiles.folder_of(options.profile)
        return Start(_config(options, folder, profile, timing), options.profile)
    folder = default_data_dir(profile.listen)
    return Start(_config(options, folder, profile, timing), DEFAULT)


def _joining(options: argparse.Namespace, folder: Path, text: str, timing: Timing) -> Start:
    invited = _read_invitation(text)
    addresses = tuple(tracker.address for tracker in invited.trackers)
    profile = profiles.read_profile(folder)
    if profile is None:
        profile = Profile(_free_port(), addresses)
    elif not set(profile.trackers) & set(addresses):
        raise MinitorrentError(ErrorCode.USAGE, _other_tracker(profile, invited))
    trackers = tuple(dict.fromkeys((*profile.trackers, *addresses)))
    config = _config(options, folder, Profile(profile.listen, trackers), timing, invited)
    name = None if options.data_dir is not None else DEFAULT
    return Start(config, options.profile or name, invited.encode())


def _receiving(options: argparse.Namespace, timing: Timing) -> Start:
    """One folder for each invitation, so that what was interrupted can go on."""
    invited = _read_invitation(options.invitation)
    name = hashlib.sha256(invited.encode().encode()).hexdigest()[:32]
    trackers = tuple(tracker.address for tracker in invited.trackers)
    profile = Profile(Endpoint(_ALL_ADDRESSES, 0), trackers)
    config = _config(options, app_folder() / "receiving" / name, profile, timing, invited)
    return Start(config, None, invited.encode())


def _as_answered(options: argparse.Namespace, folder: Path, ask: Ask, timing: Timing) -> Start:
    """The first start at a terminal, without arguments."""
    answer = ask("Paste an invitation, or type the address of your tracker (HOST:PORT): ").strip()
    if not answer:
        raise MinitorrentError(ErrorCode.USAGE, _no_profile(options))
    name = None if options.data_dir is not None else options.profile or DEFAULT
    try:
        profile = Profile(_free_port(), (Endpoint.parse(answer),))
    except MinitorrentError:
        return _joining(options, folder, answer, timing)
    return Start(_config(options, folder, profile, timing), name, asks_for_account=True)


def _config(
    options: argparse.Namespace,
    folder: Path,
    profile: Profile,
    timing: Timing,
    invited: InvitationText | None = None,
) -> ClientConfig:
    web = getattr(options, "web", None)
    return ClientConfig(
        profile.listen,
        profile.trackers,
        folder.absolute(),
        options.log_level,
        getattr(options, "active", None),
        None if web is None else Endpoint.parse(web),
        timing,
        not getattr(options, "no_port_mapping", False),
        () if invited is None else invited.trackers,
    )


def _read_trackers(path: Path) -> tuple[Endpoint, ...]:
    """Return the trackers in the tracker information file; raises MinitorrentError(usage)."""
    try:
        text = read_plain(path, tracker_info.MAX_SIZE).decode()
    except MinitorrentError as error:
        raise MinitorrentError(ErrorCode.USAGE, f"Can't read {path}. {error.message}") from error
    except UnicodeDecodeError as error:
        raise MinitorrentError(ErrorCode.USAGE, f"{path} is not a text file.") from error
    try:
        return tuple(tracker_info.parse(text))
    except MinitorrentError as error:
        raise MinitorrentError(ErrorCode.USAGE, f"{path}: {error.message}") from error


def _read_invitation(text: str) -> InvitationText:
    from common import invitation  # a usual start needn't load what checks one

    return invitation.parse(read_line(invitation.MAX_LENGTH) if text == "-" else text)


def read_line(longest: int) -> str:
    """Read a line from standard input, and not a byte of what follows: commands, perhaps."""
    line = b""
    while sys.stdin is not None and not line.endswith(b"\n") and len(line) < longest:
        byte = os.read(sys.stdin.fileno(), 1)
        if not byte:
            break
        line += byte
    return line.decode("utf-8", "replace")


def _free_port() -> Endpoint:
    """Choose a free port on all of this machine's addresses; the client keeps it."""
    with socket.socket() as probe:
        probe.bind((_ALL_ADDRESSES, 0))
        return Endpoint(_ALL_ADDRESSES, probe.getsockname()[1])


def _no_profile(options: argparse.Namespace) -> str:
    if options.data_dir is not None:
        where = f"No client has been started on {options.data_dir} yet"
    elif options.profile is not None:
        where = f"There is no profile {options.profile} yet"
    else:
        where = "There is no profile yet"
    return f"{where}; start with: join INVITATION, or HOST:PORT TRACKER_INFO"


def _other_tracker(profile: Profile, invited: InvitationText) -> str:
    known, named = profile.trackers[0], invited.trackers[0].address
    return (
        f"This invitation is for the tracker at {named}, and this profile uses the one at {known}; "
        "choose another profile, a new one if need be: --profile NAME"
    )
