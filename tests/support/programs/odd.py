"""Lines with odd values in every place of every command."""

from __future__ import annotations

from collections.abc import Iterator

from client.commands.command import Argument, Command, Kind, Option
from client.commands.language.words import quote

ODD = [
    "0",
    "-1",
    "-5M",
    "1e999",
    "NaN",
    "inf",
    "9" * 5000,
    "-" + "9" * 5000,
    "0." + "9" * 5000,
    "1e-400",
    "1_000",
    "0x10",
    "٣٤",
    "²",
    "１２",
    "+7",
    " 7 ",
    "''",
    "--",
    "-",
    "*",
    "..",
    "a/b",
    "x" * 3000,
    "\x01\x1b[2J",
    "\u202eevil",
    "e\u0301" * 300,
    "😀",
    "2147483648",
    "9223372036854775808",
    "18446744073709551616",
    "99999999999T",
    "1.1.1",
    "true",
    "null",
]
FEW = ["-1", "1e999", "NaN", "9" * 5000, "²", "٣٤", "\x01\x1b[2J", "18446744073709551616", "--"]
"""Values that once broke something."""

_PLAIN = {
    Kind.GROUP: "lab",
    Kind.ANY_GROUP: "lab",
    Kind.PATH: "/nonexistent/minitorrent",
    Kind.SECONDS: "0",
    Kind.NUMBER: "1",
    Kind.DIRECTION: "up",
    Kind.RATE: "1M",
    Kind.SESSION: "999",
    Kind.COMMAND: "login",
}


def plain(part: Argument | Option) -> str:
    return _PLAIN.get(part.kind, "plain")


def lines(command: Command, odd: str) -> Iterator[str]:
    """The command with `odd` as each of its arguments and as the value of each of its options."""
    for at in range(len(command.arguments)):
        words = [plain(argument) for argument in command.arguments]
        words[at] = odd
        yield " ".join([command.name, *map(quote, words)])
    words = [plain(argument) for argument in command.arguments if not argument.optional]
    for option in command.options:
        yield " ".join([command.name, *map(quote, words), f"--{option.name}", quote(odd)])
        yield " ".join([command.name, *map(quote, words), quote(f"--{option.name}={odd}")[1:-1]])
    yield f"{command.name} {quote(odd)}"
    yield f"{command.name} {odd}"
