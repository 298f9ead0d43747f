"""`minitorrent-tracker init PUBLIC_ADDRESS`: write the file that names a new tracker."""

from __future__ import annotations

import argparse
import ipaddress
import shlex
import socket
from pathlib import Path

from common import tracker_info
from common.errors import ErrorCode, MinitorrentError
from common.types import Endpoint
from tracker.command_line import program_name
from tracker.disk import create_file
from tracker.operator.subcommand import CommandFailedError, Subcommand
from tracker.options import NumberType

DEFAULT_PORT = 7400

_LARGEST_PORT = 65534  # the HTTP port is the next one
_MODE = 0o644  # clients get copies
_TEXT = """\
# The trackers: for each, a line with its address and a line with its port.
# Give a copy of this file to everyone who is to use them.
{host}
{port}
"""


def run(options: argparse.Namespace) -> str:
    """Write the file; return what to tell the operator.

    Raises MinitorrentError(usage) and CommandFailedError.
    """
    address = Endpoint(_public_host(options.address), options.port)
    path: Path = options.file
    content = _TEXT.format(host=address.host, port=address.port)
    try:
        is_new = create_file(path, content.encode(), _MODE)
    except OSError as error:
        raise CommandFailedError(f"can't write {path}: {error.strerror}") from None
    if not is_new:
        raise CommandFailedError(
            f"{path} exists already; name another file, or add the lines {address.host} and"
            f" {address.port} to it"
        )
    return _next_steps(path, address)


def _prepare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "address",
        metavar="PUBLIC_ADDRESS",
        help="IP address or host name under which clients reach the tracker",
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=Path("tracker_info.txt"),
        metavar="FILE",
        help="file to write (default: tracker_info.txt)",
    )
    parser.add_argument(
        "--port",
        type=NumberType(1, _LARGEST_PORT),
        default=DEFAULT_PORT,
        metavar="N",
        help=f"port for sessions; the next one is for HTTP (default: {DEFAULT_PORT})",
    )


INIT = Subcommand(
    "init", "Write the file that names a new tracker, for it and for its clients.", _prepare, run
)


def _public_host(text: str) -> str:
    try:
        host = tracker_info.parse_host(text)
    except MinitorrentError as error:
        raise _usage(_without_port(text) or error.message.rstrip(".")) from None
    address = _ip_address(host)
    if address is not None and (address.is_unspecified or address.is_multicast):
        raise _usage(f"no client can connect to {host}; give the address under which it can")
    return host


def _without_port(text: str) -> str | None:
    """Return an objection if an address has a port, otherwise None."""
    try:
        given = Endpoint.parse(text)
    except MinitorrentError:
        return None
    return f"give the port as an option: {given.host} --port {given.port}"


def _next_steps(path: Path, address: Endpoint) -> str:
    every = "::" if ":" in address.host else "0.0.0.0"
    command = [*program_name().split(), str(path), "1"]
    is_ours = _is_local(address.host)
    command += [] if is_ours else ["--listen", every]
    lines = [f"Wrote {path}. Start the tracker with:", f"    {shlex.join(command)}"]
    if not is_ours:
        lines.append(f"--listen {every}, because {address.host} is not an address of this machine.")
    lines.append(
        f"Clients need a copy of {path.name}, and must reach the TCP ports {address.port} and"
        f" {address.port + 1}.{_reach(address)}"
    )
    return "\n".join(lines)


def _reach(address: Endpoint) -> str:
    ip = _ip_address(address.host)
    if address.is_loopback:
        return f" Only clients on this machine can connect to {address.host}."
    if ip is not None and not ip.is_global:
        return f" Only clients in its own network can connect to {address.host}."
    return ""


def _is_local(host: str) -> bool:
    """Return whether a tracker can listen on a host and be reached there by others."""
    try:
        family, *_, found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind(found)
    except OSError:  # also when the name is unknown
        return False
    return Endpoint(host, 0).is_loopback or not Endpoint(str(found[0]), 0).is_loopback


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _usage(message: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.USAGE, message)
