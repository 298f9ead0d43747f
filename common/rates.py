"""Rates as a user types them. Pure."""

from __future__ import annotations

import re
from typing import Final

from common.errors import ErrorCode, MinitorrentError

_RATE: Final = re.compile(r"(\d{1,15})(?:\.(\d{1,3}))?([KMG]?)", re.ASCII | re.IGNORECASE)
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_MAX_RATE: Final = 1 << 60  # fits the database's integers


def parse_rate(typed: str) -> int:
    """Parse bytes per second, such as `500K`, `1.5M` or `1000`; raises MinitorrentError(usage)."""
    match = _RATE.fullmatch(typed)
    if match is not None:
        whole, fraction, unit = match.groups(default="")
        scale = _UNITS[unit.upper()]
        rate = int(whole) * scale + int(fraction.ljust(3, "0")) * scale // 1000
        if (rate or not int(whole + fraction)) and rate <= _MAX_RATE:
            return rate
    raise MinitorrentError(
        ErrorCode.USAGE,
        f"{typed!r} is not a rate; give bytes per second, such as 500K or 2M, or 0 for no limit.",
    )
