"""Options from a file and from the environment, for those that the command line leaves out."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from common.errors import ErrorCode, MinitorrentError
from common.text import harmless
from tracker.disk import read_plain

PREFIX = "MINITORRENT_TRACKER_"
"""What the names of environment variables begin with; `_DATA_DIR` stands for `--data-dir`."""

CONFIG = "config"
"""The option that names the file; as a variable it is allowed, too."""

_LARGEST_FILE = 1 << 16
_LONGEST_SHOWN = 100
_NO_SETTINGS = frozenset({CONFIG, "version", "help"})
_SWITCH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Sources:
    """The values of options from a configuration file and from the environment, by option.

    An option is called as on the command line, without dashes before it. Raises
    MinitorrentError(usage), which names the file or variable, for what is not an option or not a
    value of it.
    """

    def __init__(
        self, options: Iterable[argparse.Action], environ: Mapping[str, str], path: Path | None
    ) -> None:
        self._options = {
            action.option_strings[-1].lstrip("-"): action
            for action in options
            if action.option_strings
        }
        for name in _NO_SETTINGS:
            self._options.pop(name, None)
        self._values: dict[str, object] = {}  # by argparse's name for the option
        variables = {
            name.removeprefix(PREFIX).lower().replace("_", "-"): value
            for name, value in environ.items()
            if name.startswith(PREFIX) and value
        }
        named = variables.pop(CONFIG, None)
        path = path or (None if named is None else Path(named))
        if path is not None:
            self._take(_read_file(path), lambda option: f"{path}: {option}")
        self._take(variables, lambda option: f"{PREFIX}{option.upper().replace('-', '_')}")

    def give_defaults(self, parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
        """Make the values the parser's defaults, of those options that it has."""
        for name in set(names) & self._values.keys():
            parser.set_defaults(**{name: self._values[name]})

    def _take(self, values: Mapping[str, object], shown: Callable[[str], str]) -> None:
        for option, value in values.items():
            action = self._options.get(option)
            if action is None:
                raise _usage(f"{shown(harmless(option, _LONGEST_SHOWN))}: {self._unknown(option)}")
            try:
                self._values[action.dest] = _value(action, value)
            except (argparse.ArgumentTypeError, ValueError) as error:
                raise _usage(f"{shown(option)}: {error}") from None

    def _unknown(self, option: str) -> str:
        near = get_close_matches(option, self._options, 1)
        return f"there is no such option; {_hint(near, self._options)}"


def parse(
    parser: argparse.ArgumentParser,
    arguments: Sequence[str],
    options: Iterable[argparse.Action],
    environ: Mapping[str, str],
) -> argparse.Namespace:
    """Parse arguments; options that they leave out come from the environment, then from the file.

    `options` are all that the two may set; a parser that has only some of them ignores the others.
    Raises MinitorrentError(usage).
    """
    found = parser.parse_intermixed_args(arguments)
    sources = Sources(options, environ, getattr(found, CONFIG, None))
    sources.give_defaults(parser, vars(found))
    return parser.parse_intermixed_args(arguments)


def _hint(near: Sequence[str], options: Iterable[str]) -> str:
    if near:
        return f"did you mean: {near[0]}"
    return f"choose one of: {', '.join(sorted(options))}"


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(read_plain(path, _LARGEST_FILE).decode())
    except OSError as error:
        raise _usage(f"can't read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise _usage(f"can't read {path}: it is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise _usage(f"{path} is not TOML: {harmless(str(error), _LONGEST_SHOWN)}") from None


def _value(action: argparse.Action, value: object) -> object:
    """Return an option's value as the command line would give it. Raises as argparse's types."""
    if action.nargs == 0:
        return _switch(value)
    if isinstance(action.default, list):  # an option that can be repeated
        return [_one(action, word) for word in _words(value)]
    return _one(action, _text(value))


def _one(action: argparse.Action, text: str) -> object:
    read = action.type
    value = read(text) if callable(read) else text
    if action.choices is not None and value not in action.choices:
        chosen = ", ".join(map(str, action.choices))
        raise ValueError(f"{harmless(text, _LONGEST_SHOWN)!r} is not one of: {chosen}")
    return value


def _switch(value: object) -> bool:
    found = value if isinstance(value, bool) else _SWITCH.get(_text(value).lower())
    if found is None:
        raise ValueError("write true or false")
    return found


def _words(value: object) -> Iterator[str]:
    """Yield `NAME=N` from a table, a list, or text with spaces."""
    if isinstance(value, dict):
        yield from (f"{name}={_text(one)}" for name, one in value.items())
    elif isinstance(value, list):
        yield from map(_text, value)
    else:
        yield from _text(value).split()


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("the value must be text or a number")
    return str(value)


def _usage(message: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.USAGE, message)
