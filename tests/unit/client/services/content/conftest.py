"""A film that ann downloads."""

from __future__ import annotations

import pytest

from common.metainfo import Metainfo
from tests.unit.client.services.conftest import Sharer
from tests.unit.client.services.content.films import CONTENT
from tests.unit.client.storage.contents import describe


@pytest.fixture
def film(ann: Sharer) -> Metainfo:
    """Return bob's share."""
    return ann.offered(describe(CONTENT, name="film"))
