"""A member's peer id from another address identifies nobody."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from pathlib import Path

from client.config import Timing
from common.wire.messages import Interested, Unchoke
from tests.attacks.peers.attackers import Attacker, peer_id_of, torrent_of
from tests.attacks.peers.test_bans import has, victims
from tests.integration.client.conftest import Log
from tests.integration.client.hostile import Infiltrator
from tests.integration.client.security.test_hostile_peers import bans
from tests.integration.client.team import GROUP, Team
from tests.integration.client.transfers.test_swarm import gets_nothing
from tests.support.content import make_file
from tests.support.waiting import wait_until

MIB = 1 << 20
ELSEWHERE = "127.0.0.66"
SHORT = Timing(identify_for=1.0)


def test_the_seeders_peer_id_from_another_address_does_not_identify(
    team: Team, tmp_path: Path, log: Log
) -> None:
    ann, bob, name, content = victims(team, tmp_path, SHORT)
    ann.session.transfers.resume(GROUP, name)
    outsider = Attacker(torrent_of(bob, name).metainfo, ELSEWHERE)
    with suppress(OSError):  # it may even be refused at once
        outsider.lie(bob, peer_id_of(ann))
    bob.finish(name)
    assert has(bob, content)
    assert not bans(log), "nothing was asked of it"


def test_a_members_peer_id_from_another_address_gets_nothing(
    team: Team, stack: ExitStack, tmp_path: Path
) -> None:
    ann = team.member("ann", timing=SHORT)
    name = team.share(ann, make_file(tmp_path / "content", MIB))
    bob = Infiltrator(team, stack, "bob")
    described = bob.metainfo_of(name)
    bob.session.announce(described.info_hash.hex(), described.length)
    outsider = Attacker(described, ELSEWHERE)
    with outsider.dial(ann, bob.peer_id) as peer:
        gets_nothing(peer)
    with Attacker(described).dial(ann, bob.peer_id) as peer:  # bob himself
        peer.send(Interested())
        peer.until(Unchoke)

        def users() -> list[str | None]:
            return [row.user for row in ann.session.transfers.peers(GROUP, name).peers]

        wait_until(lambda: users() == ["bob"], what="bob alone to be there")
