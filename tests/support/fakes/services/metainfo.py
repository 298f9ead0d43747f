"""Metainfo for other clients, as the shell sees it."""

from __future__ import annotations

from pathlib import Path

from client.results.metainfo import AnnounceKeyResult, MetainfoResult, PublishResult
from tests.support.fakes.services.rows import HASH
from tests.support.fakes.services.state import FakeState

ANNOUNCE = "http://127.0.0.1:7401/announce/secret"


class FakeMetainfo:
    """`client.services.metainfo.MetainfoService`."""

    def __init__(self, state: FakeState) -> None:
        self._state = state

    def publish(self, path: Path, group: str | None, out: Path | None = None) -> PublishResult:
        self._state.called("publish", path, group, *([out] if out else []))
        written = out or path.with_name(f"{path.stem}.lab.torrent")
        return PublishResult(
            group=group or "lab", name="film.mkv", info_hash=HASH, metainfo=str(written)
        )

    def write(self, group: str, name: str, path: Path) -> MetainfoResult:
        self._state.called("metainfo", group, name, path)
        return MetainfoResult(metainfo=str(path))

    def announce_key(self, group: str | None, *, renew: bool = False) -> AnnounceKeyResult:
        self._state.called("announce_key", group, *(["renew"] if renew else []))
        return AnnounceKeyResult(group=group or "lab", announce=ANNOUNCE)
