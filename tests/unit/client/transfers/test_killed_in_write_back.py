"""A client that is killed while its download is being brought to the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from client.state.database import Database
from client.storage.files.unsynced_files import UnsyncedFiles
from client.storage.files.write_back import WriteBack
from tests.support.fakes.transfers import TransferLab
from tests.unit.client.storage.contents import PIECE
from tests.unit.client.transfers.conftest import CONTENT, DESCRIBED


def test_no_piece_is_recorded_before_it_is_on_the_disk(
    tmp_path: Path, empty_database: Path
) -> None:
    database, final = tmp_path / "client.sqlite", tmp_path / "content"
    shutil.copy(empty_database, database)
    command = [sys.executable, "-m", __name__, str(database), str(final)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"syncing\n"
        process.kill()
    opened = Database.open(database)
    lab = TransferLab(opened)
    try:
        (record,) = lab.store.list_unfinished("ann")
        transfer = lab.open(record)
        assert len(lab.saved_pieces(transfer)) == 1, "the other two were still being synced"
        transfer.start()
        lab.jobs.run()
        assert transfer.verified.count == 3, "they were found by hashing"
        lab.seeder(transfer, CONTENT).give()
        lab.jobs.run()
        assert final.read_bytes() == CONTENT
        transfer.halt()
    finally:
        opened.close()


def main() -> None:
    """Download three pieces, and try to record them while they are being synced."""
    write_back = WriteBack(time.monotonic, 2 * PIECE, 3600.0)
    lab = TransferLab(Database.open(Path(sys.argv[1])), write_back=write_back)
    transfer = lab.open(lab.record(DESCRIBED, Path(sys.argv[2])))
    transfer.start()
    lab.jobs.run()
    seeder, sync = lab.seeder(transfer, CONTENT), os.fdatasync
    seeder.give(1)
    transfer.checkpoint()
    is_syncing = threading.Event()

    def fdatasync(descriptor: int) -> None:
        if threading.current_thread().name == "write-back":
            is_syncing.set()
            threading.Event().wait()  # until the kill
        sync(descriptor)

    setattr(os, "fdatasync", fdatasync)  # noqa: B010 # its type has more kinds of descriptors
    seeder.give(2)
    assert is_syncing.wait(20)
    checkpoint = threading.Thread(target=transfer.checkpoint, daemon=True)
    checkpoint.start()
    while checkpoint.is_alive() and not waits_to_sync(checkpoint):
        time.sleep(0.01)
    sys.stdout.write("syncing\n")
    sys.stdout.flush()
    threading.Event().wait()


def waits_to_sync(thread: threading.Thread) -> bool:
    """Return whether a thread waits for another one's sync."""
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and frame.f_code.co_name == UnsyncedFiles.alone.__name__


if __name__ == "__main__":
    main()
