"""Rendezvous: a client that can't dial a peer has the tracker tell both to dial each other."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from common.api.model import Hex20, Model, Name, Port
from common.api.operation import Operation
from common.errors import ErrorCode

MAX_ENDPOINTS = 4
"""Most addresses of one client to be dialled for a rendezvous."""

Token = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""What both clients show each other for this rendezvous: 16 random bytes in hex."""


class SeenEndpoint(Model):
    """An address at which the tracker saw a client, or where that client accepts peers there."""

    host: Annotated[str, Field(max_length=64)]
    port: Port


Endpoints = Annotated[list[SeenEndpoint], Field(max_length=MAX_ENDPOINTS)]


class Rendezvous(Model):
    """Ask for a connection with a member's client, as listed for this file.

    Without `relay`, one that a relay makes is not wanted. `unanswered`: its port has just given no
    answer, as opposed to being listed as silent.
    """

    info_hash: Hex20
    user: Name
    peer_id: Hex20
    relay: bool = True
    unanswered: bool = False


class RendezvousReply(Model):
    """The other client has been told; dial it at these `endpoints` at once, as it dials you.

    `token` is None if it has no session, so that it can't be told. `ticket` is for this tracker's
    relay, if that may join the two.
    """

    token: Token | None
    endpoints: Endpoints = Field(default_factory=list)
    ticket: Token | None = None


class RendezvousNotice(Model):
    """Another client asks for a connection: dial it at these `endpoints` at once.

    `ticket` is for the relay of the other client's tracker, which is at `relay`; that is None if it
    is the tracker of this session.
    """

    info_hash: Hex20
    token: Token
    endpoints: Endpoints
    ticket: Token | None = None
    relay: SeenEndpoint | None = None


RENDEZVOUS = Operation(
    "rendezvous",
    Rendezvous,
    RendezvousReply,
    frozenset({ErrorCode.NO_SUCH_FILE, ErrorCode.NOT_MEMBER, ErrorCode.TOO_MANY_ATTEMPTS}),
    scope="member",
    session_only="Only clients that announce over a session accept peers where the tracker sees"
    " them.",
)
