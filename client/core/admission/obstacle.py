"""What keeps us from talking to a peer, as far as we can tell, and what its owner can do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from common.types import PeerId

_OURS = b"-MI"
"""How this program's peer ids begin (BEP 20)."""


class _Words(NamedTuple):
    """What one peer does, what several do, and the next step."""

    one: str
    several: str
    hint: str


_AGAIN = "; the client tries again automatically."


class Obstacle(Enum):
    """How far we got with a peer; the last members got furthest."""

    NO_ROUTE = _Words(
        "can't be reached from this computer's network",
        "can't be reached from this computer's network",
        f"Check the network of this computer, and which address they announce{_AGAIN}",
    )
    NO_ANSWER = _Words(
        "gives no answer at its port",
        "give no answer at their ports",
        f"Ask them to open their port in the firewall, and to forward it in the router{_AGAIN}",
    )
    REFUSED = _Words(
        "refuses connections at its port",
        "refuse connections at their ports",
        "Ask them to start their client, or to open its TCP port in the firewall if it runs"
        + _AGAIN,
    )
    NO_WAY = _Words(
        "can't be reached, and can't reach you, either",
        "can't be reached, and can't reach you, either",
        "Forward the port in the router of one of you, or switch on UPnP there; or ask the"
        " tracker's operator to start it with --relay, which joins members of sealed groups"
        + _AGAIN,
    )
    NO_RELAY = _Words(
        "can't be reached, and can't reach you, and the tracker's relay has not joined you",
        "can't be reached, and can't reach you, and the tracker's relay has not joined you",
        "It may have no place left, or you or the group may have had your share of it for today."
        f" Forward the port in the router of one of you, or switch on UPnP there{_AGAIN}",
    )
    NO_ROOM_HERE = _Words(
        "could not be dialled: this computer has no free place for another connection",
        "could not be dialled: this computer has no free places for more connections",
        "Close programs that use many files and connections; for the limits, type: doctor",
    )
    NOT_BITTORRENT = _Words(
        "answers at its port, but not with BitTorrent",
        "answer at their ports, but not with BitTorrent",
        f"Another program may have that port: ask which one their client listens on{_AGAIN}",
    )
    SILENT = _Words(
        "accepts connections at its port, but says nothing",
        "accept connections at their ports, but say nothing",
        f"Have its owner restart that client{_AGAIN}",
    )
    HUNG_UP = _Words(
        "answers at its port, but hangs up before the handshake",
        "answer at their ports, but hang up before the handshake",
        "Such a client may have no free slot, not share this any more, or speak only uTP: have its"
        f" owner switch TCP on{_AGAIN}",
    )
    CERTIFICATE = _Words(
        "rejects your certificate, or has none of this group",
        "reject your certificate, or have none of this group",
        f"Check the clocks on both sides (doctor), and that both are still members{_AGAIN}",
    )
    NOT_YET_VALID = _Words(
        "shows a certificate that is not valid yet by this machine's clock",
        "show certificates that are not valid yet by this machine's clock",
        "This machine's clock is probably behind, else that of the tracker they use is ahead:"
        f" compare them with doctor{_AGAIN}",
    )
    EXPIRED = _Words(
        "shows a certificate that has expired by this machine's clock",
        "show certificates that have expired by this machine's clock",
        "Either this machine's clock is ahead (doctor), or their client has reached no tracker for"
        f" a long time: ask them to type doctor{_AGAIN}",
    )
    THEIR_CLOCK = _Words(
        "considers your certificate expired or not yet valid",
        "consider your certificate expired or not yet valid",
        "If doctor finds this machine's clock right, theirs is probably wrong: ask them to type"
        f" doctor{_AGAIN}",
    )
    OTHER_TORRENT = _Words(
        "answers for another file than it was asked for",
        "answer for another file than they were asked for",
        f"That is an error of their client: ask its owner to restart it{_AGAIN}",
    )
    TURNED_AWAY = _Words(
        "answers at its port, but accepts no connection for this",
        "answer at their ports, but accept no connection for this",
        "It may have no free slot, have stopped sharing this, or not know you as a member" + _AGAIN,
    )
    LEFT = _Words(
        "shakes hands, and then hangs up",
        "shake hands, and then hang up",
        "It may have no free slot, or accept only peers that the tracker has listed for it"
        + _AGAIN,
    )

    @property
    def is_silence(self) -> bool:
        """Whether we reached nothing at all."""
        silent = (Obstacle.NO_ROUTE, Obstacle.NO_ANSWER, Obstacle.REFUSED)
        return self.is_unmet or self in silent

    @property
    def is_unmet(self) -> bool:
        """Whether the tracker could not bring us together, either."""
        return self in (Obstacle.NO_WAY, Obstacle.NO_RELAY)

    @property
    def hint(self) -> str:
        """A sentence that names the next step."""
        return self.value.hint

    def of(self, peer_id: PeerId) -> Obstacle:
        """Return what this means for `peer_id`; our own clients never demand uTP."""
        if self is Obstacle.HUNG_UP and is_ours(peer_id):
            return Obstacle.TURNED_AWAY
        return self


def is_ours(peer_id: PeerId) -> bool:
    """Return whether a peer says that it is this program."""
    return peer_id.startswith(_OURS)


def commonest(obstacles: Sequence[Obstacle]) -> Obstacle:
    """Return the most frequent of at least one obstacle; of equals, the one that got furthest."""
    counts, order = Counter(obstacles), list(Obstacle)
    return max(counts, key=lambda obstacle: (counts[obstacle], order.index(obstacle)))


def describe(obstacles: Sequence[Obstacle], obstacle: Obstacle) -> str:
    """Return a sentence about unreachable peers, most of which share `obstacle`."""
    total, count = len(obstacles), obstacles.count(obstacle)
    if total == 1:
        return f"The only peer that is online {obstacle.value.one}."
    if count == total:
        return f"All {total} peers that are online {obstacle.value.several}."
    verb = obstacle.value.one if count == 1 else obstacle.value.several
    return f"No connection to any of {total} peers; {count} of them {verb}."
