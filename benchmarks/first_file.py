"""`python -m benchmarks.first_file`: what is typed until the first file has reached another person.

Each way is typed in real terminals, on fresh data folders, against a tracker that runs already.
What is pasted, such as an invitation, counts as one key. The time is that of the programs: nobody
here needs a moment to think.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.content import make_file, sha256
from tests.support.programs.processes import TrackerProcess, write_tracker_info
from tests.support.programs.terminal import Terminal

_NAME = "film.mkv"
_SIZE = 20_000_000  # bytes
_PASSWORD = "a fine password"
_INVITATION = re.compile(r"\bmt1[A-Za-z0-9_-]+")
_SHELL = "shell$"
_LIMIT = 60.0  # seconds for one step


@dataclass
class Count:
    """What was typed: lines ended with Enter, keys with those, and texts that were pasted."""

    lines: int = 0
    keys: int = 0
    pasted: int = 0


class Person:
    """Somebody at a terminal with a shell in a folder of their own."""

    def __init__(self, terminal: Terminal, folder: Path, count: Count) -> None:
        self._terminal = terminal
        self.folder = folder
        self.count = count

    def line(self, text: str, *, until: str, paste: str = "") -> str:
        """Type a line, perhaps with something pasted at its end; wait for a text, return all."""
        self.count.lines += 1
        self.count.keys += len(text) + 1 + bool(paste)
        self.count.pasted += bool(paste)
        before = self._terminal.printed().count(until)
        self._terminal.enter(text + paste)
        return self.wait(until, before)

    def wait(self, text: str, before: int = 0) -> str:
        """Wait until a text was printed once more than `before`; return all that was printed."""
        deadline = time.monotonic() + _LIMIT
        while (printed := self._terminal.printed()).count(text) <= before:
            if time.monotonic() > deadline:
                raise SystemExit(f"waited for {text!r}:\n{printed}")
            time.sleep(0.1)
        return printed


@contextmanager
def person(home: Path, name: str, count: Count) -> Iterator[Person]:
    """Open a terminal with a shell, as on a machine of its own."""
    folder = home / name
    folder.mkdir()
    environment = {
        "XDG_DATA_HOME": str(folder / ".data"),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "PS1": f"{_SHELL} ",
        "HOME": str(folder),
    }
    shell = ["sh", "-c", f"cd {folder} && exec sh -i"]
    with Terminal(shell, environment=environment, columns=250, rows=50) as terminal:
        one = Person(terminal, folder, count)
        one.wait(_SHELL)
        yield one


def send_and_receive(tracker: TrackerProcess, ann: Person, bob: Person) -> None:
    """Two lines, once Ann's client knows its tracker and its user."""
    setup = ann.count
    ann.count = Count()  # done once, before
    _set_up(tracker, ann)
    ann.line("quit", until=_SHELL)
    ann.count = setup
    printed = ann.line(f"minitorrent send {_NAME}", until="minitorrent receive INVITATION")
    bob.line("minitorrent receive ", paste=_invitation(printed), until=str(bob.folder / _NAME))


def invitation(tracker: TrackerProcess, ann: Person, bob: Person) -> None:
    """A group that stays; nobody writes a port or a file with addresses."""
    _set_up(tracker, ann)
    ann.line("create_group lab", until="Created sealed group")
    ann.line(f"put {_NAME} lab", until="Sharing")
    printed = ann.line("invite lab", until="mt1")
    bob.line("minitorrent join ", paste=_invitation(printed), until="Your name:")
    _sign_up(bob, "bob", until="You are a member of lab")
    bob.line(f"get lab {_NAME} .", until="is complete")


def by_request(tracker: TrackerProcess, ann: Person, bob: Person) -> None:
    """As before there were invitations."""
    for number, one in enumerate((ann, bob), 1):
        write_tracker_info(one.folder / "tracker_info.txt", [tracker.address])
        name = one.folder.name
        one.line(f"minitorrent 127.0.0.1:{16000 + number} tracker_info.txt", until="minitorrent>")
        one.line(f"create_user {name}", until="Password:")
        one.line(_PASSWORD, until="Password again:")
        one.line(_PASSWORD, until="created")
        one.line(f"login {name}", until="Password:")
        one.line(_PASSWORD, until="Logged in")
    ann.line("create_group lab", until="Created sealed group")
    ann.line(f"upload_file {_NAME} lab", until="Sharing")
    bob.line("join_group lab", until="Asked to join")
    ann.line("accept_request lab bob", until="is now a member")
    bob.line(f"download_file lab {_NAME} .", until="is complete")


def _set_up(tracker: TrackerProcess, ann: Person) -> None:
    ann.line("minitorrent", until="address of your tracker")
    ann.line(str(tracker.address), until="Your name:")
    _sign_up(ann, "ann", until="ann>")


def _sign_up(one: Person, name: str, until: str) -> None:
    one.line(name, until="already?")
    one.line("", until="Password:")
    one.line(_PASSWORD, until="Password again:")
    one.line(_PASSWORD, until="Stay logged in")
    one.line("", until=until)


def _invitation(printed: str) -> str:
    return str(_INVITATION.findall(printed)[-1])


WAYS: dict[str, Callable[[TrackerProcess, Person, Person], None]] = {
    "send and receive": send_and_receive,
    "by invitation": invitation,
    "by request": by_request,
}
CROC = ("croc send film.mkv", "croc 1234-code-words-here")
"""As croc documents it, not run here."""


def main() -> None:
    """Type each way and print what it took."""
    print(f"{'way':<20}{'lines':>7}{'keys':>7}{'pasted':>8}{'seconds':>9}")
    for name, way in WAYS.items():
        count = Count()
        with ExitStack() as stack:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="first-file-")))
            tracker = stack.enter_context(TrackerProcess(home / "tracker"))
            ann, bob = (stack.enter_context(person(home, name, count)) for name in ("ann", "bob"))
            film = make_file(ann.folder / _NAME, _SIZE)
            began = time.monotonic()
            way(tracker, ann, bob)
            seconds = time.monotonic() - began
            if sha256(bob.folder / _NAME) != sha256(film):
                raise SystemExit(f"{name}: the copy differs")
        print(f"{name:<20}{count.lines:>7}{count.keys:>7}{count.pasted:>8}{seconds:>9.1f}")
    keys = sum(len(line) + 1 for line in CROC)
    print(f"{'croc (documented)':<20}{len(CROC):>7}{keys:>7}{0:>8}{'-':>9}")


if __name__ == "__main__":
    main()
