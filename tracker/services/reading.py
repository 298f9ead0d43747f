"""Parsing of metainfo, with large ones one at a time."""

from __future__ import annotations

import threading

from common import metainfo
from common.metainfo import Metainfo

_SMALL = 256 * 1024  # bytes that any parse takes at most a few hundredths of a second for


class MetainfoReader:
    """Parses the metainfo of added files. Thread-safe.

    Large metainfo takes up to a second of CPU time. The frontends bound how many requests wait
    here, since they accept only a few long requests at a time.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def read(self, data: bytes) -> Metainfo:
        """Parse metainfo. Raises MinitorrentError as common.metainfo.parse does."""
        if len(data) <= _SMALL:
            return metainfo.parse(data)
        with self._turn:
            return metainfo.parse(data)
