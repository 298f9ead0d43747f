"""Questions to the user at the terminal, outside of the prompt for commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.input import create_input
from prompt_toolkit.output import create_output

from client.shell.terminal.secret import SecretPrompt
from client.shell.terminal.signals import Interrupts, Stopped


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
        with Path("/dev/tty").open("w", encoding="utf-8") as terminal:

            def show(text: str) -> None:
                terminal.write(text)
                terminal.flush()

            return SecretPrompt(create_input(), show, self._interrupts).ask(prompt)

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
