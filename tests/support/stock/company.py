"""All stock clients at once, in their default settings, with our users in an open group."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote_from_bytes

import bencode2

from common.types import Endpoint
from tests.support.content import make_file, sha256
from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess, ManagedProcess
from tests.support.stock import StockClient, info_hash_of
from tests.support.stock.aria2 import Aria2
from tests.support.stock.libtorrent import Libtorrent
from tests.support.stock.patience import wait_until
from tests.support.stock.qbittorrent import QBittorrent
from tests.support.stock.rtorrent import Rtorrent
from tests.support.stock.transmission import Transmission

SIZE: Final = 1_000_000
COUNT: Final = 4
"""Torrents that each client has in each direction."""


class Kind(NamedTuple):
    """A stock client: its program, and how it is started, as shipped."""

    program: str
    start: Callable[[Path, str | Endpoint], AbstractContextManager[StockClient]]


KINDS: Final[dict[str, Kind]] = {
    "libtorrent": Kind("python3", lambda _, where: Libtorrent(where, tuned=False)),
    "qbittorrent": Kind("qbittorrent-nox", QBittorrent),
    "transmission": Kind("transmission-daemon", partial(Transmission, tuned=False)),
    "rtorrent": Kind("rtorrent", Rtorrent),
    "aria2": Kind("aria2c", lambda home, where: Aria2(where, home=home)),
}


class Item(NamedTuple):
    """A file of the group, the path of its first copy, and its metainfo."""

    content: Path
    torrent: Path

    @property
    def name(self) -> str:
        """Its name in the group."""
        return self.content.name


class Company:
    """Ann created the group and its metainfo; bob is a member; all clients run side by side.

    Each client has a separate address, which Transmission requires. `seeded` are the files that
    each of them has.
    """

    def __init__(self, folder: Path, hosts: Iterator[str]) -> None:
        self.folder = folder
        self.seeded: dict[str, list[Item]] = {}
        self.clients: dict[str, StockClient] = {}
        self._stack = ExitStack()
        self._runs = 0
        try:
            self.lab = self._stack.enter_context(Lab(folder / "lab", next(hosts), is_open=True))
            self.ann, self.bob = self.lab.member("ann"), self.lab.member("bob")
            for name, kind in KINDS.items():
                if shutil.which(kind.program):
                    self._start(name, next(hosts))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End them all."""
        self._stack.close()

    def _start(self, name: str, where: str | Endpoint) -> None:
        self._runs += 1
        client = KINDS[name].start(self.folder / f"{name}-{self._runs}", where)
        self.clients[name] = self._stack.enter_context(client)

    def crash(self, name: str) -> None:
        """Kill a client without a goodbye, and restart it at the same place."""
        client = self.clients[name]
        assert isinstance(client, ManagedProcess)
        client.kill()
        self._start(name, client.address)

    # --- files ------------------------------------------------------------------------------
    def share(self, person: ClientProcess, folder: str, number: int) -> Item:
        """Share a new file from one of our clients."""
        content = self.folder / folder / f"{folder} {number}.bin"
        make_file(content, SIZE, seed=hash((folder, number)) & 0xFFFF)
        torrent = self.folder / f"{content.name}.torrent"
        person.ok("share", str(content), str(torrent), GROUP)
        return Item(content, torrent)

    def seed(self, name: str) -> None:
        """Let a client seed its files."""
        for item in self.seeded[name]:
            self.clients[name].add(item.torrent, item.content.parent)

    def copies(self, name: str) -> Path:
        """Return a client's download folder."""
        folder = self.folder / f"copies of {name}"
        folder.mkdir(exist_ok=True)
        return folder

    def wait_for_copy(self, name: str, item: Item, timeout: float) -> None:
        """Wait until a client has all of a file, and look at it."""
        done = partial(self.clients[name].is_complete, item.torrent)
        wait_until(done, timeout, f"{name} to have {item.name}")
        # Some write the last piece after they have said that they are done.
        copy, whole = self.copies(name) / item.name, sha256(item.content)
        wait_until(lambda: sha256(copy) == whole, 20, f"{name} to have written {item.name}")

    # --- the tracker ------------------------------------------------------------------------
    def counts(self, item: Item) -> tuple[int, int]:
        """Seeders and leechers of a file in the group's list."""
        rows = self.bob.ok("list_files", GROUP)["files"]
        (row,) = (row for row in rows if row["name"] == item.name)
        return row["seeders"], row["leechers"]

    def scraped(self, item: Item) -> tuple[int, int]:
        """Seeders and leechers of a file by a scrape (BEP 48)."""
        (file,) = self._ask(item, "scrape", "")[b"files"].values()
        return file[b"complete"], file[b"incomplete"]

    def announced(self, item: Item) -> set[tuple[Endpoint, bytes]]:
        """Return the tracker's peers for a stock client: addresses and peer ids (BEP 3)."""
        query = "&peer_id=-XX0001-abcdefghijkl&port=6881&left=1&compact=0&event="
        peers = self._ask(item, "announce", query + "started")[b"peers"]
        self._ask(item, "announce", query + "stopped")
        return {(Endpoint(peer[b"ip"].decode(), peer[b"port"]), peer[b"peer id"]) for peer in peers}

    def _ask(self, item: Item, what: str, query: str) -> dict[bytes, Any]:
        announce = bencode2.bdecode(item.torrent.read_bytes())[b"announce"].decode()
        info_hash = quote_from_bytes(bytes.fromhex(info_hash_of(item.torrent)))
        url = announce.replace("/announce/", f"/{what}/") + f"?info_hash={info_hash}{query}"
        with urllib.request.urlopen(url, timeout=10) as reply:
            answer: dict[bytes, Any] = bencode2.bdecode(reply.read())
        return answer
