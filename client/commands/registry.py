"""The registry of all commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from client.commands import (
    accounts,
    diagnostics,
    files,
    general,
    groups,
    invitations,
    limits,
    metainfo,
    notices,
    settings,
    transfers,
)
from client.commands.command import Command


def _by_name(commands: Iterable[Command]) -> Mapping[str, Command]:
    return MappingProxyType({command.name: command for command in commands})


COMMANDS: Mapping[str, Command] = _by_name(
    (
        *accounts.COMMANDS,
        *groups.COMMANDS,
        *notices.COMMANDS,
        *invitations.COMMANDS,
        *files.COMMANDS,
        *transfers.COMMANDS,
        *limits.COMMANDS,
        *settings.COMMANDS,
        *diagnostics.COMMANDS,
        *metainfo.COMMANDS,
        *general.COMMANDS,
    )
)
"""Every command by name, in the order in which `help` lists them."""
