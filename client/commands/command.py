"""What a command of the client is: its arguments, its help, and the function behind it.

A command is defined once, in `client.commands`, and reached from the shell, a script, `-c`
and whatever else can name it. Its function takes no notice of where the answer goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel

from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.engine.session import HashProgress, Session


class Kind(StrEnum):
    """What an argument stands for; completion offers values accordingly."""

    COMMAND = "command"
    GROUP = "group"
    """A group that the user is in."""
    ANY_GROUP = "any group"
    USER = "user"
    """A member of the group named before, or of the one in use."""
    REQUESTER = "requester"
    """Somebody who asked to join the group named before, or the one in use."""
    FILE = "file"
    """A file that the group shares."""
    DOWNLOAD = "download"
    """A file of the group that this client is downloading or has downloaded."""
    SHARE = "share"
    """A file of the group that this client offers."""
    TRANSFER = "transfer"
    """A download or a share."""
    PATH = "path"
    NEW_NAME = "new name"
    PASSWORD = "password"
    NEW_PASSWORD = "new password"
    SECONDS = "seconds"
    NUMBER = "number"
    DIRECTION = "direction"
    """up or down."""
    RATE = "rate"
    SESSION = "session"
    PATTERN = "pattern"
    COUNT = "count"
    ORDER = "order"

    @property
    def is_secret(self) -> bool:
        """Whether a value must neither be echoed nor kept."""
        return self in (Kind.PASSWORD, Kind.NEW_PASSWORD)

    @property
    def is_new(self) -> bool:
        """Whether a value has to be given twice when it can't be seen."""
        return self is Kind.NEW_PASSWORD


_MEANINGS = {
    Kind.COMMAND: "a command",
    Kind.GROUP: "a group that you are in",
    Kind.ANY_GROUP: "a group of this tracker",
    Kind.USER: "a member of the group",
    Kind.REQUESTER: "somebody who asked to join the group",
    Kind.FILE: "a file that the group shares",
    Kind.DOWNLOAD: "a file of the group that you download or have downloaded",
    Kind.SHARE: "a file of the group that you offer",
    Kind.TRANSFER: "a file of the group that you download or offer",
    Kind.PATH: "a file or a folder on your disk",
    Kind.NEW_NAME: "a new name",
    Kind.PASSWORD: "a password; at a terminal, leave it out to be asked for it",
    Kind.NEW_PASSWORD: "a new password; at a terminal, leave it out to be asked for it",
    Kind.SECONDS: "a number of seconds",
    Kind.NUMBER: "a whole number",
    Kind.DIRECTION: "up for what is sent, down for what is fetched",
    Kind.RATE: "bytes a second, such as 500K or 2M (of 1,024); 0 for no limit",
    Kind.SESSION: "the number of a login, as sessions lists it",
    Kind.PATTERN: "part of a name, in any case; or all of it, with * for anything, ? for one"
    " character",
    Kind.COUNT: "a whole number",
    Kind.ORDER: "name, size, age or seeders",
}


FROM_ANY = (
    ErrorCode.USAGE,
    ErrorCode.INVALID_NAME,
    ErrorCode.NOT_LOGGED_IN,
    ErrorCode.TRACKER_UNREACHABLE,
    ErrorCode.TIMEOUT,
    ErrorCode.QUOTA_EXCEEDED,
    ErrorCode.BUSY,
    ErrorCode.INTERNAL,
)
"""What any command may fail with."""


@dataclass(frozen=True)
class Argument:
    """A positional argument; written `NAME` in usage lines, `[NAME]` when it may be left out."""

    name: str
    kind: Kind
    optional: bool = False
    help: str = ""
    """What it stands for, where its kind alone does not say it well."""

    @property
    def meaning(self) -> str:
        """What it stands for, and what is taken when it is left out."""
        text = self.help or _MEANINGS.get(self.kind, str(self.kind))
        return f"{text} (default: the one in use)" if self._is_default_group else text

    @property
    def _is_default_group(self) -> bool:
        return self.optional and self.kind is Kind.GROUP

    @property
    def usage(self) -> str:
        return f"[{self.name}]" if self.optional else self.name


