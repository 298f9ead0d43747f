"""What a user does when something doesn't go as it should."""

from __future__ import annotations

import os
from pathlib import Path

from client.core.diagnosis import diagnose
from client.engine.account import Account
from client.engine.results import RelocateResult, WhyResult
from client.engine.snapshot import Snapshots
from client.engine.transfer_manager import TransferManager
from client.engine.uploads import HashProgress
from client.storage.os_errors import shown
from client.storage.search import find_content
from client.storage.typed_path import typed_path
from common.errors import ErrorCode, MinitorrentError


class Diagnostics:
    """Finding and mending what is wrong; see Session for what goes for all its methods."""

    def __init__(self, account: Account, transfers: TransferManager, snapshots: Snapshots) -> None:
        self._account = account
        self._transfers = transfers
        self._snapshots = snapshots

    def why(self, group: str, name: str) -> WhyResult:
        """The one reason why a transfer stands as it does, and the next step."""
        self._account.require()
        reason = diagnose(self._snapshots.take(self._transfers.get(group, name)))
        return WhyResult(reason=reason.text, hint=reason.hint)

    def relocate(
        self, group: str, name: str, where: Path, progress: HashProgress | None = None
    ) -> RelocateResult:
        """Share on what was moved to `where`, or to somewhere below it: it is found by content.

        Raises MinitorrentError: usage for what is not complete, file_not_found and file_changed
        when the content is not there.
        """
        self._account.require()
        transfer = self._transfers.get(group, name)
        if not transfer.record.complete or transfer.storage.plan.only:
            raise MinitorrentError(
                ErrorCode.USAGE,
                f"Only what is complete can be relocated, and {name!r} is not; put it back, or "
                "cancel it and download it anew.",
            )
        place = typed_path(where)
        found = find_content(transfer.metainfo, place, progress)
        if found is None:
            raise _not_there(place, name)
        path, facts = found
        self._transfers.relocate(transfer, path, facts)
        return RelocateResult(group=group, name=name, path=str(path))


def _not_there(place: Path, name: str) -> MinitorrentError:
    if not os.path.exists(place):  # noqa: PTH110 - never raises
        return MinitorrentError(
            ErrorCode.FILE_NOT_FOUND, f"There is nothing at {shown(place)}; check the path."
        )
    return MinitorrentError(
        ErrorCode.FILE_CHANGED,
        f"What was shared as {name!r} is not at {shown(place)}, by its content; say another "
        "place, or stop_share it and upload it anew.",
    )
