"""Commands on transfers: waiting for their end, cancelling, rows in the order of addition."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from client.core.transfers.download_options import DownloadOptions
from client.event_bus import EventBus
from client.membership.account import Account
from client.notices import Notices
from client.results.overview import Notice
from client.results.transfers import TransferState
from client.services import transfers as transfers_module
from client.services.transfers import Completions, TransferService
from common.api.accounts import LoginReply
from common.errors import ErrorCode, MinitorrentError
from tests.unit.client.services.conftest import Sharer
from tests.unit.client.storage.contents import PIECE, describe, put, random_bytes

CONTENT = random_bytes(2 * PIECE)
GROUP = "lab"

Service = Callable[[float], TransferService]
"""A service that waits so many seconds for peers."""


@pytest.fixture
def service(ann: Sharer, account: Account, events: EventBus, notices: list[Notice]) -> Service:
    completions = Completions(ann.lab.context.events)
    account.logged_in(LoginReply(user="ann", token="t", groups=[GROUP], pending_requests=0))
    own = Notices(events)
    own.listen(lambda _: None)  # it publishes for `notices` too, once somebody listens
    return lambda patience: TransferService(account, own, ann.manager, completions, patience)


@pytest.fixture
def film(ann: Sharer, tmp_path: Path) -> str:
    """A download that nobody has pieces of."""
    ann.offered(describe(CONTENT, name="film"))
    assert ann.download("film", tmp_path).needs_peers
    return "film"


def code(act: Callable[[], object]) -> ErrorCode:
    with pytest.raises(MinitorrentError) as raised:
        act()
    return raised.value.code


@pytest.mark.usefixtures("film")
def test_a_wait_without_a_time_limit_ends_when_there_are_no_peers(service: Service) -> None:
    assert code(lambda: service(0.0).wait(None)) is ErrorCode.NO_PEERS


@pytest.mark.usefixtures("film")
def test_a_wait_with_a_time_limit_does_not_mind_missing_peers(service: Service) -> None:
    assert code(lambda: service(0.0).wait(0.01)) is ErrorCode.TIMEOUT


@pytest.mark.usefixtures("film")
def test_a_wait_can_be_cancelled(service: Service) -> None:
    questions = iter([False, True])
    assert service(60.0).wait(None, lambda: next(questions)).completed == []
    assert next(questions, None) is None


def test_each_completion_is_reported_by_one_wait(ann: Sharer, service: Service, film: str) -> None:
    transfer = ann.manager.get(GROUP, film)
    ann.lab.seeder(transfer, CONTENT).give()
    ann.lab.jobs.run()
    assert service(0.0).wait(None).completed == ["lab/film"]
    assert service(0.0).wait(None).completed == []


def test_a_wait_ends_with_the_download(
    ann: Sharer, service: Service, film: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfers_module, "_LOOK_EVERY", 60.0)
    looked = threading.Event()

    def cancelled() -> bool:
        looked.set()
        return False

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(service(60.0).wait, None, cancelled)
        assert looked.wait(10.0)
        ann.lab.seeder(ann.manager.get(GROUP, film), CONTENT).give()
        ann.lab.jobs.run()
        assert waiting.result(10.0).completed == ["lab/film"]


def test_a_wait_lasts_until_the_tracker_knows(ann: Sharer, service: Service, film: str) -> None:
    ann.lab.seeder(ann.manager.get(GROUP, film), CONTENT).give()
    ann.lab.jobs.run()
    ann.lab.announcer.owes_completions = True
    looks = iter([False, True])
    service(0.0).wait(None, lambda: next(looks))
    assert next(looks, None) is None, "it waited for the tracker until it was cancelled"
    ann.lab.announcer.owes_completions = False
    service(0.0).wait(None, lambda: pytest.fail("there is nothing to wait for"))


def test_only_an_incomplete_download_can_be_cancelled(
    ann: Sharer, service: Service, film: str, tmp_path: Path
) -> None:
    put(tmp_path / "notes", b"done")
    ann.upload(tmp_path / "notes")
    transfers = service(0.0)
    assert code(lambda: transfers.cancel(GROUP, "notes")) is ErrorCode.USAGE
    assert transfers.cancel(GROUP, film).name == film
    ann.lab.jobs.run()
    assert code(lambda: transfers.cancel(GROUP, film)) is ErrorCode.NO_SUCH_FILE
    assert [row.name for row in transfers.all().downloads] == ["notes"]


def test_a_cancelled_download_in_place_leaves_its_file(
    ann: Sharer, service: Service, tmp_path: Path, notices: list[Notice]
) -> None:
    path = tmp_path / "film"
    put(path, CONTENT[:PIECE] + b"\0" * PIECE)
    ann.offered(describe(CONTENT, name="film"))
    ann.download("film", path, DownloadOptions(in_place=True))
    service(0.0).cancel(GROUP, "film")
    ann.lab.jobs.run()
    assert path.read_bytes()[:PIECE] == CONTENT[:PIECE]
    assert notices[-1].text.endswith("is kept as it is now.")


def test_rows_are_in_the_order_of_addition(
    ann: Sharer, service: Service, film: str, tmp_path: Path
) -> None:
    put(tmp_path / "notes", b"done")
    ann.upload(tmp_path / "notes")
    transfers = service(0.0)
    assert [row.name for row in transfers.all().downloads] == [film, "notes"]
    assert [row.name for row in transfers.downloads().downloads] == [film]
    assert [row.name for row in transfers.shares().shares] == ["notes"]


def test_a_transfer_is_paused_and_resumed(ann: Sharer, service: Service, film: str) -> None:
    transfers = service(0.0)
    assert transfers.pause(GROUP, film).state is TransferState.PAUSED
    assert transfers.set_priority(GROUP, film, 7).priority == 7
    assert ann.manager.get(GROUP, film).storage.options.priority == 7
    assert transfers.resume(GROUP, film).state is TransferState.QUEUED
    ann.lab.jobs.run()
    assert transfers.piece_map(GROUP, film, 2).done == 0
    assert transfers.peers(GROUP, film).peers == []


def test_everything_but_waiting_needs_a_login(service: Service, account: Account) -> None:
    transfers = service(0.0)
    account.logged_out()
    assert transfers.wait(0.0).completed == []
    for act in (
        transfers.downloads,
        transfers.shares,
        transfers.all,
        lambda: transfers.pause(GROUP, "film"),
        lambda: transfers.peers(GROUP, "film"),
    ):
        assert code(act) is ErrorCode.NOT_LOGGED_IN
