"""A command of the client: its arguments, its help, and the function that runs it.

Each command is defined once, in `client.commands`, and is available in the shell, in scripts,
with `-c`, over HTTP and on the page. Its function doesn't know where the answer goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from pydantic import BaseModel

from common.errors import ErrorCode, MinitorrentError

if TYPE_CHECKING:
    from client.services.api import SessionApi
    from client.services.content.uploads import HashProgress


class Kind(StrEnum):
    """What an argument stands for; decides which values completion offers."""

    COMMAND = "command"
    GROUP = "group"
    """A group that the user is a member of."""
    ANY_GROUP = "any group"
    USER = "user"
    """A member of the group given before, or of the one in use."""
    REQUESTER = "requester"
    """A user who asked to join the group given before, or the one in use."""
    FILE = "file"
    """A file that the group shares."""
    DOWNLOAD = "download"
    """A file of the group that this client is downloading or has downloaded."""
    SHARE = "share"
    """A file of the group that this client shares."""
    TRANSFER = "transfer"
    """A download or a share."""
    PATH = "path"
    NEW_NAME = "new name"
    INVITATION = "invitation"
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
    STATE = "state"
    ROLE = "role"
    """A role that admins give."""
    UPLOADERS = "uploaders"
    """Who adds files to a group."""
    SETTING = "setting"
    VALUE = "value"
    """A value of the setting given before."""

    @property
    def is_secret(self) -> bool:
        """Whether a value must be neither echoed nor stored."""
        return self in (Kind.PASSWORD, Kind.NEW_PASSWORD, Kind.INVITATION)

    @property
    def is_new(self) -> bool:
        """Whether a value is asked for twice, because a typing error wouldn't show."""
        return self is Kind.NEW_PASSWORD


_MEANINGS = {
    Kind.COMMAND: "a command",
    Kind.GROUP: "one of your groups",
    Kind.ANY_GROUP: "a group on this tracker",
    Kind.USER: "a member of the group",
    Kind.REQUESTER: "a user who asked to join the group",
    Kind.FILE: "a file that the group shares",
    Kind.DOWNLOAD: "one of your downloads in the group",
    Kind.SHARE: "a file that you share with the group",
    Kind.TRANSFER: "one of your downloads or shares in the group",
    Kind.PATH: "a file or folder on your disk",
    Kind.NEW_NAME: "a new name",
    Kind.INVITATION: "an invitation; at a terminal, leave it out to be prompted for it",
    Kind.PASSWORD: "a password; at a terminal, leave it out to be prompted for it",
    Kind.NEW_PASSWORD: "a new password; at a terminal, leave it out to be prompted for it",
    Kind.SECONDS: "a number of seconds",
    Kind.NUMBER: "a whole number",
    Kind.DIRECTION: "up for uploads, down for downloads",
    Kind.RATE: "bytes per second, such as 500K or 2M (units of 1,024); 0 for no limit",
    Kind.SESSION: "a session ID, as listed by sessions",
    Kind.PATTERN: "part of a name, in any case; or a whole name in which * matches anything and ?"
    " one character",
    Kind.COUNT: "a whole number",
    Kind.ORDER: "name, size, age or seeders",
    Kind.STATE: "running, checking, queued, paused, failed or complete",
    Kind.ROLE: "admin, uploader, member or reader",
    Kind.UPLOADERS: "members, or uploaders",
    Kind.SETTING: "a setting, as listed by settings",
    Kind.VALUE: "its new value",
}


COMMON_ERRORS = (
    ErrorCode.USAGE,
    ErrorCode.INVALID_NAME,
    ErrorCode.NOT_LOGGED_IN,
    ErrorCode.TRACKER_UNREACHABLE,
    ErrorCode.TIMEOUT,
    ErrorCode.QUOTA_EXCEEDED,
    ErrorCode.BUSY,
    ErrorCode.INTERNAL,
)
"""The errors that any command may return."""


@dataclass(frozen=True)
class Argument:
    """A positional argument; `NAME` in usage lines, or `[NAME]` when it is optional."""

    name: str
    kind: Kind
    optional: bool = False
    help: str = ""
    """Describes the argument where its kind isn't specific enough."""
    prompt: str = "Password"
    """What a terminal shows to ask for it, if it is a secret."""
    many: bool = False
    """Whether it takes any number of words; at most one argument of a command does."""

    @property
    def meaning(self) -> str:
        """A description, with the default if there is one."""
        text = self.help or _MEANINGS.get(self.kind, str(self.kind))
        return f"{text} (default: the group in use)" if self._is_default_group else text

    @property
    def _is_default_group(self) -> bool:
        return self.optional and self.kind is Kind.GROUP

    @property
    def usage(self) -> str:
        """How usage lines show it."""
        name = f"{self.name}..." if self.many else self.name
        return f"[{name}]" if self.optional else name


GROUP: Final = Argument("GROUP", Kind.GROUP, optional=True)
"""The group argument of most commands; left out, it is the group in use."""

GROUP_ERRORS: Final = (ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER)
"""The errors that a command about a group may return in addition to COMMON_ERRORS."""

ADMIN_ERRORS: Final = (*GROUP_ERRORS, ErrorCode.NOT_ADMIN)
"""The same for a command that only a group's admins may run."""


@dataclass(frozen=True)
class Option:
    """`--flag`, or `--option VALUE` if it takes a value. `name` excludes the dashes."""

    name: str
    summary: str
    value: str | None = None
    """The name of its value in usage lines; None for a flag."""
    kind: Kind = Kind.NEW_NAME
    repeats: bool = False
    """Whether it may be given again; its values are then joined with commas."""
    in_usage: bool = True
    """Whether usage lines show it; otherwise only the command's help and completion do."""

    @property
    def usage(self) -> str:
        """How usage lines show it."""
        return f"[--{self.name}]" if self.value is None else f"[--{self.name} {self.value}]"


