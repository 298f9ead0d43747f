"""The tracker's operations, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from common.api import (
    accounts,
    audit,
    authority,
    events,
    files,
    groups,
    invitations,
    presence,
    rendezvous,
    stats,
    tokens,
)
from common.api.operation import Operation

_NOUNS = (
    accounts,
    tokens,
    groups,
    stats,
    invitations,
    authority,
    files,
    presence,
    rendezvous,
    audit,
    events,
)

OPERATIONS: Mapping[str, Operation[Any, Any]] = MappingProxyType(
    {
        value.name: value
        for noun in _NOUNS
        for value in vars(noun).values()
        if isinstance(value, Operation)
    }
)
"""Each frontend of the tracker serves exactly these."""
