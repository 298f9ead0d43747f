"""Stock clients in a sealed group: those with SSL torrents take part as their member."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.support.content import make_file, sha256
from tests.support.needs import require
from tests.support.network.namespace import private_network
from tests.support.programs.lab import Lab
from tests.support.programs.processes import ClientProcess
from tests.support.stock.aria2 import Aria2
from tests.support.stock.libtorrent import Libtorrent
from tests.support.stock.patience import wait_until
from tests.support.stock.transmission import Transmission

SIZE = 5_000_000
VAULT = "vault"
"""A sealed group of ann's."""

ELSEWHERE = "elsewhere"
"""A sealed group of eve's."""

pytestmark = pytest.mark.interop


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path / "lab", is_open=True) as lab:
        yield lab


def start(lab: Lab, stack: ExitStack, name: str) -> ClientProcess:
    """A user without membership, whose client logs refusals with reasons."""
    person = ClientProcess(lab.folder / name, lab.trackers, "--log-level", "info", host=lab.host)
    stack.enter_context(person)
    person.sign_in(name)
    return person


def credentials(person: ClientProcess, group: str, folder: Path) -> Path:
    """Export a member's credentials for a stock client."""
    person.ok("export_credentials", group, str(folder))
    return folder


def share(person: ClientProcess, content: Path) -> Path:
    """Share a file as a member of the sealed group, and write its metainfo."""
    torrent = content.with_suffix(".torrent")
    person.ok("share", str(content), str(torrent), VAULT)
    return torrent


def has_seeders(person: ClientProcess, name: str, count: int) -> bool:
    """Return whether the group's list shows this many seeders."""
    files = person.ok("list_files", VAULT)["files"]
    return [row["seeders"] for row in files if row["name"] == name] == [count]


def refusals(person: ClientProcess, reason: str) -> int:
    """Return how often a client's log has this reason for a failed connection."""
    return sum(reason in line for line in person.errors.all)


def test_libtorrent_downloads_as_a_member(lab: Lab, tmp_path: Path) -> None:
    with ExitStack() as stack:
        ann, bob = start(lab, stack, "ann"), start(lab, stack, "bob")
        ann.ok("create_group", VAULT)
        bob.join(VAULT, ann)
        content = make_file(tmp_path / "film.bin", SIZE)
        torrent = share(ann, content)
        member = credentials(bob, VAULT, tmp_path / "bob's")
        libtorrent = stack.enter_context(Libtorrent(credentials=member))
        libtorrent.add(torrent, tmp_path / "copy")
        wait_until(partial(libtorrent.is_complete, torrent), 40, "libtorrent to be complete")
        copy = tmp_path / "copy" / "film.bin"
        wait_until(lambda: sha256(copy) == sha256(content), 20, "it to be written")
        wait_until(partial(has_seeders, ann, "film.bin", 2), 20, "libtorrent to be announced")


def test_libtorrent_seeds_as_a_member(lab: Lab, tmp_path: Path) -> None:
    with ExitStack() as stack:
        ann, bob = start(lab, stack, "ann"), start(lab, stack, "bob")
        ann.ok("create_group", VAULT)
        bob.join(VAULT, ann)
        content = make_file(tmp_path / "film.bin", SIZE)
        torrent = share(ann, content)
        member = credentials(ann, VAULT, tmp_path / "ann's")
        libtorrent = stack.enter_context(Libtorrent(credentials=member))
        libtorrent.add(torrent, tmp_path)
        wait_until(partial(has_seeders, bob, "film.bin", 2), 40, "libtorrent to be announced")
        ann.terminate()
        wait_until(partial(has_seeders, bob, "film.bin", 1), 40, "ann to be gone")
        assert sha256(bob.download(VAULT, "film.bin", tmp_path / "copy")) == sha256(content)


def test_credentials_of_another_group_download_nothing(lab: Lab, tmp_path: Path) -> None:
    with ExitStack() as stack:
        ann, eve = start(lab, stack, "ann"), start(lab, stack, "eve")
        ann.ok("create_group", VAULT)
        eve.ok("create_group", ELSEWHERE)
        torrent = share(ann, make_file(tmp_path / "film.bin", SIZE))  # it has leaked, with its key
        wrong = credentials(eve, ELSEWHERE, tmp_path / "eve's")
        libtorrent = stack.enter_context(Libtorrent(credentials=wrong))
        libtorrent.add(torrent, tmp_path / "copy")
        wait_until(
            lambda: refusals(ann, "CERTIFICATE_VERIFY_FAILED"),
            40,
            "ann's client to refuse libtorrent",
        )
        assert libtorrent.status(torrent)["progress"] == 0
        assert ann.ok("show_shares")["shares"][0]["uploaded"] == 0


def test_credentials_of_another_group_seed_nothing(lab: Lab, tmp_path: Path) -> None:
    with ExitStack() as stack:
        ann, bob, eve = (start(lab, stack, name) for name in ("ann", "bob", "eve"))
        ann.ok("create_group", VAULT)
        bob.join(VAULT, ann)
        eve.ok("create_group", ELSEWHERE)
        torrent = share(ann, make_file(tmp_path / "film.bin", SIZE))
        wrong = credentials(eve, ELSEWHERE, tmp_path / "eve's")
        libtorrent = stack.enter_context(Libtorrent(credentials=wrong))
        libtorrent.add(torrent, tmp_path)
        wait_until(partial(has_seeders, bob, "film.bin", 2), 40, "libtorrent to be announced")
        ann.terminate()
        wait_until(partial(has_seeders, bob, "film.bin", 1), 40, "ann to be gone")
        bob.ok("download_file", VAULT, "film.bin", str(tmp_path / "copy"))
        wait_until(
            lambda: refusals(bob, "can't reach a peer") and refusals(bob, "CERTIFICATE"),
            40,
            "bob's client to refuse libtorrent",
        )
        assert bob.transfer(VAULT, "film.bin")["done"] == 0


def test_clients_without_ssl_torrent_support_get_no_peers(tmp_path: Path) -> None:
    require("aria2c", "transmission-daemon", "ip", network=True)
    with ExitStack() as stack:
        hosts = stack.enter_context(private_network())
        lab = stack.enter_context(Lab(tmp_path / "lab", next(hosts), is_open=True))
        ann = start(lab, stack, "ann")
        ann.ok("create_group", VAULT)
        torrent = share(ann, make_file(tmp_path / "film.bin", SIZE))
        log = tmp_path / "aria2.log"
        aria2 = stack.enter_context(Aria2(next(hosts), f"--log={log}", "--log-level=info"))
        transmission = stack.enter_context(Transmission(tmp_path / "settings", next(hosts)))
        aria2.add(torrent, tmp_path / "aria2")
        transmission.add(torrent, tmp_path / "transmission")
        wait_until(lambda: "in a sealed group" in log.read_text(), 40, "aria2 to be refused")
        wait_until(
            lambda: "in a sealed group" in transmission.status(torrent)["errorString"],
            40,
            "Transmission to be refused",
        )
        assert aria2.peers(torrent) == []
        assert transmission.status(torrent)["peersConnected"] == 0
        wait_until(partial(has_seeders, ann, "film.bin", 1), what="ann alone to be announced")
        assert ann.ok("show_shares")["shares"][0]["uploaded"] == 0
