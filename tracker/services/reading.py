"""Reading metainfo: what is large, one at a time."""

from __future__ import annotations

import threading

from common import metainfo
from common.metainfo import Metainfo

_SMALL = 256 * 1024  # bytes that are read in some hundredths of a second, whatever is in them


class MetainfoReader:
    """Reads metainfo for all who offer files; safe for use by many threads.

    Large metainfo takes the processor for up to a second. How many wait here is bounded by the
    frontends, which take so many long requests at a time.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def read(self, data: bytes) -> Metainfo:
        """The metainfo in these bytes. Raises MinitorrentError as common.metainfo.parse does."""
        if len(data) <= _SMALL:
            return metainfo.parse(data)
        with self._turn:
            return metainfo.parse(data)
