"""A download under whatever a user, its peers and its disk do, in any order."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from client.results.transfers import TransferState
from client.state.database import Database
from client.storage.files.naming import partial_path
from client.torrent.torrent import Torrent
from client.transfers.disk_space import INTERVAL, PATIENT_INTERVAL
from common.errors import ErrorCode, MinitorrentError
from tests.support.fakes.connections import Seeder
from tests.support.fakes.transfers import PLENTY, TransferLab, failure, shown, torrent_of
from tests.unit.client.storage.contents import PIECE
from tests.unit.client.transfers.conftest import CONTENT, DESCRIBED, change

FULL = MinitorrentError(ErrorCode.DISK_FULL, "No space left on device.")
BROKEN = MinitorrentError(ErrorCode.PERMISSION_DENIED, "The disk can't be written.")


class DownloadMachine(RuleBasedStateMachine):
    """Whatever happens, only right pieces count, and the download can be completed."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory(prefix="minitorrent-")
        self.database = Database.open(Path(self.folder.name) / "client.sqlite")
        self.lab = TransferLab(self.database)
        final = Path(self.folder.name) / "content"
        self.transfer = self.lab.open(self.lab.record(DESCRIBED, final))
        self.seeders: dict[Torrent, Seeder] = {}
        self.jobs_wait = False

    # --- the user ---
    @rule()
    def start(self) -> None:
        self.transfer.start()
        self.jobs_wait = True

    @rule()
    def pause(self) -> None:
        self.transfer.pause()

    @rule()
    def resume(self) -> None:
        self.transfer.resume()
        self.jobs_wait = True

    @rule()
    def recheck(self) -> None:
        self.transfer.halt()
        self.transfer.start(recheck=True)
        self.jobs_wait = True

    @rule()
    def end_the_client(self) -> None:
        self.transfer.halt()
        self.lab.jobs.run()
        self.transfer = self.lab.reopen(self.transfer)

    # --- the client ---
    @rule()
    def run_jobs(self) -> None:
        self.lab.jobs.run()
        self.jobs_wait = False

    @rule(seconds=st.sampled_from([INTERVAL, PATIENT_INTERVAL]))
    def pass_time(self, seconds: float) -> None:
        self.lab.clock.advance(seconds)
        self.transfer.resume_if_space()
        self.lab.scheduler.review()
        self.jobs_wait = True

    @rule()
    def checkpoint(self) -> None:
        self.transfer.checkpoint()
        self.jobs_wait = True

    # --- peers and the disk ---
    @precondition(lambda self: self.is_downloading)
    @rule(pieces=st.integers(1, 4))
    def give(self, pieces: int) -> None:
        self.seeder().give(pieces)
        self.jobs_wait = True

    @precondition(lambda self: self.is_downloading)
    @rule(has_space=st.booleans())
    def fill_the_disk(self, has_space: bool) -> None:
        self.lab.client.workers.error = FULL
        self.lab.free = PLENTY if has_space else 0
        self.give(1)

    @rule()
    def make_room(self) -> None:
        self.lab.client.workers.error = None
        self.lab.free = PLENTY

    @precondition(lambda self: self.transfer.torrent is not None)
    @rule(piece=st.integers(0, 3))
    def damage(self, piece: int) -> None:
        """Another program changes a byte, and the torrent notices."""
        self.run_jobs()
        if self.transfer.torrent is None:  # it had a reason to stop
            return
        final = self.transfer.path
        file = final if final.exists() else partial_path(DESCRIBED, final)
        change(file, piece * PIECE, quietly=True)
        self.transfer.on_damaged(torrent_of(self.transfer))
        self.run_jobs()

    @precondition(lambda self: self.transfer.torrent is not None)
    @rule()
    def fail(self) -> None:
        self.transfer.on_failed(torrent_of(self.transfer), BROKEN)
        self.run_jobs()

    def seeder(self) -> Seeder:
        torrent = torrent_of(self.transfer)
        if torrent not in self.seeders:
            self.seeders[torrent] = self.lab.seeder(self.transfer, CONTENT)
        return self.seeders[torrent]

    @property
    def is_downloading(self) -> bool:
        torrent = self.transfer.torrent
        return torrent is not None and not torrent.complete

    # --- the promises ---
    @invariant()
    def only_right_pieces_count(self) -> None:
        if not hasattr(self, "transfer"):
            return
        final, verified = self.transfer.path, self.transfer.verified
        assert self.transfer.done == verified.count * PIECE
        file = final if final.exists() else partial_path(DESCRIBED, final)
        content = file.read_bytes() if file.exists() else b""
        for piece in verified:
            start = piece * PIECE
            assert content[start : start + PIECE] == CONTENT[start : start + PIECE], piece

    @invariant()
    def what_is_active_is_announced(self) -> None:
        if hasattr(self, "transfer") and not self.jobs_wait:
            is_active = self.transfer.is_active
            assert bool(self.lab.announcer.announced) is is_active, shown(self.transfer)

    @invariant()
    def what_failed_says_why(self) -> None:
        if hasattr(self, "transfer"):
            has_failed = shown(self.transfer) is TransferState.FAILED
            assert (failure(self.transfer) is not None) is (
                has_failed or self.transfer.waits_for_space
            )

    @invariant()
    def what_is_complete_has_its_name(self) -> None:
        if hasattr(self, "transfer") and self.lab.saved(self.transfer).complete:
            assert self.transfer.path.exists()

    def teardown(self) -> None:
        """It can be completed, whatever has happened."""
        if not hasattr(self, "transfer"):
            return
        try:
            self.make_room()
            self.transfer.pause()
            self.lab.jobs.run()
            self.transfer.resume()
            self.lab.jobs.run()
            if self.is_downloading:
                self.seeder().give()
                self.lab.jobs.run()
            assert shown(self.transfer) is TransferState.SEEDING
            assert self.transfer.path.read_bytes() == CONTENT
        finally:
            self.transfer.halt()
            self.database.close()
            self.folder.cleanup()


TestDownloadMachine = DownloadMachine.TestCase
# Few, as each opens a database; and the same each time, so that a failure is that of a change.
TestDownloadMachine.settings = settings(
    max_examples=15, stateful_step_count=25, deadline=None, derandomize=True
)
