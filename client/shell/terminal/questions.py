"""Questions to the user at the terminal, outside of the prompt for commands."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit import PromptSession
from prompt_toolkit.output import create_output

from client.shell.terminal.signals import Interrupts, Stopped
from client.shell.terminal.typed_lines import ask_secret


class Questions:
    """Asks at the terminal; every method raises Stopped on Ctrl-C, Ctrl-D and without one."""

    def __init__(self, interrupts: Interrupts, say: Callable[[str], None]) -> None:
        self._interrupts = interrupts
        self.say = say
        """Shows a sentence between questions."""

    def text(self, prompt: str) -> str:
        """Return one line, edited and shown as usual, without the blanks around it."""
        return ask_line(prompt)

    def secret(self, prompt: str) -> str:
        """Return one line that is never shown."""
        return ask_secret(self._interrupts, prompt)

    def yes(self, question: str, *, default: bool = False) -> bool:
        """Return whether the answer is yes; Enter alone is the default."""
        answer = ask_line(f"{question} {'[Y/n]' if default else '[y/N]'} ").casefold()
        return answer in ("y", "yes") or (default and not answer)


def ask_line(prompt: str) -> str:
    """Return one line; see Questions.text."""
    asking = PromptSession[str](output=create_output(always_prefer_tty=True))
    try:
        return asking.prompt(prompt).strip()
    except (KeyboardInterrupt, EOFError):
        raise Stopped from None
