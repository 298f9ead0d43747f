"""What ann downloads."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.core.transfers.download_options import DEFAULT_OPTIONS, DownloadOptions
from common.errors import MinitorrentError
from tests.unit.client.services.conftest import Sharer
from tests.unit.client.storage.contents import PIECE, random_bytes

CONTENT = random_bytes(4 * PIECE)


def refused(
    ann: Sharer, name: str, to: Path, options: DownloadOptions = DEFAULT_OPTIONS
) -> MinitorrentError:
    """The error of a download that is refused, and changes nothing."""
    records, transfers = ann.records, ann.manager.all()
    with pytest.raises(MinitorrentError) as caught:
        ann.download(name, to, options)
    assert (ann.records, ann.manager.all()) == (records, transfers)
    return caught.value
