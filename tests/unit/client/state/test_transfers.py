from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from client.core.transfers.resume import FileStamp, FileStamps
from client.state.transfers import NewTransfer, TransferRecord, TransferStore
from common.bitfield import Bitfield
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash
from tests.support.databases.stored import transfers_of
from tests.support.together import run_together
from tests.unit.client.state.states import ClientState

FACTS = FileStamps((FileStamp(100, 2**60), FileStamp(0, 7)))
WHEN = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


@pytest.fixture
def transfers(tmp_path: Path) -> Iterator[TransferStore]:
    with ClientState(tmp_path / "client.sqlite") as state:
        yield state.transfers


def add(transfers: TransferStore, name: str = "file", user: str = "ann") -> TransferRecord:
    return transfers.add(
        NewTransfer(
            user=user,
            group="lab",
            name=name,
            info_hash=InfoHash(bytes(range(20))),
            metainfo=b"d4:infodee\x00\xff",
            path=Path("/data/a b é"),
            added_at=WHEN,
        )
    )


def again(transfers: TransferStore, record: TransferRecord) -> TransferRecord:
    found = transfers.get(record.id)
    assert found is not None
    return found


def pieces(size: int, *members: int) -> Bitfield:
    bitfield = Bitfield(size)
    for member in members:
        bitfield.add(member)
    return bitfield


def test_a_new_transfer(transfers: TransferStore) -> None:
    record = add(transfers)
    assert record == again(transfers, record)
    assert (record.user, record.group, record.name) == ("ann", "lab", "file")
    assert record.info_hash == bytes(range(20))
    assert transfers.metainfo(record.id) == b"d4:infodee\x00\xff"
    assert record.path == Path("/data/a b é")
    assert record.added_at == WHEN
    assert not record.is_upload
    assert not record.complete
    assert not record.paused
    assert (record.bitfield, record.stamps) == (None, None)
    assert (record.uploaded, record.downloaded) == (0, 0)


def test_a_share_is_complete_from_the_start(transfers: TransferStore) -> None:
    record = transfers.add(
        NewTransfer(
            user="ann",
            group="lab",
            name="f",
            info_hash=InfoHash(bytes(20)),
            metainfo=b"",
            path=Path(os.fsdecode(b"/data/\xff")),
            added_at=WHEN.astimezone(timezone(timedelta(hours=5))),
            is_upload=True,
            stamps=FACTS,
            complete=True,
        )
    )
    assert record.complete
    assert again(transfers, record).is_upload
    assert os.fsencode(again(transfers, record).path) == b"/data/\xff"
    assert record.added_at.isoformat() == WHEN.isoformat()
    assert record.believed_pieces(FACTS, Bitfield.full(9)) == Bitfield.full(9)


def test_names_are_unique_for_a_user_and_group(transfers: TransferStore) -> None:
    first = add(transfers)
    with pytest.raises(MinitorrentError) as caught:
        add(transfers)
    assert caught.value.code is ErrorCode.NAME_TAKEN
    second = add(transfers, user="bob")
    third = add(transfers, "other")
    assert transfers_of(transfers, "ann") == [first, third]
    assert transfers_of(transfers, "bob") == [second]
    assert transfers.find("ann", "lab", "other") == third
    assert transfers.find("ann", "other", "file") is None
    transfers.remove(first.id)
    transfers.remove(first.id)
    assert transfers.get(first.id) is None
    assert transfers_of(transfers, "ann") == [third]


def test_progress_is_recorded_to_the_end(transfers: TransferStore) -> None:
    record = add(transfers)
    other = add(transfers, "other")
    transfers.update_progress(record.id, pieces(20, 3, 17), FACTS)
    found = again(transfers, record)
    assert found.stamps == FACTS
    assert found.believed_pieces(FACTS, Bitfield.full(20)) == pieces(20, 3, 17)
    transfers.set_paused(record.id, paused=True)
    assert again(transfers, record).paused
    transfers.set_paused(record.id, paused=False)
    assert not again(transfers, record).paused
    transfers.mark_complete(record.id, FACTS)
    found = again(transfers, record)
    assert found.complete
    assert found.believed_pieces(FACTS, Bitfield.full(20)) == Bitfield.full(20)
    assert again(transfers, other) == other


def test_totals_add_up(transfers: TransferStore) -> None:
    record = add(transfers)
    transfers.add_totals(record.id, 5, 2**40)
    transfers.add_totals(record.id, 6, 1)
    found = again(transfers, record)
    assert (found.uploaded, found.downloaded) == (11, 2**40 + 1)


def test_a_record_is_believed_only_if_nothing_changed(transfers: TransferStore) -> None:
    record = add(transfers)
    assert record.believed_pieces(FACTS, Bitfield.full(20)) is None
    transfers.update_progress(record.id, pieces(20, 3), FACTS)
    found = again(transfers, record)
    for changed in (
        FileStamps((FileStamp(100, 2**60 + 1), FileStamp(0, 7))),
        FileStamps((FileStamp(101, 2**60), FileStamp(0, 7))),
        FileStamps((FileStamp(100, 2**60),)),
    ):
        assert found.believed_pieces(changed, Bitfield.full(20)) is None
    assert found.believed_pieces(FACTS, Bitfield.full(30)) is None
    assert found.believed_pieces(FACTS, Bitfield.full(17)) is not None


