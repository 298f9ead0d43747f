"""The answer to those who ask for content that no group shares, or no longer."""

from __future__ import annotations

from collections.abc import Collection

from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash
from tracker.store.unit_of_work import UnitOfWork


class RemovedFileError(MinitorrentError):
    """The file was removed from its group (no_such_file)."""


def unknown_files(
    work: UnitOfWork, user_id: int, info_hashes: Collection[InfoHash]
) -> dict[InfoHash, MinitorrentError]:
    """Return the error for each of these info-hashes, which no group shares.

    The members of a group from which a file was removed learn who removed it.
    """
    if not info_hashes:
        return {}
    removals = work.events.removals(info_hashes)
    own = work.groups.is_member_of(user_id, {event.group_id for event in removals.values()})
    errors: dict[InfoHash, MinitorrentError] = {}
    for info_hash in info_hashes:
        event = removals.get(info_hash)
        if event is not None and event.group_id in own:
            errors[info_hash] = RemovedFileError(ErrorCode.NO_SUCH_FILE, event.text)
        else:
            sentence = f"None of your groups shares the file {info_hash.hex()}."
            errors[info_hash] = MinitorrentError(ErrorCode.NO_SUCH_FILE, sentence)
    return errors


def no_such_info_hash(work: UnitOfWork, user_id: int, info_hash: InfoHash) -> MinitorrentError:
    """Return the error for an info-hash that none of a user's groups shares."""
    return unknown_files(work, user_id, [info_hash])[info_hash]
