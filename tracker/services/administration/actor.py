"""The operator as the actor of events."""

from __future__ import annotations

from common.types import PeerId
from tracker.services.caller import Identity

OPERATOR = Identity(
    user_id=0,
    user="(operator)",  # the name of no user: those have no parentheses
    token_id=0,
    connection_id="",
    peer_id=PeerId(bytes(20)),
    address="",
)
"""The operator, who has no account and no address."""