@dataclass(frozen=True)
class Arguments:
    """The values of a command line by argument and option name, as typed, and its flags.

    `lists` has the values of an argument that takes many. `usage` is the usage line of the
    command, `words` the positional words in the order in which they were typed (empty for
    arguments that were given by name).
    """

    values: Mapping[str, str] = field(repr=False)  # may contain a password
    flags: frozenset[str] = frozenset()
    usage: str = field(default="", compare=False)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def text(self, name: str) -> str:
        """Return the value of a required argument."""
        return self.values[name]

    def optional(self, name: str) -> str | None:
        """Return the value of an argument or option, or None if it was left out."""
        return self.values.get(name)

    def many(self, name: str) -> tuple[str, ...]:
        """Return the values of an argument that takes many; empty if it was left out."""
        return self.lists.get(name, ())

    def given(self, name: str) -> tuple[str, ...]:
        """Return all values of an argument, whether it takes one or many."""
        value = self.optional(name)
        return self.many(name) if value is None else (value,)


_NO_BRACKETS = str.maketrans("", "", "[]")


def never() -> bool:
    """Return False: for commands that can't be interrupted."""
    return False


def always(_question: str) -> bool:
    """Return True: where nobody can be asked, a command does what it was told to do."""
    return True


class Declined(BaseException):
    """The user was asked whether a command should go on, and said no; nothing was done.

    Like KeyboardInterrupt it isn't an error, so it isn't caught by `except Exception`.
    """


Watch: TypeAlias = Callable[[Callable[[], BaseModel]], None]
"""Shows the result that a function returns, again and again, until the user ends it."""

YES: Final = Option("yes", "don't ask for confirmation")
"""The option of every command that asks before it does what can't be undone."""


@dataclass(frozen=True)
class Context:
    """Everything that a command's function may use.

    `progress` is called while files are hashed, from any thread, and may raise to stop hashing.
    `cancelled` returns whether a wait should end early. `confirm` asks a question that ends in a
    question mark, such as "Remove bob from lab?", and returns whether the answer is yes; anywhere
    but at the prompt (in a script, with -c or --json, over HTTP, on the page) it returns True at
    once. `watch` shows what its argument returns, again and again, until the user ends it; None
    where there is no terminal.
    """

    session: SessionApi
    commands: Mapping[str, Command]
    progress: HashProgress | None = None
    cancelled: Callable[[], bool] = never
    confirm: Callable[[str], bool] = always
    watch: Watch | None = None

    def require(self, question: str | Callable[[], str], arguments: Arguments) -> None:
        """Ask the user to confirm, unless the option --yes is given; raises Declined on no.

        A function is called for the question only if there is somebody to ask.
        """
        if YES.name in arguments.flags or self.confirm is always:
            return
        if not self.confirm(question if isinstance(question, str) else question()):
            raise Declined

    def group(self, arguments: Arguments) -> str:
        """Return the given group, or else the one in use; raises MinitorrentError(usage)."""
        group = arguments.optional("GROUP")
        if group is None:
            self.session.accounts.settle()  # a remembered login has a group in use
            group = self.session.overview().group
        if not group:
            raise MinitorrentError(
                ErrorCode.USAGE,
                "Which group? Give its name, or choose one with use_group. Usage: "
                + arguments.usage.translate(_NO_BRACKETS),
            )
        return group


@dataclass(frozen=True)
class Command:
    """A command: its arguments and options, its help, and what it does.

    `answer` is the line shown for its result, with the result's fields in braces. It is empty for
    results that `client.shell.render` formats by type.
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
    answer_many: str = ""
    """The same for several transfers or shares: `count` and `names` are theirs, `group` is one."""
    errors: tuple[ErrorCode, ...] = ()
    """The errors that it may return in addition to COMMON_ERRORS."""
    aliases: tuple[str, ...] = ()
    """Other names under which it can be typed; everything else knows it by its name."""
    settle: Callable[[Context, Arguments], Arguments] | None = None
    """Decides what each word stands for, where the number of words doesn't tell (see `assign`)."""
    ends_program: bool = False
    waits: bool = False
    """Whether it only waits for something else, for as long as that takes."""
    required: int = field(init=False)
    """The number of required arguments."""

    def __post_init__(self) -> None:
        required = sum(not argument.optional for argument in self.arguments)
        object.__setattr__(self, "required", required)

    @property
    def usage(self) -> str:
        """Its usage line: the name, the arguments, the options."""
        options = (option.usage for option in self.options if option.in_usage)
        return " ".join([self.name, *(a.usage for a in self.arguments), *options])

    @property
    def parts(self) -> tuple[Argument | Option, ...]:
        """All arguments and options."""
        return (*self.arguments, *self.options)

    @property
    def has_secrets(self) -> bool:
        """Whether any of its arguments must be neither echoed nor stored."""
        return any(argument.kind.is_secret for argument in self.arguments)

    def assign(self, count: int) -> tuple[Argument, ...]:
        """Return the argument that each of `count` words stands for, in order.

        Words fill the required arguments first, then the optional ones from left to right; the
        rest go to the argument that takes many. With too few or too many words, the result is the
        closest possible assignment.
        """
        spare = max(0, count - self.required)
        shares: list[tuple[Argument, int]] = []
        for argument in self.arguments:
            words = 1 if not argument.optional else min(spare, 1)
            spare -= words if argument.optional else 0
            shares.append((argument, words))
        return tuple(
            argument
            for argument, words in shares
            for _ in range(words + spare if argument.many else words)
        )

    @property
    def takes_many(self) -> bool:
        """Whether one of its arguments takes any number of words."""
        return any(argument.many for argument in self.arguments)
