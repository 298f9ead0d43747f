"""A subcommand of the tracker's program, such as `init` or `users list`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from common.process.loading import loading
from tracker.command_line import TrackerParser, program_name


class CommandFailedError(Exception):
    """A subcommand has failed, with exit status 1; the message says why, in one line."""


@dataclass(frozen=True)
class Subcommand:
    """One or two words, the arguments that follow them, and what to do.

    `prepare` adds the arguments to a parser. `run` returns what to print. It raises
    MinitorrentError, whose code `usage` is exit status 2, and CommandFailedError.
    """

    words: str
    summary: str
    prepare: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], str]

    def parser(self) -> argparse.ArgumentParser:
        """Return the parser of the arguments after the words."""
        parser = TrackerParser(prog=f"{program_name()} {self.words}", description=self.summary)
        self.prepare(parser)
        return parser


def late(module: str, name: str) -> Callable[[argparse.Namespace], str]:
    """Return a function of a module that is imported when it is called: it may take half a second.

    `module` is relative to this package.
    """
    return partial(_call, module, name)


def _call(module: str, name: str, options: argparse.Namespace) -> str:
    with loading():
        loaded = import_module(f"{__package__}.{module}")
    answer: str = getattr(loaded, name)(options)
    return answer
