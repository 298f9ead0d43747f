"""The commands for problems: `why` and `relocate`."""

from __future__ import annotations

import os
from pathlib import Path

from client.core.health.diagnosis import diagnose
from client.membership.account import Account
from client.results.files import RelocateResult
from client.results.transfers import WhyResult
from client.services.content.uploads import HashProgress
from client.services.health.snapshots import Snapshots
from client.storage.paths.os_errors import shown
from client.storage.paths.typed_path import typed_path
from client.storage.search import find_content
from client.transfers.transfer_manager import TransferManager
from common.errors import ErrorCode, MinitorrentError


class Diagnostics:
    """Explains and repairs transfers; see Session for the rules of all its methods."""

    def __init__(self, account: Account, transfers: TransferManager, snapshots: Snapshots) -> None:
        self._account = account
        self._transfers = transfers
        self._snapshots = snapshots

    def why(self, group: str, name: str) -> WhyResult:
        """Return the one reason for a transfer's state, and the next step."""
        self._account.require()
        transfer = self._transfers.get(group, name)
        transfer.wake()  # what it lacks shows only then
        reason = diagnose(self._snapshots.take(transfer))
        return WhyResult(reason=reason.text, hint=reason.hint)

    def relocate(
        self, group: str, name: str, where: Path, progress: HashProgress | None = None
    ) -> RelocateResult:
        """Continue to share content that was moved to or below `where`, identified by its hashes.

        Raises MinitorrentError: usage for an incomplete transfer, file_not_found and file_changed
        when the content is not there.
        """
        self._account.require()
        transfer = self._transfers.get(group, name)
        if not transfer.record.complete or transfer.storage.options.only:
            raise MinitorrentError(
                ErrorCode.USAGE,
                f"Only a complete transfer can be relocated, and {name!r} is not complete. Put it "
                "back, or cancel it and download it again.",
            )
        place = typed_path(where)
        found = find_content(transfer.metainfo, place, progress)
        if found is None:
            raise _not_there(place, name)
        path, stamps = found
        self._transfers.relocate(transfer, path, stamps)
        return RelocateResult(group=group, name=name, path=str(path))


def _not_there(place: Path, name: str) -> MinitorrentError:
    if not os.path.exists(place):  # noqa: PTH110 - never raises
        return MinitorrentError(
            ErrorCode.FILE_NOT_FOUND, f"There is nothing at {shown(place)}; check the path."
        )
    return MinitorrentError(
        ErrorCode.FILE_CHANGED,
        f"No file at {shown(place)} has the content of {name!r}. Give another path, or stop_share "
        "it and upload it again.",
    )
