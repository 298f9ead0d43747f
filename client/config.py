"""The configuration that a client starts with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from common.types import Endpoint


@dataclass(frozen=True)
class ClientConfig:
    """Where this client accepts peers, which trackers it uses, and where it keeps its state."""

    listen: Endpoint
    trackers: tuple[Endpoint, ...]
    data_dir: Path
    log_level: str = "warning"
    active: int | None = None
    """Downloads that run at once, 0 for no limit; None keeps the current setting."""
    web: Endpoint | None = None
    """Where to serve the page and the HTTP API."""


def default_data_dir(listen: Endpoint) -> Path:
    """Return the folder in the user's data folder that is named after the client's address."""
    import platformdirs

    name = re.sub(r"[^A-Za-z0-9.-]", "_", str(listen))
    return platformdirs.user_data_path("minitorrent", appauthor=False) / name
