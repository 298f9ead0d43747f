"""The client's command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from common import __version__
from common.text import harmless

FAILURE, USAGE = 1, 2
"""Exit statuses."""

CONSOLE_SCRIPT = "minitorrent"
_MOST_DIGITS = 4  # of a number on the command line
_LOG_LEVELS = ("debug", "info", "warning", "error")
_EXAMPLES = """\
examples:
  %(prog)s 127.0.0.1:6001 tracker_info.txt
      type commands at a prompt; help lists them
  %(prog)s 127.0.0.1:6001 tracker_info.txt --stay < evening.txt
      run the commands in a file, one per line, and keep seeding
  %(prog)s 127.0.0.1:6001 tracker_info.txt -c 'login ann' -c list_groups
      run two commands; the client prompts for the password
"""


class CommandLineParser(argparse.ArgumentParser):
    """An argument parser that reports errors in one line."""

    may_hold_secrets = False
    """Whether to quote nothing: leftover words may be the end of `-c login ann PASSWORD`."""

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized") and self.may_hold_secrets:
            message = "too many arguments; quote each command: -c 'login ann'"
        self.exit(USAGE, f"{CONSOLE_SCRIPT}: {harmless(message)}; see: {self.prog} --help\n")


def argument_parser() -> CommandLineParser:
    """Return the command-line parser, with the program name as it was called."""
    is_script = Path(sys.argv[0]).stem == CONSOLE_SCRIPT
    parser = CommandLineParser(
        prog=CONSOLE_SCRIPT if is_script else "python -m client",
        description="Share files with the members of your groups.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("listen", metavar="HOST:PORT", help="where this client accepts peers")
    parser.add_argument(
        "tracker_info", metavar="TRACKER_INFO", help="file that lists the trackers' addresses"
    )
    _add_options(parser.add_argument)
    _add_page_options(parser.add_argument)
    _add_run_options(parser.add_argument)
    return parser


def _add_options(add: Callable[..., argparse.Action]) -> None:
    version = f"Minitorrent {__version__}"
    add("--version", action="version", version=version, help="show the version")
    add(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="folder for this client's state (default: a folder named after HOST:PORT in the user's"
        " data folder)",
    )
    add(
        "-c",
        dest="commands",
        action="append",
        metavar="COMMAND",
        help="run this command instead of reading commands (can be repeated)",
    )


def _add_page_options(add: Callable[..., argparse.Action]) -> None:
    add("--web", metavar="HOST:PORT", help="serve the page and the HTTP API; prints the link")
    add(
        "--web-any", action="store_true", help="allow a --web address that other machines can reach"
    )
    add(
        "--web-renew",
        action="store_true",
        help="create a new link for --web and revoke the old one",
    )


def _add_run_options(add: Callable[..., argparse.Action]) -> None:
    add("--json", action="store_true", help="print one JSON object per command")
    add("--stay", action="store_true", help="keep seeding after the last command")
    add(
        "--active",
        type=_small_number,
        metavar="N",
        help="downloads to run at once, 0 for no limit; remembered for later runs (default: 5)",
    )
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
