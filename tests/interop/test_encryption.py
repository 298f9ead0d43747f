"""Stock clients that require encryption (MSE), in both directions, in an open group."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from tests.interop.test_group import has_seeders, share, wait_written
from tests.support.content import make_file, sha256
from tests.support.needs import require
from tests.support.network.namespace import private_network
from tests.support.programs.lab import GROUP, Lab
from tests.support.programs.processes import ClientProcess
from tests.support.stock import StockClient
from tests.support.stock.aria2 import Aria2
from tests.support.stock.libtorrent import Libtorrent
from tests.support.stock.patience import wait_until
from tests.support.stock.qbittorrent import QBittorrent
from tests.support.stock.rtorrent import Rtorrent
from tests.support.stock.transmission import Transmission

SIZE = 3_000_000

pytestmark = pytest.mark.interop

FORCED: Final = {"in_enc_policy": 0, "out_enc_policy": 0}
"""libtorrent's `pe_forced`; `pe_enabled`, as shipped, is 1."""


def libtorrent(where: str, **settings: Any) -> Libtorrent:
    return Libtorrent(where, FORCED | settings, tuned=False)


def rtorrent(folder: Path, where: str, methods: str) -> Rtorrent:
    return Rtorrent(folder, where, f"protocol.encryption.set = {methods}\n")


STRICT: Final[dict[str, Callable[[Path, str], AbstractContextManager[StockClient]]]] = {
    "libtorrent": lambda _, where: libtorrent(where),
    "libtorrent with RC4": lambda _, where: libtorrent(where, allowed_enc_level=2),
    "libtorrent without RC4": lambda _, where: libtorrent(where, allowed_enc_level=1),
    "qbittorrent": partial(QBittorrent, requires_encryption=True),
    "transmission": partial(Transmission, more={"encryption": 2}),
    "rtorrent": partial(rtorrent, methods="allow_incoming,try_outgoing,require"),
    "rtorrent with RC4": partial(rtorrent, methods="allow_incoming,try_outgoing,require_RC4"),
    "aria2": lambda _, where: Aria2(where, "--bt-require-crypto=true"),
    "aria2 with RC4": lambda _, where: Aria2(
        where, "--bt-require-crypto=true", "--bt-min-crypto-level=arc4"
    ),
}


@pytest.mark.parametrize("kind", STRICT)
def test_a_client_that_requires_encryption_takes_part(kind: str, tmp_path: Path) -> None:
    tools = ("aria2c", "transmission-daemon", "rtorrent", "qbittorrent-nox", "ip")
    require(*tools, network=True)
    with ExitStack() as stack:
        hosts = stack.enter_context(private_network())
        lab = stack.enter_context(Lab(tmp_path / "lab", next(hosts), is_open=True))
        ann, bob = lab.member("ann"), lab.member("bob")
        strict = stack.enter_context(STRICT[kind](tmp_path / "settings", next(hosts)))

        ours = make_file(tmp_path / "ours.bin", SIZE)
        torrent = share(ann, ours, tmp_path)
        (tmp_path / "theirs").mkdir()
        strict.add(torrent, tmp_path / "theirs")
        wait_until(partial(strict.is_complete, torrent), 60, f"{kind} to be complete")
        wait_written(tmp_path / "theirs" / ours.name, ours)

        hers = make_file(tmp_path / "seeded" / "hers.bin", SIZE, seed=2)
        strict.add(share(ann, hers, tmp_path), hers.parent)
        wait_until(partial(has_seeders, lab, hers, 2), 60, f"{kind} to be announced")
        ann.ok("pause", GROUP, hers.name)
        assert sha256(bob.download(GROUP, hers.name, tmp_path / "bob's")) == sha256(hers)


def said(person: ClientProcess, name: str) -> dict[str, str] | None:
    """Return the answer of `why`, once it is certain."""
    answer = person.ok("why", GROUP, name)
    return answer if "peer that is online" in answer["reason"] else None


def test_a_peer_without_tcp_is_not_called_unreachable(tmp_path: Path) -> None:
    without = {"enable_incoming_tcp": False, "enable_outgoing_tcp": False}
    with (
        Lab(tmp_path / "lab", is_open=True) as lab,
        Libtorrent(settings=without, tuned=False) as strict,
    ):
        ann, bob = lab.member("ann"), lab.member("bob")
        content = make_file(tmp_path / "seeded" / "film.bin", SIZE)
        strict.add(share(ann, content, tmp_path), content.parent)
        wait_until(partial(has_seeders, lab, content, 2), 60, "it to be announced")
        ann.ok("pause", GROUP, content.name)
        bob.ok("download_file", GROUP, content.name, str(tmp_path))
        answer = wait_until(partial(said, bob, content.name), 60, "why to be sure")
        assert "answers at its port, but hangs up before the handshake" in answer["reason"]
        assert "TCP" in answer["hint"]
