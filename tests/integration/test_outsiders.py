"""Who is not a member gets nothing: not from the tracker, and not from the members' clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.content import make_file
from tests.support.lab import GROUP, Lab
from tests.support.stock.libtorrent import Libtorrent
from tests.support.torrents import without_announce
from tests.support.waiting import wait_until

NAME = "film.bin"


def test_every_operation_on_a_group_is_refused_to_others(tmp_path: Path) -> None:
    content = make_file(tmp_path / NAME, 100_000)
    torrent = tmp_path / "film.torrent"
    with Lab(tmp_path / "lab") as lab:
        ann, eve = lab.member("ann"), lab.outsider("eve")
        ann.ok("share", str(content), str(torrent), GROUP)
        destination = str(tmp_path / "stolen.bin")
        for command in (
            ["list_files", GROUP],
            ["list_members", GROUP],
            ["list_requests", GROUP],
            ["accept_request", GROUP, "eve"],
            ["remove_member", GROUP, "ann"],
            ["promote", GROUP, "eve"],
            ["transfer_group", GROUP, "eve"],
            ["leave_group", GROUP],
            ["upload_file", str(content), GROUP],
            ["download_file", GROUP, NAME, destination],
            ["get", str(torrent), destination],
            ["stop_share", GROUP, NAME],
        ):
            answer = eve.run(*command)
            assert not answer["ok"], command
            assert answer["error"]["code"] in ("not_member", "not_admin", "no_such_file"), answer
        assert not Path(destination).exists()


@pytest.mark.interop
def test_a_peer_that_the_tracker_does_not_know_is_not_served(tmp_path: Path) -> None:
    content = make_file(tmp_path / NAME, 1_000_000)
    torrent = tmp_path / "film.torrent"
    with Lab(tmp_path / "lab") as lab, Libtorrent() as stranger:
        ann = lab.member("ann")
        ann.ok("share", str(content), str(torrent), GROUP)
        without_announce(torrent)
        stranger.add(torrent, tmp_path / "stolen")
        stranger.connect(torrent, ann.address)
        wait_until(lambda: ann.ok("peers", GROUP, NAME)["peers"], 20, "the stranger to call")
        wait_until(lambda: not ann.ok("peers", GROUP, NAME)["peers"], 30, "it to be sent away")
        (row,) = ann.ok("show_shares")["shares"]
        assert row["uploaded"] == 0
        assert stranger.status(torrent)["progress"] == 0
