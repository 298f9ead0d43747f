"""Files that were removed from their groups for everybody: our transfers of them end."""

from __future__ import annotations

from concurrent.futures import Executor

import structlog

from client.core.notices.events import FileRemoved, ShareFailed
from client.event_bus import EventBus
from client.membership.remote import TrackerCalls
from client.transfers.transfer import Transfer
from client.transfers.transfer_manager import TransferManager
from common.api import files
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash

log = structlog.get_logger(__name__)


class Removals:
    """Ends transfers of removed files; what is on the disk stays as it is."""

    def __init__(
        self, remote: TrackerCalls, manager: TransferManager, jobs: Executor, events: EventBus
    ) -> None:
        self._remote = remote
        self._manager = manager
        self._jobs = jobs
        self._events = events

    def on_removed(self, event: FileRemoved) -> None:
        """End the transfer of a removed file soon, in a job thread; returns at once."""
        try:
            self._jobs.submit(self._check, event)
        except RuntimeError:
            log.debug("closing: a transfer of a removed file is left", name=event.name)

    def _check(self, event: FileRemoved) -> None:
        try:
            if self._find(event) is not None and not self._is_back(event.info_hash):
                self.end(event)
        except MinitorrentError as error:  # the next announce is refused in any case
            log.info("a removal can't be checked", name=event.name, error=error.message)

    def end(self, event: FileRemoved) -> None:
        """Forget our share of a removed file; a download fails, and its data is kept."""
        transfer = self._find(event)
        if transfer is None:
            return
        if not transfer.record.complete:
            transfer.refused(MinitorrentError(ErrorCode.NO_SUCH_FILE, event.text))
            return
        self._manager.discard(transfer)
        if event.is_new:
            code = ErrorCode.NO_SUCH_FILE
            self._events.publish(ShareFailed(event.group, event.name, code, event.text))

    def _find(self, event: FileRemoved) -> Transfer | None:
        transfer = self._manager.find(event.group, event.name)
        return transfer if transfer and transfer.info_hash == event.info_hash else None

    def _is_back(self, info_hash: InfoHash) -> bool:
        """Return whether a member has added the same content again since the removal."""
        try:
            self._remote.call(files.FIND_FILE, info_hash=info_hash.hex())
        except MinitorrentError as error:
            if error.code is not ErrorCode.NO_SUCH_FILE:
                raise
            return False
        return True
