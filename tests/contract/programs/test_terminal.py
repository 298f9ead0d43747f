"""The shell as a new user sees it: typed in a real terminal of 80 columns."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.shell.terminal.widths import cell_width
from tests.support.needs import require
from tests.support.ports import free_port
from tests.support.programs.processes import ClientProcess, TrackerProcess, write_tracker_info
from tests.support.programs.terminal import COLUMNS, Terminal
from tests.support.waiting import wait_until

SIZE = 4_000_000


@pytest.fixture(scope="module", autouse=True)
def _tmux() -> None:
    require("tmux")


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackerProcess]:
    with TrackerProcess(tmp_path_factory.mktemp("tracker")) as process:
        yield process


@pytest.fixture
def shell(tracker: TrackerProcess, tmp_path: Path) -> Iterator[Terminal]:
    """A client at a terminal, started for the first time."""
    info = write_tracker_info(tmp_path / "tracker_info.txt", [tracker.address])
    command = [sys.executable, "-m", "client", f"127.0.0.1:{free_port()}", str(info)]
    with Terminal([*command, "--data-dir", str(tmp_path / "state")]) as terminal:
        terminal.wait_for("minitorrent>")
        yield terminal
        check_fit(terminal.printed())


def check_fit(printed: str) -> None:
    """Check that no line is too wide, except those with a path, which is never cut."""
    for line in printed.splitlines():
        assert cell_width(line) <= COLUMNS or tempfile.gettempdir() in line, line


def sign_in(shell: Terminal, user: str) -> None:
    """Create an account and log in, typing the password at its hidden prompt."""
    shell.enter(f"create_user {user}")
    for prompt in ("Password:", "Password again:"):
        shell.wait_for(prompt)
        shell.enter("secret123")
    shell.wait_for(f"Account {user} created")
    shell.enter(f"login {user} secret123")
    shell.wait_for(f"Logged in as {user}", f"\n{user}>")


def test_a_new_user_downloads_a_file(
    shell: Terminal, tracker: TrackerProcess, tmp_path: Path
) -> None:
    content = tmp_path / "holiday film.mkv"
    content.write_bytes(bytes(SIZE))
    assert "create_user NAME" in shell.screen()
    with ClientProcess(tmp_path / "ann", [tracker]) as ann:
        ann.sign_in("ann")
        ann.ok("create_group lab")
        ann.ok("upload_file", str(content), "lab")
        sign_in(shell, "newcomer")
        assert "secret123" not in shell.screen().replace("login newcomer secret123", "")
        wait_until(
            lambda: "tracker connected" in shell.screen().splitlines()[-1], 20, "the toolbar"
        )

        shell.type("join_", "Tab")
        shell.wait_for("newcomer> join_group")
        shell.type("", "Tab")
        shell.wait_for("newcomer> join_group lab")
        shell.type("", "Enter")
        shell.wait_for("Asked to join lab")
        shell.type("list_me")
        ann.ok("accept_request lab newcomer")
        shell.wait_for("ann let you into lab.\nnewcomer> list_me")
        shell.type("", "C-c")
        shell.enter("use_group lab")
        shell.wait_for("newcomer@lab>")

        shell.type("download_file ", "Tab")
        shell.wait_for("holiday film.mkv  3.8 MiB, from ann")
        shell.type("h", "Tab")
        shell.wait_for("newcomer@lab> download_file 'holiday film.mkv'")
        ann.ok("pause", "lab", content.name)  # so that it runs during the test
        shell.enter(f"{tmp_path}/new/")
        shell.wait_for("Downloading holiday film.mkv from lab to", "B/s  downloading\n")
        shell.enter("show_downloads")
        shell.wait_for("\n[D] lab holiday film.mkv    0.0% of 3.8 MiB   no peers yet")
        shell.enter("pause 'holiday film.mkv'")
        shell.wait_for("holiday film.mkv (lab) is paused")
        shell.enter("show_downloads")
        shell.wait_for("\n[P] lab holiday film.mkv    0.0% of 3.8 MiB   paused")
        shell.enter("resume 'holiday film.mkv'")
        shell.wait_for("(lab) is queued")
        ann.ok("resume", "lab", content.name)
        shell.enter("wait")
        shell.wait_for("lab/holiday film.mkv is complete", "completed: lab/holiday film.mkv")
        shell.enter("show_downloads")
        shell.wait_for("\n[C] lab holiday film.mkv    100% of 3.8 MiB", "seeding 1")
        shell.enter("exit")
        shell.wait_for("[exit status 0]")
    assert (tmp_path / "new" / content.name).stat().st_size == SIZE
    history = (tmp_path / "state" / "history").read_text()
    assert "login" not in history
    assert "secret123" not in history


def test_a_password_typed_before_its_prompt_is_used_and_never_echoed(
    shell: Terminal, tmp_path: Path
) -> None:
    shell.type("create_user carl\rsecret123\rsecret123\rlogin carl\rsecret123\rwhoami\r")
    shell.wait_for("Account carl created", "Logged in as carl", "carl> whoami\ncarl\n")
    shell.type("\x1b[200~passwd\rsecret123\rsecret456\rsecret456\rlogout\r\x1b[201~")
    shell.wait_for("carl> passwd", "+ 4 lines")
    shell.type("", "Enter")
    shell.wait_for("Changed the password of carl", "Logged out carl\nminitorrent>")
    shell.type("login carl\rsecret4", "C-c")
    shell.wait_for("Password:\nminitorrent>")
    shell.type("logn carl\rsecret456\r")
    shell.wait_for("There is no command 'logn'", "Discarded what you typed ahead")
    shell.type("", "C-d")
    shell.wait_for("[exit status 0]")
    assert "secret" not in shell.printed()
    assert "secret" not in (tmp_path / "state" / "history").read_text()


def test_a_resumed_client_still_hides_passwords(tracker: TrackerProcess, tmp_path: Path) -> None:
    info = write_tracker_info(tmp_path / "tracker_info.txt", [tracker.address])
    command = [sys.executable, "-m", "client", f"127.0.0.1:{free_port()}", str(info)]
    command += ["--data-dir", str(tmp_path / "state")]
    with Terminal(["env", "PS1=shell> ", "bash", "--norc"]) as terminal:
        terminal.wait_for("shell>")
        terminal.enter(shlex.join(command))
        terminal.wait_for("minitorrent>")
        terminal.type("who", "C-z")
        terminal.wait_for("Stopped")
        terminal.enter("fg")
        terminal.wait_for("minitorrent> who")
        terminal.type("", "C-u")
        terminal.enter("create_user sleeper")
        terminal.wait_for("Password:")
        terminal.type("sec", "C-z")
        wait_until(lambda: terminal.printed().count("Stopped") == 2, what="the shell")
        terminal.enter("echo in the shell")
        terminal.wait_for("\nin the shell\n")
        terminal.enter("fg")
        client = client_in(terminal)
        wait_until(lambda: not echoes(client), what="a terminal without echo")
        terminal.type("\x15secret123\rsecret123\r")
        terminal.wait_for("Account sleeper created")
        assert "sec" not in terminal.printed()
        terminal.enter("login sleeper secret123")
        terminal.enter("show_downloads --watch")
        terminal.wait_for("returns to the prompt")
        terminal.type("", "C-z")
        wait_until(lambda: terminal.printed().count("Stopped") == 3, what="the shell")
        terminal.enter("fg")
        terminal.wait_for("returns to the prompt")
        terminal.type("q")
        terminal.wait_for("\nsleeper>")
        terminal.enter("quit")
        terminal.wait_for("quit\nshell>")


def test_input_typed_during_startup_is_not_echoed(tracker: TrackerProcess, tmp_path: Path) -> None:
    info = write_tracker_info(tmp_path / "tracker_info.txt", [tracker.address])
    command = [sys.executable, "-m", "client", f"127.0.0.1:{free_port()}", str(info)]
    command += ["--data-dir", str(tmp_path / "state"), "-c", "create_user early"]
    with Terminal(command) as terminal:
        client = client_in(terminal)
        wait_until(lambda: not echoes(client), what="a terminal without echo")
        terminal.type("secret123\rsecret123\r")
        terminal.wait_for("Account early created", "[exit status 0]")
        assert "secret" not in terminal.printed()


def test_a_signal_during_startup_restores_the_terminal(
    tracker: TrackerProcess, tmp_path: Path
) -> None:
    info = write_tracker_info(tmp_path / "tracker_info.txt", [tracker.address])
    command = [sys.executable, "-m", "client", f"127.0.0.1:{free_port()}", str(info)]
    command += ["--data-dir", str(tmp_path / "state")]
    with Terminal(command) as terminal:
        client = client_in(terminal)
        wait_until(lambda: not echoes(client), what="a terminal without echo", interval=0.01)
        os.kill(client, signal.SIGTERM)
        terminal.wait_for("[exit status 0]")
        assert echoes(terminal.pid)
        assert "Traceback" not in terminal.printed()


def echoes(process: int) -> bool:
    """Return whether the terminal of a process echoes."""
    terminal = os.open(f"/proc/{process}/fd/0", os.O_RDONLY | os.O_NOCTTY)
    try:
        return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
    finally:
        os.close(terminal)


def test_an_interrupted_line_and_an_interrupted_wait(
    shell: Terminal, tracker: TrackerProcess, tmp_path: Path
) -> None:
    content = tmp_path / "big.bin"
    content.write_bytes(b"z" * 1000)
    with ClientProcess(tmp_path / "joe", [tracker]) as joe:
        joe.sign_in("joe")
        joe.ok("create_group studio")
        joe.ok("upload_file", str(content), "studio")
        sign_in(shell, "guest")
        shell.enter("join_group studio")
        shell.wait_for("Asked to join studio")
        joe.ok("accept_request studio guest")
        shell.wait_for("joe let you into studio")
        joe.ok("pause studio big.bin")
        shell.type("download_file studio something-else", "C-c")
        shell.enter("whoami")
        shell.wait_for("guest> whoami\nguest\n")
        shell.enter(f"download_file studio big.bin {tmp_path}/out/")
        shell.wait_for("Downloading big.bin")
        shell.enter("wait")
        shell.wait_for("1 download 0.0%")
        shell.type("", "C-c")
        shell.wait_for("error: Stopped waiting; the downloads continue.", "studio/big.bin ")
        shell.type("", "C-d")
        shell.wait_for("1 download running, resuming at the next start. Quit? [y/N]")
        shell.enter("n")
        shell.enter("show_downloads")
        shell.wait_for("\n[D] studio big.bin ")
        shell.type("", "C-d")
        shell.wait_for("[y/N]")
        shell.enter("y")
        shell.wait_for("[exit status 0]")


def test_an_unknown_command_and_help(shell: Terminal) -> None:
    shell.enter("list_grups")
    shell.wait_for("error: There is no command 'list_grups'; did you mean list_groups?")
    shell.enter("help pause")
    shell.wait_for("pause [GROUP] NAME", "Errors: no_such_file", "Example: pause lab film.mkv")
    shell.type("l", "Tab")
    menu = shell.wait_for("login ", "list_files ", "leave_group ")
    assert "log in and resume your shares and downloads" in menu
    shell.type("", "C-c")
    shell.type("", "C-d")
    shell.wait_for("[exit status 0]")


def test_a_long_answer_is_paged(shell: Terminal) -> None:
    shell.enter("help")
    first = shell.wait_for("create_user USER PASSWORD", " more")
    assert "General" not in first
    shell.type("", "C-c")
    shell.wait_for("\nminitorrent>")
    shell.enter("help")
    shell.wait_for("Accounts", " more")
    shell.type("q")
    shell.enter("whoami")
    shell.wait_for("minitorrent> whoami\nerror: ")


def test_sigterm_restores_the_terminal(shell: Terminal, tmp_path: Path) -> None:
    shell.type("half a li")
    shell.wait_for("half a li")
    os.kill(client_in(shell), signal.SIGTERM)
    shell.wait_for("[exit status 0]")


def test_a_hangup_ends_the_client_silently(tracker: TrackerProcess, tmp_path: Path) -> None:
    info = write_tracker_info(tmp_path / "tracker_info.txt", [tracker.address])
    command = [sys.executable, "-m", "client", f"127.0.0.1:{free_port()}", str(info)]
    command += ["--data-dir", str(tmp_path / "state")]
    errors = tmp_path / "errors"
    with Terminal(["sh", "-c", f"exec {shlex.join(command)} 2>{errors}"]) as terminal:
        terminal.wait_for("minitorrent>")
        client = Path(f"/proc/{client_in(terminal)}")
        assert client.exists()
    wait_until(lambda: not client.exists(), what="the end of the client")
    assert "Traceback" not in errors.read_text()


def client_in(shell: Terminal) -> int:
    """The process that was started in the terminal, below its shell."""
    children = Path(f"/proc/{shell.pid}/task/{shell.pid}/children")
    return int(wait_until(lambda: children.read_text().split(), what="the client")[0])


def test_a_command_option_prompts_for_a_password_too(
    tracker: TrackerProcess, tmp_path: Path
) -> None:
    info = write_tracker_info(tmp_path / "tracker_info.txt", [tracker.address])
    command = [sys.executable, "-m", "client", f"127.0.0.1:{free_port()}", str(info)]
    command += ["--data-dir", str(tmp_path / "state"), "-c", "create_user asked", "-c", "help"]
    with Terminal(command) as terminal:
        for prompt in ("Password:", "Password again:"):
            terminal.wait_for(prompt)
            terminal.enter("secret123")
        terminal.wait_for("[exit status 0]")
        assert "Account asked created" in terminal.printed()
        assert "secret123" not in terminal.printed()
    with Terminal(command) as terminal:
        terminal.wait_for("Password:")
        terminal.type("", "C-c")
        terminal.wait_for("[exit status 1]")


def test_with_stay_it_says_how_to_quit(tracker: TrackerProcess, tmp_path: Path) -> None:
    info = write_tracker_info(tmp_path / "tracker_info.txt", [tracker.address])
    command = [sys.executable, "-m", "client", f"127.0.0.1:{free_port()}", str(info)]
    command += ["--data-dir", str(tmp_path / "state"), "--stay", "-c", "trackers"]
    with Terminal(command) as terminal:
        terminal.wait_for("Still sharing; type quit or press Ctrl-C to end.")
        terminal.enter("quit")
        terminal.wait_for("[exit status 0]")
