"""The configuration of a tracker."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from common.types import Endpoint
from tracker.quotas import Quotas

if TYPE_CHECKING:  # a usage error needn't load the logging library
    from common.process.logs import Format, Level

CERTIFICATE_LIFETIME = 12 * 3600
"""Default lifetime of certificates, in seconds."""

DATABASE_CONNECTIONS = 8
"""Default number of units of work at once; a database serves few processors best."""

SESSIONS_PER_ADDRESS = 200
"""Default limit per address: a whole class may share one."""


@dataclass(frozen=True)
class Config:
    """The configuration of one tracker process.

    `address` is the session address that clients use (port 0: any free port), and `listen`
    where this machine accepts them, if not there; `http_port` is 0 for any free port and None
    for no HTTP; `min_password` is in characters. `tls` holds an operator's certificate and key,
    or None for a certificate of the tracker's own. `certificate_lifetime` is that of sealed
    groups' member certificates, in seconds. `max_sessions` is None for as many as the open-file
    limit and common sense allow. `drain` is the longest time in seconds to hand clients over
    before a stop, None if only on demand. `by_invitation_only` closes the creation of accounts
    to everyone else. `relays`: it runs a relay, of `relay_rate` bytes a second (None: without a
    limit).
    """

    number: int
    address: Endpoint
    http_port: int | None
    database: str = field(repr=False)  # may have a password
    data_dir: Path
    log_level: Level
    log_format: Format
    min_password: int
    tls: tuple[Path, Path] | None = None
    certificate_lifetime: int = CERTIFICATE_LIFETIME
    max_sessions: int | None = None
    database_connections: int = DATABASE_CONNECTIONS
    max_sessions_per_address: int = SESSIONS_PER_ADDRESS
    quotas: Quotas = field(default_factory=Quotas)
    by_invitation_only: bool = False
    listen: Endpoint | None = None
    drain: int | None = None
    relays: bool = False
    relay_rate: int | None = None
