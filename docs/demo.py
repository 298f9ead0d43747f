"""A complete demonstration of Minitorrent in half a minute: run it with `make demo`.

It starts a tracker and three clients as real processes, on free ports of 127.0.0.1 and in a
temporary folder, and sends them commands as a user would type them. It leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

HOST = "127.0.0.1"
GROUP = "studio"
FILM = "film.bin"
FILM_SIZE = 200_000_000
PHOTOS = "photos"
PHOTO_COUNT = 40
PHOTO_SIZE = 300_000
MEGABYTE = 1_000_000
TIME_LIMIT = 110.0
"""Seconds for the whole demo; after that it fails with a message instead of hanging."""

BAR = 30
DEADLINE = time.monotonic() + TIME_LIMIT


class DemoError(Exception):
    """The demo can't continue; the message explains why."""


class Screen:
    """The demo's output: completed steps, and a progress line while something is running."""

    def __init__(self) -> None:
        self._moves = sys.stdout.isatty()
        self._tick, self._full, self._empty = "✓", "█", "░"
        try:
            "✓█░".encode(sys.stdout.encoding or "ascii")
        except UnicodeEncodeError:
            self._tick, self._full, self._empty = "*", "#", "-"
        self._last_quarter = 0

    def line(self, text: str = "") -> None:
        """Print a line."""
        self._write(f"{text}\n")

    def done(self, text: str) -> None:
        """Print a completed step."""
        self._write(f"{self._clear()}  {self._tick} {text}\n")

    def progress(self, text: str, share: float) -> None:
        """Show a step's progress (0 to 1): a moving bar, or a line per quarter in a log."""
        filled = round(share * BAR)
        bar = self._full * filled + self._empty * (BAR - filled)
        quarter = int(share * 4)
        if self._moves:
            self._write(f"{self._clear()}    {bar} {share:4.0%}  {text}")
        elif quarter != self._last_quarter:
            self._last_quarter = quarter
            self._write(f"    {bar} {share:4.0%}  {text}\n")

    def _clear(self) -> str:
        return "\r\x1b[K" if self._moves else ""

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


class Interrupts:
    """Defers Ctrl-C and SIGTERM while a process is being started, so that none is left running."""

    def __init__(self) -> None:
        self._put_off = self._came = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._interrupted)

    def __enter__(self) -> None:
        self._put_off = True

    def __exit__(self, *_: object) -> None:
        self._put_off = False
        if self._came:
            raise KeyboardInterrupt

    def _interrupted(self, *_: object) -> None:
        self._came = True
        if not self._put_off:
            raise KeyboardInterrupt


