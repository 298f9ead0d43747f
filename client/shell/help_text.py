"""Formats the answers of `help`: the list of all commands, and one command in full."""

from __future__ import annotations

import textwrap

from client.commands.general import CommandHelpResult, HelpResult
from client.commands.language.short_forms import SHORT_FORMS
from client.shell.terminal.screen import ENDLESS, Screen

_USAGE_WIDTH = 29
"""Columns for the usage line of a command in `help`; longer ones get a line of their own."""

_HELP_WIDTH = 76
"""Columns of the text about a single command."""


def help_text(result: HelpResult, screen: Screen) -> str:
    """Return all commands by topic, and the short forms."""
    lines: list[str] = []
    topic = ""
    for row in result.commands:
        if row.topic != topic:
            topic = row.topic
            lines.append(screen.paint(topic.capitalize(), "bold"))
        lines += _usage_lines(row.usage, row.summary, screen.width or ENDLESS)
    short = [f"{alias} ({row.command})" for row in result.commands for alias in row.aliases]
    short += [f"{word} GROUP ({name})" for word, name in SHORT_FORMS.items()]
    lines += textwrap.wrap(f"Short forms: {', '.join(short)}", _HELP_WIDTH, subsequent_indent="  ")
    return "\n".join([*lines, "For details of a command: help COMMAND"])


def _usage_lines(usage: str, summary: str, width: int) -> list[str]:
    blank = " " * (_USAGE_WIDTH + 3)
    summary_lines = textwrap.wrap(summary, max(_USAGE_WIDTH, width - len(blank)))
    if len(usage) <= _USAGE_WIDTH:
        first, *others = summary_lines
        return [f"  {usage:<{_USAGE_WIDTH}} {first}", *(blank + line for line in others)]
    usage_lines = textwrap.wrap(
        usage, width, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False
    )
    return [*usage_lines, *(blank + line for line in summary_lines)]


def command_help_text(result: CommandHelpResult, screen: Screen) -> str:
    """Return everything about one command."""
    usage = screen.wrap(result.usage, indent="    ")
    lines = [screen.paint(usage, "bold"), f"  {result.summary}"]
    if result.aliases:
        lines.append(f"  Short form: {', '.join(result.aliases)}")
    if result.details:
        lines += ["", *_indented(result.details)]
    words = [*result.arguments, *result.options]
    width = max((len(row.word) for row in words), default=0)
    lines += [""] * bool(words)
    for row in words:
        lines += _indented(f"{row.word:<{width}}  {row.meaning}", " " * (width + 2))
    if result.errors:
        codes = f"Errors: {', '.join(row.word for row in result.errors)}"
        lines += ["", *_indented(codes)]
    return "\n".join([*lines, f"  Example: {result.example}"])


def _indented(text: str, further: str = "") -> list[str]:
    """Wrap text and indent it, all lines but the first `further`."""
    return textwrap.wrap(text, _HELP_WIDTH, initial_indent="  ", subsequent_indent=f"  {further}")
