"""The registry of all commands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from client.commands import (
    accounts,
    diagnostics,
    files,
    general,
    groups,
    invitations,
    limits,
    members,
    metainfo,
    notices,
    settings,
    transfers,
)
from client.commands.command import Command


class CommandTable(Mapping[str, Command]):
    """Commands by name, in order. An alias finds its command too, but isn't listed."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._commands = {command.name: command for command in commands}
        self._found = self._commands | {
            alias: command for command in self._commands.values() for alias in command.aliases
        }

    def __getitem__(self, word: str) -> Command:
        return self._found[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)


COMMANDS: Mapping[str, Command] = CommandTable(
    (
        *accounts.COMMANDS,
        *groups.COMMANDS,
        *members.COMMANDS,
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
