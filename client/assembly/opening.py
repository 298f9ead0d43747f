"""Opens a client's session."""

from __future__ import annotations

import threading
from contextlib import ExitStack

from client.assembly.assembly import Assembly
from client.assembly.parts import DEFAULT_PARTS, Parts
from client.config import ClientConfig
from client.core.admission.descriptor_budget import DescriptorBudget
from client.core.swarm.swarm_config import SwarmConfig
from client.services.health.environment import raise_descriptors
from client.services.session import Session
from client.state.database import Database
from client.storage.files.handles import OPEN

_STACK = 4 * 1024 * 1024
"""Stack size per thread in bytes; only used pages take memory, and there are two threads a peer.

The bencode library stops at a depth for which it needs 2 MiB; with less, one deeply nested message
of a peer would end the process.
"""


def open_session(
    config: ClientConfig, swarm_config: SwarmConfig | None = None, parts: Parts = DEFAULT_PARTS
) -> Session:
    """Start a client: database, listener, tracker client, everything a session needs.

    `swarm_config` is each torrent's. Raises MinitorrentError when the address to listen on or
    the database can't be used.
    """
    threading.stack_size(_STACK)
    budget = DescriptorBudget.of(raise_descriptors())
    OPEN.limit = budget.files
    closing_stack = ExitStack()
    with ExitStack() as failure:
        failure.callback(closing_stack.close)
        database = Database.open(config.data_dir / "client.sqlite")
        closing_stack.callback(database.close)
        listener = parts.listener(config.listen, budget.handshakes)
        closing_stack.callback(listener.close)
        assembly = Assembly(config, parts, database, listener, budget, closing_stack)
        session = assembly.session(swarm_config or SwarmConfig())
        failure.pop_all()
    return session
