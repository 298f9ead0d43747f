"""The client's command line: the usual form, and the actions join, send and receive."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from common import __version__
from common.text import harmless

SUCCESS, FAILURE, USAGE, NO_TRACKER = range(4)
"""Exit statuses."""

CONSOLE_SCRIPT = "minitorrent"
_MOST_DIGITS = 4  # of a number on the command line
_LOG_LEVELS = ("debug", "info", "warning", "error")
_EXAMPLES = """\
examples:
  %(prog)s
      start as last time; list_files and other commands are typed at a prompt
  %(prog)s 127.0.0.1:6001 tracker_info.txt
      the first start: where this client accepts peers, and a list of trackers
  %(prog)s join mt1ZDE6YzE2...
      enter a group by an invitation; this needs no other preparation
  %(prog)s send film.mkv
      print an invitation by which one other person can receive the file
  %(prog)s receive mt1ZDE6YzE2... Downloads/
      receive what was sent; this needs neither an account nor a profile
  %(prog)s --stay < evening.txt
      run the commands in a file, one per line, and keep seeding
  %(prog)s -c 'login ann' -c list_groups
      run two commands; the client prompts for the password
  %(prog)s -c show_downloads
      the same while a client is running already, which then carries them out
"""
_DATA_DIR_HELP = (
    "folder for this client's state (default: the profile's, or a folder named after HOST:PORT in"
    " the user's data folder)"
)
_INVITATION_HELP = "the invitation, as it was sent to you, or - to read it from standard input"

Add = Callable[..., argparse.Action]


class CommandLineParser(argparse.ArgumentParser):
    """An argument parser that reports errors in one line."""

    may_hold_secrets = False
    """Whether to quote nothing: leftover words may be the end of `-c login ann PASSWORD`."""

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized") and self.may_hold_secrets:
            message = "too many arguments; quote each command: -c 'login ann'"
        self.exit(USAGE, f"{CONSOLE_SCRIPT}: {harmless(message)}; see: {self.prog} --help\n")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line; `action` in the result is "run" or one of `ACTIONS`.

    Exits with status 2 when it is wrong.
    """
    action = words[0] if words and words[0] in ACTIONS else "run"
    parser = argument_parser() if action == "run" else action_parser(action)
    parser.may_hold_secrets = "-c" in words
    options = parser.parse_args(words if action == "run" else words[1:])
    options.action = action
    if action == "run" and (options.listen is None) != (options.tracker_info is None):
        parser.error("the following argument is required: TRACKER_INFO")
    return options


def argument_parser() -> CommandLineParser:
    """Return the parser of the usual form, with the program name as it was called."""
    parser = _parser("Share files with the members of your groups.", _EXAMPLES)
    add = parser.add_argument
    add(
        "listen",
        metavar="HOST:PORT",
        nargs="?",
        help="where this client accepts peers; left out, with TRACKER_INFO, it starts as last time",
    )
    add(
        "tracker_info",
        metavar="TRACKER_INFO",
        nargs="?",
        help="file that lists the trackers' addresses",
    )
    add(
        "--version", action="version", version=f"Minitorrent {__version__}", help="show the version"
    )
    _add_profile(add)
    _add_commands(add)
    _add_page_options(add)
    _add_run_options(add)
    _add_log_level(add)
    return parser


def action_parser(action: str) -> CommandLineParser:
    """Return the parser for the words after one of `ACTIONS`."""
    description, add_all = ACTIONS[action]
    parser = _parser(description)
    parser.prog += f" {action}"
    add_all(parser.add_argument)
    return parser


def _parser(description: str, epilog: str = "") -> CommandLineParser:
    is_script = Path(sys.argv[0]).stem == CONSOLE_SCRIPT
    return CommandLineParser(
        prog=CONSOLE_SCRIPT if is_script else "python -m client",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_join(add: Add) -> None:
    add("invitation", metavar="INVITATION", help=_INVITATION_HELP)
    add("--user", metavar="USER", help="the name of your account, new or old; asked for if missing")
    add(
        "--password-file",
        type=Path,
        metavar="FILE",
        help="file whose first line is the password, or - for standard input; asked for if missing",
    )
    add("--remember", action="store_true", help="stay logged in over restarts of this client")
    _add_profile(add)
    _add_commands(add)
    _add_page_options(add)
    _add_run_options(add)
    _add_log_level(add)


def _add_send(add: Add) -> None:
    add("paths", metavar="PATH", nargs="+", help="a file or folder to send")
    add(
        "--uses",
        type=_number,
        default=1,
        metavar="N",
        help="how many people may receive it (default: 1)",
    )
    add(
        "--days",
        type=_number,
        metavar="D",
        help="end the invitation after D days (default: 7)",
    )
    _add_profile(add)
    _add_log_level(add)


def _add_receive(add: Add) -> None:
    add("invitation", metavar="INVITATION", help=_INVITATION_HELP)
    add(
        "destination",
        metavar="DEST",
        nargs="?",
        default=".",
        help="a folder, or for a single file its new path (default: the current folder)",
    )
    _add_log_level(add)


def _add_open(add: Add) -> None:
    _add_profile(add)


ACTIONS: dict[str, tuple[str, Callable[[Add], None]]] = {
    "join": ("Enter a group by an invitation, then go on as usual.", _add_join),
    "send": ("Send files and folders to whoever has the printed invitation.", _add_send),
    "receive": ("Receive what was sent with an invitation, and exit.", _add_receive),
    "open": ("Open the page of the client that is running, or print its link.", _add_open),
}
"""What the first word can be instead of HOST:PORT, with a description and the arguments."""


def _add_profile(add: Add) -> None:
    add("--profile", metavar="NAME", help="which remembered client to start (default: default)")
    add("--data-dir", type=Path, metavar="DIR", help=_DATA_DIR_HELP)


def _add_commands(add: Add) -> None:
    add(
        "-c",
        dest="commands",
        action="append",
        metavar="COMMAND",
        help="run this command instead of reading commands (can be repeated)",
    )


def _add_page_options(add: Add) -> None:
    add("--web", metavar="HOST:PORT", help="serve the page and the HTTP API; prints the link")
    add(
        "--web-any", action="store_true", help="allow a --web address that other machines can reach"
    )
    add(
        "--web-renew",
        action="store_true",
        help="create a new link for --web and revoke the old one",
    )


def _add_run_options(add: Add) -> None:
    add("--json", action="store_true", help="print one JSON object per command")
    add(
        "--no-port-mapping",
        action="store_true",
        help="don't ask the router to pass connections on to this client (UPnP, NAT-PMP)",
    )
    add("--stay", action="store_true", help="keep seeding after the last command")
    add(
        "--active",
        type=_small_number,
        metavar="N",
        help="downloads to run at once, 0 for no limit; remembered for later runs (default: 5)",
    )


def _add_log_level(add: Add) -> None:
    add(
        "--log-level",
        choices=_LOG_LEVELS,
        default="warning",
        metavar="LEVEL",
        help=f"lowest level to log: {', '.join(_LOG_LEVELS)} (default: warning)",
    )


def _small_number(typed: str) -> int:
    """Parse a number that may be 0."""
    if not typed.isdecimal() or len(typed) > _MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"{typed!r} is not a number from 0 to 9999")
    return int(typed)


def _number(typed: str) -> int:
    number = _small_number(typed)
    if not number:
        raise argparse.ArgumentTypeError("0 is too small")
    return number
