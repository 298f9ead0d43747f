"""What a subcommand asks its operator at the terminal."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from common.errors import ErrorCode, MinitorrentError
from tracker.disk import read_plain
from tracker.operator.subcommand import CommandFailedError

_LARGEST_FILE = 4096
_STDIN = Path("-")


def add_password(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a file with a password."""
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="file whose first line is the password; - is standard input (default: ask for it)",
    )
    parser.set_defaults(min_password_length=0)  # only a tracker's configuration has it


def new_password(options: argparse.Namespace, user: str) -> str:
    """Return the new password of a user, from the file or typed twice.

    Raises MinitorrentError(usage) and CommandFailedError.
    """
    if options.password_file is not None:
        return _first_line(options.password_file)
    if not sys.stdin.isatty():
        raise _usage("there is no terminal to ask for the password at; add --password-file FILE")
    try:
        first = getpass.getpass(f"New password of {user}: ")
        if getpass.getpass("Once more: ") != first:
            raise CommandFailedError("the two passwords don't match; nothing was changed")
    except (EOFError, KeyboardInterrupt):
        raise CommandFailedError("no password was given; nothing was changed") from None
    return first


def add_confirmation(parser: argparse.ArgumentParser) -> None:
    """Add the option that says yes in advance."""
    parser.add_argument("--yes", action="store_true", help="don't ask whether you are sure")


def confirm(options: argparse.Namespace, question: str) -> None:
    """Ask whether the operator is sure. Raises MinitorrentError(usage) and CommandFailedError."""
    if options.yes:
        return
    if not sys.stdin.isatty():
        raise _usage("there is no terminal to ask for confirmation at; add --yes")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().casefold() not in ("y", "yes"):
        raise CommandFailedError("nothing was changed")


def _first_line(path: Path) -> str:
    try:
        data = (
            sys.stdin.buffer.readline(_LARGEST_FILE)
            if path == _STDIN
            else read_plain(path, _LARGEST_FILE)
        )
        return data.decode().partition("\n")[0].rstrip("\r")
    except OSError as error:
        raise _usage(f"can't read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise _usage(f"{path} is not a text file") from None


def _usage(message: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.USAGE, message)
