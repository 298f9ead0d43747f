"""Takes the README's pictures of the real programs: run it with `make pictures`.

The shell runs in a terminal of its own (tmux), the page in a headless browser (Chromium), with a
tracker and three clients on 127.0.0.1. It leaves nothing behind except the pictures. The one of
the benchmark is drawn by `make bench` (docs/performance.md).
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from tests.support.ports import free_port
from tests.support.programs.browser import PHONE, WIDE, Window, chromium
from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess, write_tracker_info
from tests.support.programs.terminal import Terminal
from tests.support.programs.web import link_of
from tests.support.waiting import wait_until

PICTURES = Path(__file__).parent / "pictures"
MOST_BYTES = 300_000
COLUMNS, ROWS = 96, 21
FILES = {"film.mkv": 60_000_000, "interview.flac": 9_000_000, "slides.pdf": 1_400_000}
PASSWORD = "secret123"

_FONTS = re.compile(r"@font-face \{.*?\}\n", re.DOTALL)
"""Web fonts, which a picture in a page can't load; the browser uses another monospaced font."""


def main() -> None:
    """Take all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="minitorrent-") as folder, _lab(Path(folder)) as lab:
        with _shell(lab) as shell:
            _show_download(shell)
            _show_completion(shell)
        _show_page(lab)
    for picture in PICTURES.iterdir():
        assert picture.stat().st_size <= MOST_BYTES, f"{picture} is too large"


@contextmanager
def _lab(folder: Path) -> Iterator[Lab]:
    """Start a lab in which ann and cat share some files, slowly enough to take pictures."""
    with Lab(folder) as lab:
        ann, cat = lab.member("ann"), lab.member("cat")
        random = Random(1)
        for name, size in FILES.items():
            path = folder / name
            path.write_bytes(random.randbytes(size))
            ann.ok("upload_file", str(path), GROUP)
            cat.download(GROUP, name, folder / "cat")
        wait_until(lambda: all(lab.seeders(name) == 2 for name in FILES), what="two seeders")
        for member in (ann, cat):
            member.ok("limit up 2M")
        yield lab


@contextmanager
def _shell(lab: Lab) -> Iterator[Terminal]:
    """Start bob's shell, with bob in the group."""
    state = lab.folder / "bob"
    info = write_tracker_info(lab.folder / "tracker_info.txt", [lab.tracker.address])
    command = ["env", "-C", str(lab.folder), sys.executable, "-m", "client"]
    command += [f"127.0.0.1:{free_port()}", str(info), "--data-dir", str(state)]
    with Terminal(command, columns=COLUMNS, rows=ROWS) as shell:
        shell.wait_for("minitorrent>", "tracker connected")
        shell.enter(f"create_user bob {PASSWORD}")
        shell.wait_for("Account bob created")
        shell.enter(f"login bob {PASSWORD}")
        shell.wait_for("Logged in as bob")
        shell.enter(f"join_group {GROUP}")
        shell.wait_for("Asked to join")
        lab.members[0].ok("accept_request", GROUP, "bob")
        shell.wait_for("ann let you into")
        yield shell
        shell.enter("quit")
        shell.wait_for("[exit status 0]")


def _show_download(shell: Terminal) -> None:
    """Take a picture of a running download with its line in the toolbar."""
    shell.type("", "C-l")
    shell.enter(f"use_group {GROUP}")
    shell.wait_for(f"bob@{GROUP}>")
    shell.enter("list_files")
    shell.wait_for("slides.pdf")
    shell.enter("download_file film.mkv downloads/")
    shell.wait_for("Downloading film.mkv", " left")
    shell.enter("peers film.mkv")
    shell.wait_for("flags")
    wait_until(lambda: re.search(r" [3-9]\d\.\d%", shell.screen()), 60, "a third of the film")
    shell.enter("show_downloads")
    shell.wait_for("[D] lab film.mkv")
    _save(shell, "shell", "bob - minitorrent")


def _show_completion(shell: Terminal) -> None:
    """Take a picture of the completion menu."""
    shell.type("", "C-l")
    shell.enter("dwnload_file slides.pdf")
    shell.wait_for("did you mean download_file?")
    shell.type("l", "Tab")
    shell.wait_for("list_groups ", "leave_group ")
    _save(shell, "completion", "bob - minitorrent")
    shell.type("", "C-c")


def _save(shell: Terminal, name: str, title: str) -> None:
    """Save the terminal's screen as an SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(shell.styled()), no_wrap=True, overflow="crop")
    picture = console.export_svg(title=title, theme=SVG_EXPORT_THEME, unique_id=name)
    (PICTURES / f"{name}.svg").write_text(_FONTS.sub("", picture), encoding="utf-8")


def _show_page(lab: Lab) -> None:
    """Take pictures of a member's page: wide and light, and at a phone's width, dark."""
    options = ("--web", f"127.0.0.1:{free_port()}")
    with ClientProcess(lab.folder / "dora", lab.trackers, *options) as dora, chromium() as browser:
        dora.sign_in("dora")
        dora.join(GROUP, lab.members[0])
        dora.download(GROUP, "slides.pdf", lab.folder / "dora")
        dora.ok("download_file", GROUP, "film.mkv", str(lab.folder / "dora"))
        link = link_of(dora)
        windows = {
            "page": Window(browser, link, WIDE, "light"),
            "phone": Window(browser, link, PHONE, "dark"),
        }
        for window in windows.values():
            window.tab("Transfers")
            window.page.get_by_text("film.mkv").locator("visible=true").first.wait_for()
        wait_until(lambda: dora.transfer(GROUP, "film.mkv")["progress"] > 0.4, 60, "most of it")
        for name, window in windows.items():
            window.page.screenshot(path=PICTURES / f"{name}.png")
            window.close()


if __name__ == "__main__":
    main()
