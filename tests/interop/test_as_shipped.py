"""Each stock client in its default settings, with four torrents each way, and all at once.

Uses uTP, encryption, peer exchange and DHT as they come; what is set is where their files lie,
where they listen, and that nobody sits at their screen. The tests follow one another: all clients
run side by side from the first to the last, so that no test has to wait for what another one did.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from common.types import Endpoint
from tests.support.content import sha256
from tests.support.needs import require
from tests.support.network.namespace import private_network
from tests.support.programs.lab import GROUP
from tests.support.stock.company import COUNT, KINDS, Company, Item
from tests.support.stock.patience import wait_until

pytestmark = pytest.mark.interop

each = pytest.mark.parametrize("name", KINDS)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Start all clients; each is the only seeder of its files."""
    require("ip", network=True)
    with private_network() as hosts:
        company = Company(tmp_path_factory.mktemp("shipped"), hosts)
        try:
            for name in company.clients:
                company.seeded[name] = [
                    company.share(company.ann, f"from {name}", number) for number in range(COUNT)
                ]
            for name in company.clients:
                company.seed(name)
            for item in all_seeded(company):
                company.ann.ok("pause", GROUP, item.name)
            yield company
        finally:
            company.close()


@pytest.fixture(scope="module")
def ours(company: Company) -> dict[str, list[Item]]:
    """Start all downloads both ways at once: the clients get these, bob gets theirs."""
    wanted = {
        name: [company.share(company.ann, f"for {name}", number) for number in range(COUNT)]
        for name in company.clients
    }
    for name, items in wanted.items():
        for item in items:
            company.clients[name].add(item.torrent, company.copies(name))
    for item in all_seeded(company):
        company.bob.ok("download_file", GROUP, item.name, str(company.copies("bob")))
    for item in wanted.get("transmission", []):
        # It can't dial us, see docs/protocol.md. We dial it after our next announce, up to 30
        # seconds from now, or now:
        wait_until(partial(has_leechers, company, item), 30, "it to be announced")
        company.ann.ok("pause", GROUP, item.name)
        company.ann.ok("resume", GROUP, item.name)
    return wanted


@pytest.fixture(scope="module")
def former(company: Company, ours: dict[str, list[Item]]) -> dict[str, set[tuple[Endpoint, bytes]]]:
    """Restart each client after a crash; return the peers of each file before that.

    None of ours is there any more.
    """
    for item in all_seeded(company):
        company.bob.wait_complete(GROUP, item.name)
        company.bob.ok("stop_share", GROUP, item.name)
    before = {item.name: company.announced(item) for item in all_seeded(company)}
    for name in company.clients:
        company.crash(name)
    for name in company.clients:
        company.seed(name)
    return before


@pytest.fixture(scope="module")
def among_themselves(company: Company, former: object) -> list[Item]:
    """Start to download the first file of each client in all others."""
    items = [items[0] for items in company.seeded.values()]
    for item in items:
        for name, client in company.clients.items():
            if item not in company.seeded[name]:
                client.add(item.torrent, company.copies(name))
    return items


def has_leechers(company: Company, item: Item) -> bool:
    return company.counts(item)[1] > 0


def is_announced_by(company: Company, item: Item, expected: set[Endpoint]) -> bool:
    """Return whether the tracker lists exactly these peers of it."""
    return {address for address, _ in company.announced(item)} == expected


def all_seeded(company: Company) -> list[Item]:
    """The files of all clients."""
    return [item for items in company.seeded.values() for item in items]


@each
def test_four_torrents_are_listed_with_a_seeder(company: Company, name: str) -> None:
    """No announce makes the tracker forget another."""
    require(KINDS[name].program)
    expected = {company.clients[name].address}
    for item in company.seeded[name]:
        # Ann is leaving it, and the client on its way.
        wait_until(
            partial(is_announced_by, company, item, expected),
            30,
            f"nobody but {name} to have {item.name}",
        )
        assert company.counts(item) == company.scraped(item) == (1, 0)


@each
def test_our_client_downloads_four_torrents(company: Company, ours: object, name: str) -> None:
    require(KINDS[name].program)
    for item in company.seeded[name]:
        company.bob.wait_complete(GROUP, item.name)
        assert sha256(company.copies("bob") / item.name) == sha256(item.content)


@each
def test_a_stock_client_downloads_four_torrents_of_ours(
    company: Company, ours: dict[str, list[Item]], name: str
) -> None:
    require(KINDS[name].program)
    for item in ours[name]:
        company.wait_for_copy(name, item, 60)


@each
def test_after_a_crash_four_torrents_are_listed_once(
    company: Company, former: dict[str, set[tuple[Endpoint, bytes]]], name: str
) -> None:
    require(KINDS[name].program)
    for item in company.seeded[name]:
        before = former[item.name]
        assert len(before) == 1
        is_new = partial(is_another, company, item, before)
        (_,) = wait_until(is_new, 30, f"{item.name} to be announced by the new run")
        assert company.counts(item)[0] == 1


def is_another(
    company: Company, item: Item, before: set[tuple[Endpoint, bytes]]
) -> set[tuple[Endpoint, bytes]]:
    """Return the tracker's peers, once the new run is among them."""
    now = company.announced(item)
    return now if now - before else set()


@each
def test_stock_clients_download_from_each_other(
    company: Company, among_themselves: list[Item], name: str
) -> None:
    """None of ours takes part but the tracker."""
    require(KINDS[name].program)
    for item in among_themselves:
        if item not in company.seeded[name]:
            company.wait_for_copy(name, item, 60)
