"""`python -m benchmarks.reach`: how every pair of members connects in a small internet.

Each pair sends a file both ways, which nobody else has. A row has how the connection came about
each way, as the receiver's client says, the seconds from `download_file` until the first byte has
arrived, and whether the copy is the same as the file. For a pair without a connection it has what
`why` says. Needs root and the programs that tests/support/network/internet.py names.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.table import MIB
from tests.support.content import make_file, sha256
from tests.support.network.internet import Home, Host, Internet, obstacle
from tests.support.network.router import Nat
from tests.support.network.scattered import ScatteredLab
from tests.support.programs.lab import GROUP
from tests.support.programs.processes import ClientProcess
from tests.support.waiting import wait_until

_COPY_LIMIT: Final = 120.0  # seconds
_NEIGHBOUR: Final = "beside it"
_KINDS: Final = ("public", "upnp", "keeping", "random", "ipv6")


class Way(NamedTuple):
    """One way between two members; `seconds` until the first byte is None if there was none."""

    sender: str
    receiver: str
    how: str
    seconds: float | None
    is_same: bool


class Places:
    """Computers of every kind, two of each, and their members."""

    def __init__(self, lab: ScatteredLab) -> None:
        self._lab = lab
        self._members: dict[str, ClientProcess] = {}
        self._homes: dict[str, Home] = {}

    def member(self, name: str) -> ClientProcess:
        """Return the member at a place such as `keeping 2`; started at the first call."""
        if name not in self._members:
            user = name.replace(" ", "_")
            self._members[name] = self._lab.member(user, self._host(name, self._lab.internet))
        return self._members[name]

    def _host(self, name: str, internet: Internet) -> Host:
        kind = name.split()[0]
        if kind == "public":
            return internet.public()
        if kind == "ipv6":
            return internet.ipv6_only()
        home = self._homes.get(name.removesuffix(f" {_NEIGHBOUR}"))
        if home is None:
            nat = Nat.RANDOM if kind == "random" else Nat.KEEPING
            home = self._homes[name] = internet.home(nat, maps_ports=kind == "upnp")
        return home.host()


def pairs() -> list[tuple[str, str]]:
    """Return every pair of kinds, each kind with itself in two places, and two in one home."""
    found = [(f"{a} 1", f"{b} 2") for a, b in combinations_with_replacement(_KINDS, 2)]
    return [*found, ("keeping 1", f"keeping 1 {_NEIGHBOUR}")]


def send(folder: Path, sender: ClientProcess, receiver: ClientProcess, options: Options) -> Way:
    """Share a new file with everybody, and have one member download it."""
    name = f"{sender.folder.name} to {receiver.folder.name}.bin"
    content = make_file(folder / "content" / name, options.size, seed=hash(name) & 0xFFFF)
    sender.ok("upload_file", str(content), GROUP, timeout=_COPY_LIMIT)
    wait_until(lambda: _is_seeded(sender, name), what=f"{name} to be seeded")
    began = time.perf_counter()
    answer = receiver.ok("download_file", GROUP, name, f"{folder}/copies/")
    copy = Path(answer["destination"])
    try:
        peer = wait_until(lambda: _first_byte(receiver, name), options.limit, interval=0.01)
    except AssertionError:
        reason = receiver.ok("why", GROUP, name)
        receiver.ok("cancel", GROUP, name)
        sender.ok("stop_share", GROUP, name)
        return Way(
            sender.folder.name,
            receiver.folder.name,
            f"{reason['reason']} {reason['hint']}",
            None,
            False,
        )
    seconds = time.perf_counter() - began
    receiver.wait_complete(GROUP, name, _COPY_LIMIT)
    is_same = sha256(copy) == sha256(content)
    for one in (receiver, sender):
        one.ok("stop_share", GROUP, name)
    copy.unlink()
    content.unlink()
    return Way(sender.folder.name, receiver.folder.name, _how(peer), seconds, is_same)


def _is_seeded(sender: ClientProcess, name: str) -> bool:
    rows = sender.ok("list_files", GROUP)["files"]
    return any(row["name"] == name and row["seeders"] for row in rows)


def _first_byte(receiver: ClientProcess, name: str) -> dict[str, Any] | None:
    """Return the peer that the first byte came from."""
    peers = receiver.ok("peers", GROUP, name)["peers"]
    return next((peer for peer in peers if peer["downloaded"]), None)


def _how(peer: dict[str, Any]) -> str:
    """Return the route, who has dialled and where the peer is."""
    caller = "it dialled" if "I" in peer["flags"] else "dialled"
    return f"{peer['route']}: {caller} {peer['address'].rpartition(':')[0]}"


class Options(argparse.Namespace):
    """What was asked for on the command line."""

    only: str
    size: int
    limit: float
    relay: bool


def parse() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make lab")
    parser.add_argument("--only", default="", metavar="TEXT", help="pairs whose names have this")
    parser.add_argument("--size", type=int, default=100, metavar="MB", help="of each file")
    parser.add_argument(
        "--limit", type=float, default=15.0, metavar="S", help="seconds for the first byte"
    )
    parser.add_argument("--relay", action="store_true", help="let the tracker join those left")
    options = parser.parse_args(namespace=Options())
    options.size *= MIB
    return options


def main() -> None:
    """Let every pair send both ways, and print a row for each way."""
    options = parse()
    if reason := obstacle():
        raise SystemExit(f"This {reason}.")
    print(f"{'from':<22} {'to':<22} {'first byte':>10}  {'same':<5} how")
    with tempfile.TemporaryDirectory(prefix="minitorrent-reach-") as name:
        folder = Path(name)
        with ScatteredLab(folder / "lab", *(["--relay"] if options.relay else [])) as lab:
            places = Places(lab)
            for one, other in pairs():
                if options.only in f"{one} - {other}":
                    ends = places.member(one), places.member(other)
                    for sender, receiver in (ends, ends[::-1]):
                        _print(send(folder, sender, receiver, options))


def _print(way: Way) -> None:
    seconds = "-" if way.seconds is None else f"{way.seconds:.2f} s"
    same = "yes" if way.is_same else "no"
    print(f"{way.sender:<22} {way.receiver:<22} {seconds:>10}  {same:<5} {way.how}", flush=True)


if __name__ == "__main__":
    main()
