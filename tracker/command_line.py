"""The tracker's command line: parsed into a validated configuration."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import platformdirs

from common import __version__, tracker_info
from common.errors import ErrorCode, MinitorrentError
from common.text import harmless
from common.types import Endpoint
from tracker.config import CERTIFICATE_LIFETIME, SESSIONS_PER_ADDRESS, Config
from tracker.disk import read_plain
from tracker.quotas import read_quota, with_quotas

_MAX_PORT = 65535
_LONGEST_SHOWN = 300  # characters of a bad value
_MAX_SESSIONS = 100_000
_MAX_LIFETIME = 365 * 24 * 3600
_LOG_LEVELS = ("debug", "info", "warning", "error")
_LOG_FORMATS = ("text", "json")
_CONSOLE_SCRIPT = "minitorrent-tracker"
_EXAMPLES = """\
examples:
  %(prog)s init tracker.example.org
      write a tracker_info.txt for a tracker at this address
  %(prog)s tracker_info.txt 1
      run the first tracker in the file
  %(prog)s tracker_info.txt 2 --data-dir /srv/tracker
      run the second one; trackers with the same DIR share one database

To stop the tracker, press Ctrl-C, send SIGTERM, or type quit.
"""


class TrackerParser(argparse.ArgumentParser):
    """An ArgumentParser that raises errors as one line."""

    def error(self, message: str) -> NoReturn:
        raise _usage(f"{message}; see: {self.prog} --help")


def read_config(arguments: Sequence[str]) -> Config:
    """Parse the command line; raises MinitorrentError(usage).

    With `--help` or `--version`, prints and exits.
    """
    options = argument_parser().parse_args(arguments)
    address = _address(options.tracker_info, options.number)
    listen = _listen(options.listen, address.port)
    http_port = _http_port(options.http_port, (address.port or (listen or address).port))
    if listen is not None and 0 != listen.port == http_port:
        raise _usage(f"--listen {listen} is the HTTP port; choose another one with --http-port")
    data_dir = options.data_dir or platformdirs.user_data_path("minitorrent", False) / "tracker"
    return Config(
        number=options.number,
        address=address,
        http_port=http_port,
        database=options.database or f"sqlite:///{data_dir.absolute() / 'tracker.db'}",
        data_dir=data_dir,
        log_level=options.log_level,
        log_format=options.log_format,
        min_password=options.min_password_length,
        tls=_tls(options.tls_cert, options.tls_key),
        certificate_lifetime=options.certificate_lifetime,
        max_sessions=options.max_sessions,
        max_sessions_per_address=options.max_sessions_per_address,
        quotas=with_quotas(options.quota),
        by_invitation_only=options.registration == "invited",
        listen=listen,
    )


def argument_parser() -> argparse.ArgumentParser:
    """Return the argument parser, named as the program was called."""
    parser = TrackerParser(
        prog=program_name(),
        description="Run a Minitorrent tracker: accounts, groups, and who has which file.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_arguments(parser.add_argument)
    return parser


def program_name() -> str:
    """Return the program's name, as it was called."""
    is_script = Path(sys.argv[0]).stem == _CONSOLE_SCRIPT
    return _CONSOLE_SCRIPT if is_script else "python -m tracker"


def _add_arguments(add: Callable[..., argparse.Action]) -> None:
    _add_what_to_run(add)
    _add_log_options(add)
    _add_rules(add)
    _add_limits(add)


def _add_what_to_run(add: Callable[..., argparse.Action]) -> None:
    add(
        "tracker_info",
        type=Path,
        metavar="TRACKER_INFO",
        help="file that lists the trackers' addresses",
    )
    add("number", type=NumberType(1, 10**6), metavar="NUMBER", help="which of them to run, from 1")
    version = f"Minitorrent {__version__}"
    add("--version", action="version", version=version, help="show the version")
    add(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="folder for the tracker's state (default: a folder in the user's data folder)",
    )
    add(
        "--listen",
        metavar="ADDRESS",
        help="address of this machine to accept clients at, with a port if it isn't the same:"
        " 0.0.0.0 or :: for all (default: the one in TRACKER_INFO)",
    )
    add("--database", metavar="URL", help="database to use (default: SQLite in DIR)")
    add(
        "--http-port",
        type=NumberType(0, _MAX_PORT),
        metavar="PORT",
        help="port for HTTP announces (default: session port + 1; 0: no HTTP)",
    )


def _add_log_options(add: Callable[..., argparse.Action]) -> None:
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


def _add_rules(add: Callable[..., argparse.Action]) -> None:
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


def _add_limits(add: Callable[..., argparse.Action]) -> None:
    add(
        "--max-sessions",
        type=NumberType(1, _MAX_SESSIONS),
        metavar="N",
        help="maximum number of connected clients (default: 1000, or what the limit of open files"
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


def _quota(text: str) -> tuple[str, int]:
    try:
        return read_quota(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


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


def _address(path: Path, number: int) -> Endpoint:
    try:
        trackers = tracker_info.parse(read_plain(path, tracker_info.MAX_SIZE).decode())
    except (OSError, UnicodeDecodeError) as error:
        reason = _reason(error)
        raise _usage(f"can't read {path}: {reason}") from None
    except MinitorrentError as error:
        raise _usage(f"{path}: {error.message}") from None
    if number > len(trackers):
        raise _usage(f"there is no tracker {number} in {path}, which lists {len(trackers)}")
    return trackers[number - 1]


def _listen(text: str | None, port: int) -> Endpoint | None:
    """Parse `HOST`, which gets this port, or `HOST:PORT`."""
    if text is None:
        return None
    with suppress(MinitorrentError):  # an IPv6 address has colons, too
        return Endpoint(tracker_info.parse_host(text), port)
    try:
        listen = Endpoint.parse(text)
        return Endpoint(tracker_info.parse_host(listen.host), listen.port)
    except MinitorrentError:
        shown = harmless(text, _LONGEST_SHOWN)
        raise _usage(f"argument --listen: {shown!r} is not ADDRESS or ADDRESS:PORT") from None


def _reason(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "it is not UTF-8 text"


def _http_port(asked: int | None, session_port: int) -> int | None:
    if asked is not None:
        return asked or None
    if session_port == 0:
        return 0
    if session_port == _MAX_PORT:
        raise _usage("the session port is 65535, so choose the HTTP port with --http-port")
    return session_port + 1


def _tls(certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise _usage("--tls-cert and --tls-key must be given together")
    return certificate, key


def _usage(message: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.USAGE, message)
