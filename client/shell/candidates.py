"""The names that could be the next word of a command line, given the registry. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, get_args

from client.commands.command import Argument, Command, Kind, Option
from client.commands.download_list import STATES
from client.commands.language.short_forms import SHORT_FORMS
from client.commands.language.words import Word
from client.core.settings import DOWNLOAD_FOLDER, SETTINGS
from common.api.files import Sort


@dataclass(frozen=True)
class Name:
    """A word that could be typed, with a short help text."""

    text: str
    help: str = ""
    whole: bool = True
    """Whether the word is complete; False for a folder, whose content may follow."""
    is_option: bool = False
    is_alias: bool = False
    """Whether it comes after all others, as another name for one of them."""


class Names(Protocol):
    """A source of names; names that can't be looked up are left out.

    For a long list, only names that match what is typed may be returned.
    """

    def current_group(self) -> str | None:
        """Return the group in use, or None."""

    def groups(self, typed: str, *, mine: bool) -> Sequence[Name]:
        """Return the groups that the user is a member of, or with `mine` False all others."""

    def members(self, group: str, typed: str) -> Sequence[Name]:
        """Return the members of a group."""

    def requesters(self, group: str, typed: str) -> Sequence[Name]:
        """Return the users who asked to join a group."""

    def files(self, group: str, typed: str) -> Sequence[Name]:
        """Return the files that a group shares."""

    def downloads(self, group: str) -> Sequence[Name]:
        """Return this client's downloads in a group."""

    def shares(self, group: str) -> Sequence[Name]:
        """Return this client's shares in a group."""

    def paths(self, typed: str) -> Sequence[Name]:
        """Return the entries of the folder that `typed` names up to its last slash."""


def candidates(
    words: Sequence[Word], current: Word, commands: Mapping[str, Command], names: Names
) -> list[Name]:
    """Return the names that the word at the cursor could become, whether or not they match it."""
    if not words:
        return [*_commands(commands), *(_aliases(commands) if current.text else ())]
    command = commands.get(words[0].text)
    if command is None:
        return []
    own = _after_command(command, words[1:], current, commands, names)
    meant = _after_short_form(command, words[1:], current, commands, names)
    return [*meant, *own] if len(words) > 1 else [*own, *meant]


def _commands(commands: Mapping[str, Command]) -> list[Name]:
    return [Name(name, command.summary) for name, command in commands.items()]


def _aliases(commands: Mapping[str, Command]) -> list[Name]:
    return [
        Name(alias, f"{command.name}: {command.summary}", is_alias=True)
        for command in commands.values()
        for alias in command.aliases
    ]


def _after_command(
    command: Command,
    words: Sequence[Word],
    current: Word,
    commands: Mapping[str, Command],
    names: Names,
) -> Iterator[Name]:
    """Yield names for the word that follows `words` in a command's arguments."""
    values, option = _positional(command, words)
    if option is not None:
        yield from _of_kind(option.kind, None, current.text, commands, names)
        return
    options = _options(command, current)
    if options:  # else it may be a name that begins with dashes
        yield from options
        return
    for argument, group in _readings(command, values, current.text, names):
        if argument.kind is Kind.VALUE:
            yield from _of_setting(values[0], current.text, names)
        found = _of_kind(argument.kind, group, current.text, commands, names)
        yield from (name for name in found if not (argument.many and name.text in values))


def _after_short_form(
    command: Command,
    words: Sequence[Word],
    current: Word,
    commands: Mapping[str, Command],
    names: Names,
) -> Iterator[Name]:
    """Yield names for what a command may also stand for: `get GROUP NAME...`, `join GROUP`."""
    meant = commands.get(SHORT_FORMS.get(command.name, ""))
    if meant is None or _options(command, current):
        return
    if not words or _is_group(words[0].text, names):
        yield from _after_command(meant, words, current, commands, names)


def _options(command: Command, current: Word) -> list[Name]:
    """Return the options that could be meant if the word begins like one."""
    if current.quoted or not current.text.startswith("--"):
        return []
    names = ((f"--{option.name}", option.summary) for option in command.options)
    return [
        Name(name, summary, is_option=True)
        for name, summary in names
        if name.startswith(current.text)
    ]


def _positional(command: Command, words: Sequence[Word]) -> tuple[list[str], Option | None]:
    """Return the words that aren't options, and the option that still needs its value, if any."""
    options = {f"--{option.name}": option for option in command.options if option.value is not None}
    values: list[str] = []
    waiting: Option | None = None
    for word in words:
        if waiting is not None:
            waiting = None
        elif word.text.startswith("--") and not word.quoted:
            waiting = options.get(word.text)
        else:
            values.append(word.text)
    return values, waiting


