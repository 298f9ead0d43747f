"""The metainfo of files that are added: parsed, and checked against the group."""

from __future__ import annotations

import threading

from common import metainfo
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo
from tracker.services.groups.groups import source_of
from tracker.store.records import Group, NewFile

_SMALL_METAINFO = 256 * 1024  # bytes, which take at most a few hundredths of a second to parse


class MetainfoReader:
    """Parses the metainfo of added files. Thread-safe.

    Large metainfo takes up to a second of CPU time, so it is parsed one at a time. The frontends
    bound how many requests wait here, since they accept only a few long requests at a time.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def read(self, data: bytes) -> Metainfo:
        """Parse metainfo. Raises MinitorrentError as common.metainfo.parse does."""
        if len(data) <= _SMALL_METAINFO:
            return metainfo.parse(data)
        with self._turn:
            return metainfo.parse(data)


def check_content(content: Metainfo, name: str, group: Group) -> None:
    """Check that the metainfo was created for this group: private, with the group's source."""
    if content.name != name:
        raise MinitorrentError(
            ErrorCode.USAGE, f"This metainfo is for {content.name}; it can't be shared as {name}."
        )
    if not content.private or content.source != source_of(group):
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"This metainfo was not created for {group.name}; share the content itself with: "
            "upload_file",
        )


def check_authority(content: Metainfo, group: Group, authority: str | None) -> None:
    """Check `ssl-cert`: content with it is sealed whoever shares it, content without is open to
    all.
    """
    if content.authority != authority:
        raise MinitorrentError(
            ErrorCode.USAGE,
            f"This metainfo lacks the certificate of {group.name} (ssl-cert), or has another "
            "one; share the content itself with: upload_file",
        )


def new_file(content: Metainfo, group: Group, now: float) -> NewFile:
    return NewFile(
        group_id=group.id,
        name=content.name,
        info_hash=bytes(content.info_hash),
        size=content.size,
        pieces=content.piece_count,
        added_at=now,
    )