@dataclass(frozen=True)
class Option:
    """`--flag`, or `--option VALUE` when it takes a value. `name` is without the dashes."""

    name: str
    summary: str
    value: str | None = None
    """What its value is called in usage lines; None for a flag."""
    kind: Kind = Kind.NEW_NAME

    @property
    def usage(self) -> str:
        return f"[--{self.name}]" if self.value is None else f"[--{self.name} {self.value}]"


@dataclass(frozen=True)
class Arguments:
    """A command line's values by argument and option name, as typed, and the flags it sets.

    `usage` is the usage line of the command that they are for.
    """

    values: Mapping[str, str] = field(repr=False)  # there may be a password among them
    flags: frozenset[str] = frozenset()
    usage: str = field(default="", compare=False)

    def text(self, name: str) -> str:
        """The value of a required argument."""
        return self.values[name]

    def optional(self, name: str) -> str | None:
        """The value of an argument or option that may have been left out."""
        return self.values.get(name)


_NO_BRACKETS = str.maketrans("", "", "[]")


def never() -> bool:
    """The answer of a command that nobody can interrupt."""
    return False


@dataclass(frozen=True)
class Context:
    """What a command's function works with.

    `progress` hears of hashing, may be called from any thread and may raise to stop it;
    `cancelled` answers whether a wait should end early.
    """

    session: Session
    commands: Mapping[str, Command]
    progress: HashProgress | None = None
    cancelled: Callable[[], bool] = never

    def group(self, arguments: Arguments) -> str:
        """The group named, else the one in use; raises MinitorrentError(usage) without either."""
        group = arguments.optional("GROUP") or self.session.overview().group
        if group is None:
            raise MinitorrentError(
                ErrorCode.USAGE,
                "Which group? Name it, or choose one with use_group; all together it is: "
                + arguments.usage.translate(_NO_BRACKETS),
            )
        return group


@dataclass(frozen=True)
class Command:
    """A command: what may follow its name, what it is for, and what it does.

    `answer` is the line shown for its result, with the result's fields in braces; empty where
    the result's type has a picture of its own (see `client.shell.render`).
    """

    name: str
    topic: str
    summary: str
    """At most 60 characters, for lists and completion."""
    run: Callable[[Context, Arguments], BaseModel]
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    details: str = ""
    example: str = ""
    answer: str = ""
    errors: tuple[ErrorCode, ...] = ()
    """What it may fail with besides what any command may: see FROM_ANY."""
    ends_program: bool = False
    waits: bool = False
    """Whether it may run for as long as something else does, and has no effect of its own."""
    required: int = field(init=False)
    """How many arguments can't be left out."""

    def __post_init__(self) -> None:
        required = sum(not argument.optional for argument in self.arguments)
        object.__setattr__(self, "required", required)

    @property
    def usage(self) -> str:
        parts = [self.name, *(a.usage for a in self.arguments), *(o.usage for o in self.options)]
        return " ".join(parts)

    @property
    def parts(self) -> tuple[Argument | Option, ...]:
        """All that may follow the name."""
        return (*self.arguments, *self.options)

    @property
    def has_secrets(self) -> bool:
        return any(argument.kind.is_secret for argument in self.arguments)

    def assign(self, count: int) -> tuple[Argument, ...]:
        """Which arguments `count` words stand for, in order.

        Words go to the required arguments first; what is left goes to optional ones from the
        left. With too few or too many words, the nearest possible assignment.
        """
        spare = max(0, count - self.required)
        chosen: list[Argument] = []
        for argument in self.arguments:
            if argument.optional:
                if not spare:
                    continue
                spare -= 1
            chosen.append(argument)
        return tuple(chosen)
