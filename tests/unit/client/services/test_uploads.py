"""One content under one name is one file, also when two members share it at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from client.services.uploads import Offer, Uploads
from client.state.transfers import NewTransfer
from client.storage.files.source import scan
from client.storage.hashing import hash_source
from common import metainfo
from common.api import files, groups
from common.errors import ErrorCode, MinitorrentError
from common.geometry import choose_piece_length
from common.metainfo import Metainfo, build_info
from tests.unit.client.storage.contents import put

SOURCE = "minitorrent:lab"


class Tracker:
    """Shares nothing at first; `meanwhile` is what somebody else adds just before us.

    When it `forgets`, it has nothing to say about what is shared.
    """

    def __init__(self, meanwhile: Metainfo | None = None) -> None:
        self.shared: Metainfo | None = None
        self._meanwhile = meanwhile
        self.forgets = False

    def call(self, operation: object, **arguments: Any) -> object:
        if operation is groups.GET_GROUP:
            return groups.GroupProfileReply(
                group="lab", source=SOURCE, mode="open", authority=None, removed=[]
            )
        if operation is files.GET_FILE:
            return self._get_file()
        assert operation is files.ADD_FILE
        self._add_file(metainfo.parse(arguments["metainfo"]))
        return None

    def _get_file(self) -> object:
        if self.shared is None or self.forgets:
            raise MinitorrentError(ErrorCode.NO_SUCH_FILE, "There is none.")
        return type("Reply", (), {"metainfo": metainfo.encode(self.shared.info_bytes)})

    def _add_file(self, described: Metainfo) -> None:
        if self._meanwhile is not None:
            self.shared, self._meanwhile = self._meanwhile, None
        if self.shared is not None and self.shared.info_hash != described.info_hash:
            raise MinitorrentError(ErrorCode.NAME_TAKEN, "There is other content of that name.")
        self.shared = described


class Store:
    """Takes records, and the transfers made of them."""

    def find(self, group: str, name: str) -> None:
        return None

    def add(self, new: NewTransfer, *, is_hashed: bool = False) -> NewTransfer:
        return new


def upload(
    tracker: Tracker, path: Path, approve: Callable[[Metainfo], None] = lambda _: None
) -> NewTransfer:
    store = cast("Any", Store())
    uploads = Uploads(cast("Any", tracker), cast("Any", None), store, store, lambda _: None)
    return cast("NewTransfer", uploads.upload("ann", "lab", Offer(path), None, approve))


def described_by_others(path: Path, *, mtime: int | None) -> Metainfo:
    """As another member, whose copy has another time, would share it."""
    source = scan(path)
    length = choose_piece_length(source.length)
    theirs = [file._replace(mtime=mtime) for file in source.files]
    pieces = hash_source(source, length)
    info = build_info(
        source.name, theirs, length, pieces, source=SOURCE, is_folder=source.is_folder
    )
    return metainfo.parse(metainfo.encode(info))


@pytest.mark.parametrize("mtime", [None, 7])
@pytest.mark.parametrize("content", [b"data", {"a": b"1", "d/b": b"2"}, b""])
def test_another_member_added_the_same_file_first(
    tmp_path: Path, content: Any, mtime: int | None
) -> None:
    put(tmp_path / "f", content)
    theirs = described_by_others(tmp_path / "f", mtime=mtime)
    seen: list[Metainfo] = []
    record = upload(Tracker(theirs), tmp_path / "f", seen.append)
    assert record.info_hash == theirs.info_hash
    assert record.stamps == scan(tmp_path / "f").stamps
    assert seen[-1].info_hash == theirs.info_hash


def test_another_member_added_different_content_first(tmp_path: Path) -> None:
    put(tmp_path / "f", b"their")
    theirs = described_by_others(tmp_path / "f", mtime=7)
    (tmp_path / "f").write_bytes(b"other")
    with pytest.raises(MinitorrentError) as caught:
        upload(Tracker(theirs), tmp_path / "f")
    assert caught.value.code is ErrorCode.NAME_TAKEN
    assert "--name" in caught.value.message


def test_a_tracker_without_the_conflicting_file(tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    tracker = Tracker(described_by_others(tmp_path / "f", mtime=7))
    tracker.forgets = True
    with pytest.raises(MinitorrentError) as caught:
        upload(tracker, tmp_path / "f")
    assert caught.value.code is ErrorCode.NAME_TAKEN


def test_a_share_refused_early_is_not_announced(tmp_path: Path) -> None:
    put(tmp_path / "f", b"data")
    tracker = Tracker()

    def refuse(_: Metainfo) -> None:
        raise MinitorrentError(ErrorCode.FILE_EXISTS, "Something is in the way.")

    with pytest.raises(MinitorrentError):
        upload(tracker, tmp_path / "f", refuse)
    assert tracker.shared is None