class Process:
    """A running Minitorrent program and the lines it prints."""

    def __init__(self, *command: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C reaches only the demo, which stops them in order
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._errors: list[str] = []
        self._threads = [
            threading.Thread(target=self._read_output, name="output"),
            threading.Thread(target=self._read_errors, name="errors"),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def send(self, line: str) -> None:
        """Write a line to the program."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def next_line(self) -> str:
        """Return the next line it prints; raises DemoError if there is none in time."""
        while time.monotonic() < DEADLINE:
            try:
                return self._lines.get(timeout=0.2)
            except queue.Empty:
                if self._process.poll() is not None and self._lines.empty():
                    break
        raise DemoError("\n".join(["A process didn't answer.", *self._errors[-5:]]))

    def _read_output(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._errors.append(line.rstrip("\n"))


class Person(Process):
    """A user with their own client."""

    def __init__(self, name: str, folder: Path, tracker_info: Path) -> None:
        self.name = name
        self.folder = folder / name
        self.folder.mkdir()
        state = self.folder / "state"
        address = f"{HOST}:{free_port()}"
        super().__init__("client", address, tracker_info, "--data-dir", state, "--json", "--stay")

    def run(self, *command: object) -> dict[str, Any]:
        """Run a command and return its result; raises DemoError if it fails."""
        line = shlex.join(map(str, command))
        self.send(line)
        answer = json.loads(self.next_line())
        if not answer["ok"]:
            raise DemoError(f"{self.name}> {line}\n{answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    def download(self, name: str, screen: Screen) -> float:
        """Download a file of the group, showing progress; return the seconds it took."""
        before = time.monotonic()
        self.run("download_file", GROUP, name, self.folder)
        while True:
            downloads = self.run("show_downloads")["downloads"]
            (row,) = (row for row in downloads if row["name"] == name)
            if row["state"] == "seeding":
                return time.monotonic() - before
            if row["state"] == "failed":
                raise DemoError(f"{self.name}'s download of {name} failed: {row['error']}")
            screen.progress(f"{self.name}: {name}, {_doing(row)}", row["progress"])
            time.sleep(0.05)

    def uploaded(self, name: str) -> int:
        """Return how many bytes of a file this person has uploaded so far."""
        shares = self.run("show_shares")["shares"]
        return sum(int(row["uploaded"]) for row in shares if row["name"] == name)


def main() -> int:
    """Run the demo; return 0 if everything succeeded."""
    screen, interrupts = Screen(), Interrupts()
    folder = Path(tempfile.mkdtemp(prefix="minitorrent-demo-"))
    try:
        screen.line("Minitorrent: a tracker, three people, and files shared directly between them")
        screen.line()
        _show(folder, screen, interrupts)
    except DemoError as failure:
        sys.stderr.write(f"\nThe demo failed. {failure}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted; nothing is left behind.\n")
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _show(folder: Path, screen: Screen, interrupts: Interrupts) -> None:
    started = time.monotonic()
    film, photos = make_content(folder / "originals")
    with ExitStack() as stack:
        tracker_info = folder / "tracker_info.txt"
        tracker_info.write_text(f"{HOST}\n{free_port()}\n")
        options = ["--data-dir", folder / "tracker", "--http-port", "0"]
        with interrupts:
            tracker = stack.enter_context(Process("tracker", tracker_info, 1, *options))
        screen.done(tracker.next_line())
        people = []
        for name in ("ann", "bob", "cat"):
            with interrupts:
                people.append(stack.enter_context(Person(name, folder, tracker_info)))
        ann, bob, cat = people
        create_group(screen, ann, bob, cat)
        share(screen, ann, film, photos)
        report_bob = fetch(screen, bob, FILM, [ann])
        report_cat = fetch(screen, cat, FILM, [ann, bob])
        report_photos = fetch(screen, cat, PHOTOS, [ann])
        compare(screen, (film, bob.folder / FILM), (film, cat.folder / FILM))
        compare(screen, (photos, cat.folder / PHOTOS))
    screen.line()
    screen.line("Summary")
    for report in (report_bob, report_cat, report_photos):
        screen.line(f"  {report}")
    screen.line(f"  total time {time.monotonic() - started:.1f} s; nothing is left behind")
    screen.line()
    screen.line("Now try it yourself: README.md describes the first ten minutes.")


def make_content(folder: Path) -> tuple[Path, Path]:
    """Create a large file of random bytes, and a folder with subfolders and an empty file."""
    film, photos = folder / FILM, folder / PHOTOS
    for album in ("holiday", "work"):
        (photos / album).mkdir(parents=True)
    with film.open("wb") as file:
        for _ in range(0, FILM_SIZE, MEGABYTE):
            file.write(os.urandom(MEGABYTE))
    for number in range(PHOTO_COUNT):
        album = "holiday" if number % 2 else "work"
        (photos / album / f"picture {number:02}.jpg").write_bytes(os.urandom(PHOTO_SIZE))
    (photos / "notes.txt").touch()
    return film, photos


def create_group(screen: Screen, owner: Person, *others: Person) -> None:
    """Create the accounts and the group, and accept the others."""
    for person in (owner, *others):
        person.run("create_user", person.name, f"secret-of-{person.name}")
        person.run("login", person.name, f"secret-of-{person.name}")
    screen.done(f"{names((owner, *others))} created accounts and logged in")
    mode = owner.run("create_group", GROUP)["mode"]
    for person in others:
        person.run("join_group", GROUP)
        owner.run("accept_request", GROUP, person.name)
    screen.done(f"{owner.name} created the {mode} group {GROUP}; {names(others)} joined it")


def share(screen: Screen, person: Person, *paths: Path) -> None:
    """Share files and folders with the group."""
    for path in paths:
        row = person.run("upload_file", path, GROUP)
        kind = "folder" if path.is_dir() else "file"
        screen.done(
            f"{person.name} shares the {kind} {row['name']}: "
            f"{row['size'] / MEGABYTE:.0f} MB in {row['pieces']} pieces"
        )


def fetch(screen: Screen, person: Person, name: str, seeders: list[Person]) -> str:
    """Download a file, check that every seeder sent a part; return a line for the summary."""
    before = [seeder.uploaded(name) for seeder in seeders]
    seconds = person.download(name, screen)
    given = [
        seeder.uploaded(name) - earlier for seeder, earlier in zip(seeders, before, strict=True)
    ]
    if not all(given):
        raise DemoError(f"Not every seeder sent a part of {name}: {given}")
    screen.done(f"{person.name} downloaded {name} from {names(seeders)} in {seconds:.1f} s")
    parts = ", ".join(
        f"{count / MEGABYTE:.0f} MB from {seeder.name}"
        for seeder, count in zip(seeders, given, strict=True)
    )
    rate = sum(given) / seconds / MEGABYTE
    return f"{person.name:4} {name:9} {seconds:5.1f} s  {rate:4.0f} MB/s  {parts}"


def compare(screen: Screen, *pairs: tuple[Path, Path]) -> None:
    """Check by SHA-256 that copies are identical to their originals."""
    for original, copy in pairs:
        digest = sha256(original)
        if sha256(copy) != digest:
            raise DemoError(f"{copy} differs from {original}")
        owner = copy.parent.name
        screen.done(f"{owner}'s {copy.name} is identical: SHA-256 {digest[:16]}...")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's names and contents."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    members = sorted(member for member in path.rglob("*") if member.is_file())
    lines = (f"{member.relative_to(path)} {sha256(member)}\n" for member in members)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def names(people: tuple[Person, ...] | list[Person]) -> str:
    """Return the names as in `ann, bob and cat`."""
    *first, last = (person.name for person in people)
    return f"{', '.join(first)} and {last}" if first else last


def free_port() -> int:
    """Return a TCP port that is not in use."""
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _doing(row: dict[str, Any]) -> str:
    if row["progress"] == 1:
        return "complete, being written to the disk"
    return f"{row['down_rate'] / MEGABYTE:.0f} MB/s, peers: {row['peers']}"


if __name__ == "__main__":
    sys.exit(main())
