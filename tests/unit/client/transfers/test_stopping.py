"""A transfer is stopped by one thread at the moment in which another one looks at it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from client.torrent.torrent import Torrent
from client.transfers.transfer import Transfer
from client.transfers.transfer_manager import TransferManager


class Stopping:
    """Has a torrent when it is looked at first, and none any more after that."""

    def __init__(self, torrent: Torrent) -> None:
        self.record = SimpleNamespace(group="lab")
        self._looks = iter([torrent])

    @property
    def torrent(self) -> Torrent | None:
        return next(self._looks, None)


class StoppingTransfer(Transfer):
    """The same, of which only what the tracker tells is asked."""

    def __init__(self, torrent: Torrent) -> None:
        self._looks = iter([torrent])

    @property
    def torrent(self) -> Torrent | None:
        return next(self._looks, None)


@pytest.fixture
def torrent() -> Any:
    return Mock(Torrent)


@pytest.fixture
def collection(torrent: Any, monkeypatch: pytest.MonkeyPatch) -> TransferManager:
    monkeypatch.setattr(TransferManager, "all", lambda _: [Stopping(torrent)])
    return TransferManager.__new__(TransferManager)


def test_torrents_of_active_transfers(collection: TransferManager, torrent: Any) -> None:
    assert collection.torrents() == [torrent]


def test_a_removed_member_is_disconnected_from_all_torrents(
    collection: TransferManager, torrent: Any
) -> None:
    collection.disconnect_user("lab", "bob")
    torrent.disconnect_user.assert_called_once_with("bob")


def test_unaccepted_peers_are_disconnected_from_all_torrents(
    collection: TransferManager, torrent: Any
) -> None:
    collection.disconnect_unaccepted("lab")
    torrent.disconnect_unaccepted.assert_called_once_with()


def test_a_stopping_transfer_passes_peers_on_to_its_torrent(torrent: Any) -> None:
    StoppingTransfer(torrent).learn([])
    torrent.learn.assert_called_once_with([])
    StoppingTransfer(torrent).identified(7, "bob", is_member=True)
    torrent.identified.assert_called_once_with(7, "bob", is_member=True)
