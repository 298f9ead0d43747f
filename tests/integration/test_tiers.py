"""Metainfo and magnet links name every tracker, so that stock clients outlive one, too."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, quote_from_bytes, urlsplit

import bencode2

from tests.support.content import make_file
from tests.support.programs.lab import GROUP, Lab


def announce(url: str, info_hash: str) -> dict[bytes, object]:
    """Return a tracker's answer to a stock client at this address."""
    query = f"?info_hash={quote_from_bytes(bytes.fromhex(info_hash))}"
    query += f"&peer_id=-TR4000-{'a' * 12}&port=7001&left=5"
    with urllib.request.urlopen(url + query, timeout=10) as reply:
        answer: dict[bytes, object] = bencode2.bdecode(reply.read())
    return answer


def test_metainfo_names_every_tracker_and_any_suffices(tmp_path: Path) -> None:
    with Lab(tmp_path / "lab", is_open=True) as lab:
        second = lab.second_tracker()
        ann = lab.member("ann")
        torrent = tmp_path / "film.mtorrent"
        content = make_file(tmp_path / "film.bin", 50_000)
        info_hash = ann.ok("share", str(content), str(torrent), GROUP)["info_hash"]
        whole = bencode2.bdecode(torrent.read_bytes())
        tiers = [[url.decode() for url in tier] for tier in whole[b"announce-list"]]
        assert [[urlsplit(url).netloc for url in tier] for tier in tiers] == [
            [str(lab.tracker.http)],
            [str(second.http)],
        ]
        assert whole[b"announce"].decode() == tiers[0][0]
        link = ann.ok("magnet", GROUP, "film.bin")["magnet"]
        assert parse_qs(urlsplit(link).query)["tr"] == [tiers[0][0], tiers[1][0]]
        lab.tracker.kill()
        assert announce(tiers[1][0], info_hash)[b"incomplete"] == 1
