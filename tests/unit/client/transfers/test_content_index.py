from __future__ import annotations

from dataclasses import dataclass

from client.core.protocol.mse import name_of
from client.transfers.content_index import ContentIndex
from common.types import InfoHash

HASH = InfoHash(b"h" * 20)


@dataclass(eq=False)
class Share:
    info_hash: InfoHash = HASH


def test_content_is_found_by_hash_and_by_name() -> None:
    index: ContentIndex[Share] = ContentIndex()
    share = Share()
    assert index.find(HASH) is None
    index.add(share)
    assert index.find(HASH) is share
    assert index.hash_named(name_of(HASH)) == HASH
    assert index.hash_named(HASH) is None
    index.discard(share)
    assert index.find(HASH) is None
    assert index.hash_named(name_of(HASH)) is None


def test_a_replaced_one_leaves_the_other() -> None:
    index: ContentIndex[Share] = ContentIndex()
    old, new = Share(), Share()
    index.add(old)
    index.add(new)
    index.discard(old)
    assert index.find(HASH) is new
    assert index.hash_named(name_of(HASH)) == HASH
    index.clear()
    assert index.find(HASH) is None
    assert index.hash_named(name_of(HASH)) is None
