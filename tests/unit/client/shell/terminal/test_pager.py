"""Paging: what is paged, by which program, and by keys if there is none."""

from __future__ import annotations

import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.output import DummyOutput

from client.shell.terminal.pager import Pager
from client.shell.terminal.signals import Interrupts
from tests.support.waiting import wait_until

LONG = "\n".join(f"line {number}" for number in range(1, 31))
ROWS = 10


class Screen(DummyOutput):
    """A terminal of 10 rows that keeps its output."""

    def __init__(self) -> None:
        self.written = ""

    def get_size(self) -> Size:
        return Size(rows=ROWS, columns=20)

    def write_raw(self, data: str) -> None:
        self.written += data


class Reader:
    """Somebody at a terminal, whose pager is a program that writes down how it was started."""

    def __init__(self, folder: Path, keyboard: PipeInput, interrupts: Interrupts) -> None:
        self.folder = folder
        self.keyboard = keyboard
        self.interrupts = interrupts
        self.screen = Screen()
        self.variables = {"PATH": str(folder)}
        self.holders: list[Callable[[], None]] = []

    def program(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(stat.S_IRWXU)

    def recorder(self, name: str) -> None:
        """Add a pager that records its arguments, its variables and the text."""
        self.program(
            name,
            f'echo "$0 $*" > {self.folder}/ran; echo "$LESS|$LESSSECURE" > {self.folder}/options;'
            f" /bin/cat > {self.folder}/text",
        )

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def shows(self, text: str) -> None:
        wait_until(lambda: text in self.screen.written, what=repr(text))

    @contextmanager
    def _held(self, leave: Callable[[], None]) -> Iterator[None]:
        self.holders.append(leave)
        yield

    def show(self, text: str = LONG) -> bool:
        pager = Pager(self.keyboard, self.screen, self.interrupts, self._held, self.variables)
        return pager.show(text)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with create_pipe_input() as keyboard, Interrupts(ctrl_c_ends=False) as interrupts:
        yield Reader(tmp_path, keyboard, interrupts)


def test_less_is_used_if_the_user_has_chosen_nothing(reader: Reader) -> None:
    reader.recorder("less")
    assert reader.show()
    assert reader.read("text") == f"{LONG}\n"
    assert reader.read("ran") == f"{reader.folder}/less \n"
    assert reader.read("options") == "-KR -FX -PsSpace for more, q to return$|1\n"
    assert len(reader.holders) == 1
    assert reader.screen.written == ""


def test_the_users_pager_and_options_are_respected(reader: Reader) -> None:
    reader.recorder("my pager")
    reader.variables |= {"PAGER": f"'{reader.folder}/my pager' -S 'two words'", "LESS": "iM"}
    assert reader.show()
    assert reader.read("ran") == f"{reader.folder}/my pager -S two words\n"
    assert reader.read("options") == "-KR iM|1\n"


def test_no_shell_reads_the_variable(reader: Reader) -> None:
    reader.recorder("less")
    reader.variables["PAGER"] = f"less ; touch {reader.folder}/harm $(touch {reader.folder}/harm)"
    assert reader.show()
    assert not (reader.folder / "harm").exists()
    assert " ; touch " in reader.read("ran")


@pytest.mark.parametrize("variables", [{"PAGER": ""}, {"PAGER": " cat "}, {"TERM": "dumb"}])
def test_paging_can_be_turned_off(reader: Reader, variables: dict[str, str]) -> None:
    reader.recorder("less")
    reader.variables |= variables
    assert not reader.show()


def test_only_what_does_not_fit_is_paged(reader: Reader) -> None:
    reader.recorder("less")
    fitting = "\n".join(["x"] * (ROWS - 1))
    assert not reader.show(fitting)
    assert reader.show(f"{fitting}\ny")
    assert not reader.show("\n".join(["\x1b[1mtwenty columns wide.\x1b[0m"] * (ROWS - 1)))
    assert reader.show("\n".join(["twenty-one columns..."] * (ROWS // 2)))


def test_nothing_is_paged_while_input_is_waiting(reader: Reader) -> None:
    reader.recorder("less")
    reader.keyboard.send_text("whoami\r")
    assert not reader.show()
    assert [press.key for press in get_typeahead(reader.keyboard)] == [*"whoami", "c-m"]
    assert reader.show()


def test_a_pager_that_quits_early_or_fails(reader: Reader) -> None:
    reader.program("less", "exit 3")
    assert reader.show("x\n" * 100_000)


def test_sigterm_can_end_the_pager(reader: Reader) -> None:
    reader.program("less", f"echo $$ > {reader.folder}/started; exec /bin/sleep 60")

    def end() -> None:
        started = reader.folder / "started"
        wait_until(lambda: started.exists() and reader.holders, what="the pager")
        reader.holders[0]()

    thread = threading.Thread(target=end)
    thread.start()
    assert reader.show()
    thread.join()


@pytest.mark.parametrize("pager", ["missing --option", "'never closed", "''"])
def test_without_a_pager_keys_go_on(reader: Reader, pager: str) -> None:
    reader.variables["PAGER"] = pager

    def read() -> None:
        for key, last in ((" ", 9), ("\r", 18), ("x", 19), ("j", 19), (" ", 20), ("q", 29)):
            reader.shows(f"line {last}\r\n")
            assert f"line {last + 1}\r" not in reader.screen.written
            reader.keyboard.send_text(key)

    thread = threading.Thread(target=read)
    thread.start()
    assert reader.show()
    thread.join()
    assert "line 30" not in reader.screen.written
    assert reader.screen.written.endswith("\r\x1b[K")


def test_pages_end_with_the_text(reader: Reader) -> None:
    def read() -> None:
        for last in (9, 18, 27):
            reader.shows(f"line {last}\r\n")
            reader.keyboard.send_text(" ")

    thread = threading.Thread(target=read)
    thread.start()
    assert reader.show()
    thread.join()
    assert reader.screen.written.endswith("line 30\r\n")


def test_ctrl_c_ends_the_pages(reader: Reader) -> None:
    def interrupt() -> None:
        reader.shows("more")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert reader.show()
    thread.join()
    assert "line 10" not in reader.screen.written


def test_a_line_longer_than_the_screen_is_shown_whole(reader: Reader) -> None:
    def read() -> None:
        reader.shows("more")
        reader.keyboard.send_text("q")

    thread = threading.Thread(target=read)
    thread.start()
    assert reader.show(f"{'x' * 500}\n{LONG}")
    thread.join()
    assert "x" * 500 in reader.screen.written
    assert "line 1\r" not in reader.screen.written
