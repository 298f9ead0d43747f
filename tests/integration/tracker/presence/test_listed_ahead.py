"""The peers that a file's metainfo is given with: those of an announce, before there is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event

from common.api import files, presence
from common.errors import ErrorCode, MinitorrentError
from common.types import InfoHash
from tests.integration.tracker.lab import Client, Lab
from tracker.domain.presence import PEERS_PER_FILE

HOME, ELSEWHERE, INSIDE = "45.80.0.1", "45.80.0.2", "192.168.1.10"


@pytest.fixture
def info_hash(lab: Lab) -> InfoHash:
    for name in ("bob", "cat", "dan"):
        lab.member(name)
    return lab.share("x.bin")


def listed(lab: Lab, client: Client, numwant: int = 50) -> presence.FilePresence | None:
    """Return what a client gets with the metainfo, by the file's name and by its info-hash."""
    me = client.caller.require_login()
    asked = files.GetFile(group="lab", name="x.bin", numwant=numwant)
    by_name = lab.services.files.get_file(me, asked)
    found = files.FindFile(info_hash=by_name.info_hash, numwant=numwant)
    by_hash = lab.services.files.find_file(me, found)
    assert numwant != 50 or _unordered(by_name.presence) == _unordered(by_hash.presence)
    return by_name.presence


def _unordered(found: presence.FilePresence | None) -> object:
    rows = found and sorted(found.peers, key=lambda peer: peer.peer_id)
    return found and found.model_copy(update={"peers": rows})


def swarm(lab: Lab, info_hash: InfoHash) -> Client:
    """Bob's client has the file, and dan's wants it; return cat's, which comes from bob's home."""
    lab.client("bob", HOME, b"b" * 20, local=(INSIDE,)).announce(info_hash)
    lab.client("dan", ELSEWHERE, b"d" * 20).announce(info_hash, left=1)
    return lab.client("cat", HOME, b"c" * 20)


def test_the_list_is_that_of_an_announce(lab: Lab, info_hash: InfoHash) -> None:
    cat = swarm(lab, info_hash)
    before = listed(lab, cat)
    assert before is not None
    assert (before.complete, before.incomplete) == (1, 1)
    (announced,) = cat.announce(info_hash, left=1)
    assert announced.incomplete == 2, "with cat's"
    assert _unordered(before) == _unordered(announced.model_copy(update={"incomplete": 1}))
    bob = next(peer for peer in before.peers if peer.user == "bob")
    assert [one.host for one in bob.others] == [INSIDE], "cat comes from the same home"
    assert _unordered(listed(lab, cat)) == _unordered(announced), "without herself"


def test_whoever_comes_from_elsewhere_is_not_told_of_local_addresses(
    lab: Lab, info_hash: InfoHash
) -> None:
    swarm(lab, info_hash)
    found = listed(lab, lab.client("cat", ELSEWHERE, b"e" * 20))
    assert found is not None
    assert not any(peer.others for peer in found.peers)


def test_nobody_is_recorded_by_it(lab: Lab, info_hash: InfoHash) -> None:
    cat = swarm(lab, info_hash)
    listed(lab, cat)
    assert b"c" * 20 not in {peer_id for _, _, peer_id in lab.swarm(info_hash)}


def test_as_many_are_listed_as_are_asked_for(lab: Lab, info_hash: InfoHash) -> None:
    cat = swarm(lab, info_hash)
    few = listed(lab, cat, numwant=1)
    assert few is not None
    assert len(few.peers) == 1
    assert listed(lab, cat, numwant=0) is None


def test_at_most_as_many_are_listed_as_in_an_announce(lab: Lab, info_hash: InfoHash) -> None:
    for number in range(presence.MAX_NUMWANT // PEERS_PER_FILE + 1):
        key = lab.member(f"user{number}")
        for port in range(1, PEERS_PER_FILE + 1):
            lab.stock(key, info_hash, b"-LT20B0-%06d%06d" % (number, port), port=port)
    found = listed(lab, lab.client("cat", HOME, b"c" * 20), numwant=100_000)
    assert found is not None
    assert len(found.peers) == presence.MAX_NUMWANT


def test_only_clients_with_a_session_are_told(lab: Lab, info_hash: InfoHash) -> None:
    cat = swarm(lab, info_hash).caller.require_login()
    over_http = replace(cat, connection_id="")
    request = files.GetFile(group="lab", name="x.bin", numwant=50)
    reply = lab.services.files.get_file(over_http, request)
    assert "presence" not in reply.model_dump()


def test_whoever_may_not_have_the_file_learns_nothing(lab: Lab, info_hash: InfoHash) -> None:
    cat = swarm(lab, info_hash).caller.require_login()
    lab.remove("cat")
    by_name = files.GetFile(group="lab", name="x.bin", numwant=50)
    with pytest.raises(MinitorrentError) as refusal:
        lab.services.files.get_file(cat, by_name)
    assert refusal.value.code is ErrorCode.NOT_MEMBER
    by_hash = files.FindFile(info_hash=info_hash.hex(), numwant=50)
    with pytest.raises(MinitorrentError) as refusal:
        lab.services.files.find_file(cat, by_hash)
    assert refusal.value.code is ErrorCode.NO_SUCH_FILE


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Collects the statements that are executed."""
    found: list[str] = []

    def note(*arguments: object) -> None:
        found.append(str(arguments[2]))

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


def test_it_costs_one_statement_more(lab: Lab, info_hash: InfoHash, statements: list[str]) -> None:
    me = swarm(lab, info_hash).caller.require_login()
    counts = []
    for numwant in (0, 50):
        statements.clear()
        lab.services.files.get_file(me, files.GetFile(group="lab", name="x.bin", numwant=numwant))
        counts.append(len(statements))
    assert counts[1] == counts[0] + 1, statements
