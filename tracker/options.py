"""The options of a tracker, for its command line, its configuration file and its environment."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from common import __version__
from common.errors import MinitorrentError
from common.rates import parse_rate
from tracker.config import CERTIFICATE_LIFETIME, DATABASE_CONNECTIONS, SESSIONS_PER_ADDRESS
from tracker.quotas import read_quota

MAX_PORT = 65535
USUAL_DRAIN = 30
"""Longest time to hand clients over when that is asked for, in seconds."""

_LONGEST_DRAIN = 3600
_MAX_SESSIONS = 100_000
_MAX_CONNECTIONS = 1000
_MAX_LIFETIME = 365 * 24 * 3600
_LOG_LEVELS = ("debug", "info", "warning", "error")
_LOG_FORMATS = ("text", "json")

Add = Callable[..., argparse.Action]
"""A parser's `add_argument`."""


def add_all(add: Add) -> None:
    """Add all arguments of a tracker."""
    _add_what_to_run(add)
    _add_drain(add)
    _add_log_options(add)
    _add_rules(add)
    _add_limits(add)
    _add_relay(add)


def _add_what_to_run(add: Add) -> None:
    add(
        "tracker_info",
        type=Path,
        metavar="TRACKER_INFO",
        help="file that lists the trackers' addresses",
    )
    add("number", type=NumberType(1, 10**6), metavar="NUMBER", help="which of them to run, from 1")
    version = f"Minitorrent {__version__}"
    add("--version", action="version", version=version, help="show the version")
    add_where(add)
    add(
        "--listen",
        metavar="ADDRESS",
        help="address of this machine to accept clients at, with a port if it isn't the same:"
        " 0.0.0.0 or :: for all (default: the one in TRACKER_INFO)",
    )
    add(
        "--http-port",
        type=NumberType(0, MAX_PORT),
        metavar="PORT",
        help="port for HTTP announces (default: session port + 1; 0: no HTTP)",
    )


def add_where(add: Add) -> None:
    """Add the options that say where a tracker's configuration, state and database are."""
    add(
        "--config",
        type=Path,
        metavar="FILE",
        help="file with options (TOML), for those that neither the command line nor a variable"
        " MINITORRENT_TRACKER_OPTION gives",
    )
    add(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="folder for the tracker's state (default: a folder in the user's data folder)",
    )
    add("--database", metavar="URL", help="database to use (default: SQLite in DIR)")


def _add_drain(add: Add) -> None:
    add(
        "--drain",
        type=NumberType(0, _LONGEST_DRAIN),
        metavar="SECONDS",
        help="longest time to hand clients over to the other trackers before a stop (default: 0, or"
        f" {USUAL_DRAIN} after the signal USR1 or the line drain)",
    )


def _add_log_options(add: Add) -> None:
    add(
        "--log-level",
        choices=_LOG_LEVELS,
        default="info",
        metavar="LEVEL",
        help=f"lowest level to log on stderr: {', '.join(_LOG_LEVELS)} (default: info)",
    )
    add(
        "--log-format",
        choices=_LOG_FORMATS,
        default="text",
        metavar="FORMAT",
        help="format of the log: text (the default) or json, one object per line",
    )


def _add_rules(add: Add) -> None:
    add(
        "--min-password-length",
        type=NumberType(0, 1024),
        default=0,
        metavar="N",
        help="reject passwords shorter than N characters",
    )
    add(
        "--certificate-lifetime",
        type=NumberType(1, _MAX_LIFETIME),
        default=CERTIFICATE_LIFETIME,
        metavar="SECONDS",
        help="lifetime of the certificates in sealed groups (default: 43200, 12 hours)",
    )
    add(
        "--registration",
        choices=("open", "invited"),
        default="open",
        help="who may create an account: anyone, or only users with an invitation (default: open)",
    )


def _add_limits(add: Add) -> None:
    add(
        "--max-sessions",
        type=NumberType(1, _MAX_SESSIONS),
        metavar="N",
        help="maximum number of connected clients (default: 10000, or what the limit of open files"
        " allows)",
    )
    add(
        "--max-sessions-per-address",
        type=NumberType(1, _MAX_SESSIONS),
        default=SESSIONS_PER_ADDRESS,
        metavar="N",
        help=f"maximum per address, or IPv6 /64 (default: {SESSIONS_PER_ADDRESS})",
    )
    add(
        "--database-connections",
        type=NumberType(2, _MAX_CONNECTIONS),
        default=DATABASE_CONNECTIONS,
        metavar="N",
        help="maximum number of connections to the database, besides three of the tracker's own"
        f" (default: {DATABASE_CONNECTIONS})",
    )
    add(
        "--quota",
        type=_quota,
        action="append",
        default=[],
        metavar="NAME=N",
        help="set a quota per user (can be repeated); docs/operations.md lists the names",
    )
    add("--tls-cert", type=Path, metavar="FILE", help="certificate (PEM) for the session port")
    add(
        "--tls-key",
        type=Path,
        metavar="FILE",
        help="key of that certificate (PEM, without a password)",
    )


def _add_relay(add: Add) -> None:
    add(
        "--relay",
        action="store_true",
        help="join members of sealed groups who can't connect otherwise (default: don't)",
    )
    add(
        "--relay-rate",
        type=_rate,
        metavar="RATE",
        help="bytes a second of the relay in all, such as 500K or 2M (default: no limit)",
    )


def _quota(text: str) -> tuple[str, int]:
    try:
        return read_quota(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _rate(text: str) -> int:
    try:
        return parse_rate(text)
    except MinitorrentError as error:
        raise argparse.ArgumentTypeError(error.message) from None


class NumberType:
    """An argparse type: a whole number in a range."""

    def __init__(self, smallest: int, largest: int) -> None:
        self._smallest = smallest
        self._largest = largest

    def __call__(self, text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 10:
            value = int(text)
            if self._smallest <= value <= self._largest:
                return value
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number from {self._smallest} to {self._largest}"
        )