def test_unreadable_stamps_are_none(tmp_path: Path) -> None:
    path = tmp_path / "client.sqlite"
    with ClientState(path) as state:
        record = add(state.transfers)
        state.transfers.update_progress(record.id, pieces(20, 3), FACTS)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE transfers SET facts = 'nonsense'")
    connection.commit()
    connection.close()
    with ClientState(path) as state:
        assert again(state.transfers, record).stamps is None


def test_options_are_kept_and_deleted_with_the_transfer(tmp_path: Path) -> None:
    path = tmp_path / "client.sqlite"
    options = DownloadOptions(
        priority=-3,
        sequential=True,
        only=("*.jpg", "ü"),
        finalized=("a",),
        first=("b",),
        last=("c",),
    )
    with ClientState(path) as state:
        record = add(state.transfers)
        assert record.options == DEFAULT_OPTIONS
        state.transfers.set_options(record.id, DownloadOptions(priority=1))
        state.transfers.set_options(record.id, options)
        other = add(state.transfers, "other")
    with ClientState(path) as state:
        assert again(state.transfers, record).options == options
        found = state.transfers.find("ann", "lab", "file")
        assert found is not None
        assert found.options == options
        assert [each.options for each in transfers_of(state.transfers, "ann")] == [
            options,
            DEFAULT_OPTIONS,
        ]
        state.transfers.remove(other.id)
        state.transfers.remove(record.id)
        assert add(state.transfers).id == record.id  # numbers are used again
        assert [each.options for each in transfers_of(state.transfers, "ann")] == [DEFAULT_OPTIONS]


def test_a_complete_selection_is_widened(transfers: TransferStore) -> None:
    record = add(transfers)
    transfers.mark_complete(record.id, FACTS)
    transfers.set_paused(record.id, paused=True)
    options = DownloadOptions(finalized=("a",))
    transfers.reopen(record.id, options)
    found = again(transfers, record)
    assert (found.complete, found.paused, found.options) == (False, False, options)
    assert found.believed_pieces(FACTS, Bitfield.full(20)) is None


def test_a_complete_download_is_repaired_in_place(tmp_path: Path) -> None:
    path, have = tmp_path / "client.sqlite", pieces(20, 3, 4)
    with ClientState(path) as state:
        record = add(state.transfers)
        state.transfers.mark_complete(record.id, FACTS)
        options = DownloadOptions(only=("*.jpg",), in_place=True)
        found = state.transfers.reopen_in_place(record.id, have, FACTS, options)
        assert found == again(state.transfers, record)
    with ClientState(path) as state:
        (found,) = transfers_of(state.transfers, "ann")
        assert (found.complete, found.is_upload, found.options) == (False, False, options)
        assert found.believed_pieces(FACTS, Bitfield.full(20)) == have
        state.transfers.set_options(record.id, DownloadOptions(only=("*.jpg",)))
        assert not again(state.transfers, record).options.in_place
        state.transfers.set_options(record.id, options)
        state.transfers.remove(record.id)
        assert not again(state.transfers, add(state.transfers)).options.in_place


def test_existing_content_is_recorded_as_verified(transfers: TransferStore) -> None:
    have = pieces(20, 1)
    record = transfers.add(
        NewTransfer(
            user="ann",
            group="lab",
            name="file",
            info_hash=InfoHash(bytes(20)),
            metainfo=b"",
            path=Path("/data/a"),
            added_at=WHEN,
            stamps=FACTS,
            have=have,
            options=DownloadOptions(in_place=True),
        )
    )
    assert record == again(transfers, record)
    assert record.believed_pieces(FACTS, Bitfield.full(20)) == have


def test_a_distrusted_record_is_not_believed(
    transfers: TransferStore,
) -> None:
    record = add(transfers)
    transfers.mark_complete(record.id, FACTS)
    assert again(transfers, record).believed_pieces(FACTS, Bitfield.full(20)) is not None
    transfers.distrust(record.id)
    assert again(transfers, record).believed_pieces(FACTS, Bitfield.full(20)) is None


def test_threads_take_turns(transfers: TransferStore) -> None:
    record = add(transfers)

    def work() -> None:
        for _ in range(20):
            transfers.add_totals(record.id, 1, 2)

    run_together([work] * 4)
    found = again(transfers, record)
    assert (found.uploaded, found.downloaded) == (80, 160)


def test_a_kill_loses_no_record(tmp_path: Path) -> None:
    path = tmp_path / "client.sqlite"
    with ClientState(path) as state:
        record = add(state.transfers)
    script = f"""
from pathlib import Path
from client.core.transfers.resume import FileStamp, FileStamps
from tests.unit.client.state.states import ClientState
from common.bitfield import Bitfield
state = ClientState(Path({str(path)!r}))
bitfield = Bitfield(10_000)
for number in range(10_000):
    bitfield.add(number)
    state.transfers.update_progress({record.id}, bitfield, FileStamps((FileStamp(1, number),)))
    print(number, flush=True)
"""
    last = -1
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = int(line)
            if last == 30:
                process.send_signal(signal.SIGKILL)
                break
        last = int((process.stdout.read().split() or [b"30"])[-1])
    with ClientState(path) as state:
        found = again(state.transfers, record)
        assert found.bitfield is not None
        assert found.stamps is not None
        recorded = Bitfield.from_bytes(found.bitfield, 10_000)
        assert recorded.count >= last + 1
        assert found.stamps.files[0].mtime_ns == recorded.count - 1
