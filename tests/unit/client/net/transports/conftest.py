"""A client that serves members."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.client.net.transports.tls_handshakes import ServingClient


@pytest.fixture
def serving_client() -> Iterator[ServingClient]:
    serving_client = ServingClient()
    yield serving_client
    serving_client.close()
