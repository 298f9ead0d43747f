"""The tracker's command line: parsed into a validated configuration."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import platformdirs

from common import tracker_info
from common.errors import ErrorCode, MinitorrentError
from common.text import harmless
from common.types import Endpoint
from tracker import config_sources
from tracker.config import Config
from tracker.disk import read_plain
from tracker.options import MAX_PORT, add_all
from tracker.quotas import with_quotas

_LONGEST_SHOWN = 300  # characters of a bad value
_CONSOLE_SCRIPT = "minitorrent-tracker"
_EXAMPLES = """\
examples:
  %(prog)s init tracker.example.org
      write a tracker_info.txt for a tracker at this address
  %(prog)s tracker_info.txt 1
      run the first tracker in the file
  %(prog)s tracker_info.txt 2 --data-dir /srv/tracker
      run the second one; trackers with the same DIR share one database
  %(prog)s users list --data-dir /srv/tracker
      list its accounts; other commands for operators are groups, sessions,
      quota, check, backup and copy: see COMMAND --help

To stop the tracker, press Ctrl-C, send SIGTERM, or type quit. To hand its
clients over to the other trackers before, send SIGUSR1 or type drain.
"""


class TrackerParser(argparse.ArgumentParser):
    """An ArgumentParser that raises errors as one line."""

    def error(self, message: str) -> NoReturn:
        raise _usage(f"{message}; see: {self.prog} --help")


def read_config(arguments: Sequence[str], environ: Mapping[str, str] = os.environ) -> Config:
    """Parse the command line, with the environment and a file behind it.

    Raises MinitorrentError(usage). With `--help` or `--version`, prints and exits.
    """
    options = parse(argument_parser(), arguments, environ)
    address = _address(options.tracker_info, options.number)
    listen = _listen(options.listen, address.port)
    http_port = _http_port(options.http_port, (address.port or (listen or address).port))
    if listen is not None and 0 != listen.port == http_port:
        raise _usage(f"--listen {listen} is the HTTP port; choose another one with --http-port")
    if options.relay_rate is not None and not options.relay:
        raise _usage("--relay-rate needs --relay")
    return Config(
        number=options.number,
        address=address,
        http_port=http_port,
        database=database_of(options),
        data_dir=data_dir_of(options),
        log_level=options.log_level,
        log_format=options.log_format,
        min_password=options.min_password_length,
        tls=_tls(options.tls_cert, options.tls_key),
        certificate_lifetime=options.certificate_lifetime,
        max_sessions=options.max_sessions,
        max_sessions_per_address=options.max_sessions_per_address,
        database_connections=options.database_connections,
        quotas=with_quotas(options.quota),
        by_invitation_only=options.registration == "invited",
        listen=listen,
        drain=options.drain,
        relays=options.relay,
        relay_rate=options.relay_rate or None,
    )


def parse(
    parser: argparse.ArgumentParser,
    arguments: Sequence[str],
    environ: Mapping[str, str] = os.environ,
) -> argparse.Namespace:
    """Parse a tracker's or a subcommand's arguments, with the environment and a file behind them.

    Raises MinitorrentError(usage).
    """
    settable: list[argparse.Action] = []
    nobody = argparse.ArgumentParser()

    def add(*names: str, **settings: Any) -> argparse.Action:
        settable.append(nobody.add_argument(*names, **settings))
        return settable[-1]

    add_all(add)
    return config_sources.parse(parser, arguments, settable, environ)


def data_dir_of(options: argparse.Namespace) -> Path:
    """Return the folder with the tracker's state."""
    chosen: Path | None = options.data_dir
    return chosen or platformdirs.user_data_path("minitorrent", False) / "tracker"


def database_of(options: argparse.Namespace) -> str:
    """Return the database's URL."""
    return options.database or f"sqlite:///{data_dir_of(options).absolute() / 'tracker.db'}"


def argument_parser() -> argparse.ArgumentParser:
    """Return the argument parser, named as the program was called."""
    parser = TrackerParser(
        prog=program_name(),
        description="Run a Minitorrent tracker: accounts, groups, and who has which file.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_all(parser.add_argument)
    return parser


def program_name() -> str:
    """Return the program's name, as it was called."""
    is_script = Path(sys.argv[0]).stem == _CONSOLE_SCRIPT
    return _CONSOLE_SCRIPT if is_script else "python -m tracker"


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
    if session_port == MAX_PORT:
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