def _readings(
    command: Command, values: Sequence[str], typed: str, names: Names
) -> Iterator[tuple[Argument, str | None]]:
    """Yield the arguments that the next word could be, each with the group it refers to.

    There are two if the group is optional: `pause` may be followed by a file of the group in use,
    which comes first because that is what a default group is for, or by a group. After an argument
    that takes many words, the next may be another of them or what follows it.
    """
    in_use = names.current_group()
    arguments = command.arguments
    at = next((n for n, argument in enumerate(arguments) if argument.kind is Kind.GROUP), None)
    if at and arguments[at - 1].many:
        yield from _around_group(arguments[at - 1], arguments[at], values, typed, names)
        return
    group = values[at] if at is not None and at < len(values) else in_use
    if at is not None and arguments[at].optional and in_use is not None:
        if len(values) == at:
            yield from ((argument, in_use) for argument in arguments[at + 1 : at + 2])
        elif len(values) > at and not _is_group(values[at], names):
            arguments, group = arguments[:at] + arguments[at + 1 :], in_use
    many = next((n for n, argument in enumerate(arguments) if argument.many), len(arguments))
    if len(values) <= many:
        yield from ((argument, group) for argument in arguments[len(values) : len(values) + 1])
    else:
        yield from ((argument, group) for argument in arguments[many:])


def _around_group(
    many: Argument, group: Argument, values: Sequence[str], typed: str, names: Names
) -> Iterator[tuple[Argument, str | None]]:
    """Yield the arguments that the next word could be where the group is the last or the first."""
    if not values:
        yield from ((argument, None) for argument in ((many, group) if typed else (many,)))
    elif _is_group(values[0], names):
        yield many, None
    elif not _is_group(values[-1], names):
        yield group, None
        yield many, None


def _is_group(name: str, names: Names) -> bool:
    return name in {group.text for group in names.groups(name, mine=True)}


_ROLES = [
    Name("admin", "manages members and files"),
    Name("uploader", "always adds files"),
    Name("member", "adds files, unless that is for uploaders"),
    Name("reader", "downloads only"),
]
_UPLOADERS = [
    Name("members", "everybody but readers"),
    Name("uploaders", "only uploaders and admins"),
]
_IN_GROUP = frozenset(
    {Kind.USER, Kind.REQUESTER, Kind.FILE, Kind.DOWNLOAD, Kind.SHARE, Kind.TRANSFER}
)
"""Kinds whose values depend on a group."""


def _of_kind(
    kind: Kind, group: str | None, typed: str, commands: Mapping[str, Command], names: Names
) -> Sequence[Name]:
    if kind is Kind.COMMAND:
        return _commands(commands)
    if kind in (Kind.GROUP, Kind.ANY_GROUP):
        return names.groups(typed, mine=kind is Kind.GROUP)
    if kind is Kind.DIRECTION:
        return [Name("up", "uploads"), Name("down", "downloads")]
    if kind is Kind.SETTING:
        return [Name(setting.name, setting.meaning) for setting in SETTINGS.values()]
    if kind is Kind.STATE:
        return _states(typed)
    if kind is Kind.ORDER:
        return [Name(order) for order in get_args(Sort)]
    if kind is Kind.ROLE:
        return _ROLES
    if kind is Kind.UPLOADERS:
        return _UPLOADERS
    if kind is Kind.PATH:
        return names.paths(typed)
    if group is None or kind not in _IN_GROUP:
        return []
    if kind is Kind.TRANSFER:
        return [*names.downloads(group), *names.shares(group)]
    if kind is Kind.DOWNLOAD:
        return names.downloads(group)
    if kind is Kind.SHARE:
        return names.shares(group)
    return {Kind.USER: names.members, Kind.REQUESTER: names.requesters, Kind.FILE: names.files}[
        kind
    ](group, typed)


def _of_setting(name: str, typed: str, names: Names) -> Sequence[Name]:
    """Return the values that a setting could get."""
    if name == DOWNLOAD_FOLDER.name:
        return names.paths(typed)
    return [Name(choice) for choice in SETTINGS[name].choices] if name in SETTINGS else []


def _states(typed: str) -> list[Name]:
    """Return the states that could follow the last comma in `typed`."""
    before = typed[: typed.rfind(",") + 1]
    return [Name(before + word) for word in STATES if word not in before.split(",")]
