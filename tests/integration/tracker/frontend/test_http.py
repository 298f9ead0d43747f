"""Announce and scrape as stock clients speak them."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator

import bencode2
import pytest

from tests.integration.tracker.sessions import SessionClient, let_in
from tests.integration.tracker.stock_client import PEER, StockClient, query
from tracker.app import TrackerApp


@pytest.fixture
def info_hash(ann: SessionClient, bob: SessionClient) -> str:
    hashed: str = ann.upload("lab", "x.bin")["info_hash"]
    return hashed


@pytest.fixture
def stock(bob: SessionClient, info_hash: str) -> Iterator[StockClient]:
    """Bob's stock client."""
    url = bob.call("announce_key", group="lab")["announce_urls"][0]
    client = StockClient(url, info_hash)
    yield client
    client.connection.close()


def test_a_stock_client_meets_a_session(
    ann: SessionClient, stock: StockClient, info_hash: str
) -> None:
    ann.announce(info_hash, 0, port=1001)

    answer = stock.announce(7, event="started")

    assert answer[b"complete"] == 1
    assert answer[b"incomplete"] == 1
    assert answer[b"interval"] >= answer[b"min interval"] > 0
    assert answer[b"peers"] == bytes([127, 0, 0, 1]) + (1001).to_bytes(2, "big")
    (peer,) = ann.announce(info_hash, 0, port=1001)["peers"]
    assert peer == {"host": "127.0.0.1", "port": 7001, "peer_id": PEER.hex(), "user": "bob"}


@pytest.mark.any_database
def test_peers_as_dictionaries(ann: SessionClient, stock: StockClient, info_hash: str) -> None:
    ann.announce(info_hash, 0, port=1001)
    answer = stock.announce(7, compact=0)
    peer_id = bytes.fromhex(ann.peer_id)
    assert answer[b"peers"] == [{b"ip": b"127.0.0.1", b"port": 1001, b"peer id": peer_id}]


@pytest.mark.any_database
def test_a_claimed_address_is_ignored(
    ann: SessionClient, stock: StockClient, info_hash: str
) -> None:
    stock.announce(7, ip="10.1.2.3", ipv4="10.1.2.3:5")
    (peer,) = ann.announce(info_hash, 0)["peers"]
    assert (peer["host"], peer["port"]) == ("127.0.0.1", 7001)


def test_events_of_a_stock_client(ann: SessionClient, stock: StockClient, info_hash: str) -> None:
    ann.announce(info_hash, 0, port=1001)
    first = stock.announce(7, event="stopped")
    assert (first[b"incomplete"], first[b"peers"]) == (0, b"")
    assert stock.announce(7, event="started", numwant=0)[b"peers"] == b""
    stock.announce(7, event="completed")
    for _ in range(2):
        assert stock.announce(0, event="completed")[b"complete"] == 2
    assert stock.announce(0)[b"peers"] == b""
    assert stock.scrape(stock.info_hash) == {
        b"files": {stock.info_hash: {b"complete": 2, b"downloaded": 1, b"incomplete": 0}}
    }
    assert stock.announce(0, event="stopped")[b"complete"] == 1


@pytest.mark.any_database
def test_aria2_gets_seeders_although_it_announces_left_0(
    ann: SessionClient, stock: StockClient, info_hash: str
) -> None:
    ann.announce(info_hash, 0, port=1001)
    assert stock.announce(0, peer_id=b"A2-1-36-0-abcdefghij")[b"peers"]


def test_a_stock_client_creates_no_durable_share(
    ann: SessionClient, bob: SessionClient, stock: StockClient
) -> None:
    stock.announce(0, event="completed")
    ann.call("stop_share", group="lab", name="x.bin")
    assert bob.call("list_files", group="lab")["files"] == []
    assert b"None of your groups" in stock.announce(0)[b"failure reason"]


@pytest.mark.any_database
def test_the_tracker_id_is_echoed(stock: StockClient) -> None:
    assert stock.announce(7, trackerid=b"\xff1")[b"tracker id"] == b"\xff1"
    assert b"tracker id" not in stock.announce(7)


def test_a_scrape_of_several(ann: SessionClient, stock: StockClient, info_hash: str) -> None:
    other = bytes.fromhex(ann.upload("lab", "y.bin")["info_hash"])
    stock.announce(7)
    files = stock.scrape(stock.info_hash, other, bytes(20))[b"files"]
    assert files == {
        stock.info_hash: {b"complete": 0, b"downloaded": 0, b"incomplete": 1},
        other: {b"complete": 0, b"downloaded": 0, b"incomplete": 0},
    }


def test_a_file_of_another_group_is_unknown(ann: SessionClient, stock: StockClient) -> None:
    ann.call("create_group", group="club", mode="open")
    other = ann.upload("club", "z.bin")["info_hash"]
    stock.info_hash = bytes.fromhex(other)
    assert b"failure reason" in stock.announce(7)
    assert stock.scrape(stock.info_hash)[b"files"] == {}


@pytest.fixture
def sealed(ann: SessionClient, bob: SessionClient) -> Iterator[StockClient]:
    """Bob's stock client, at a file of a sealed group that Ann has in full."""
    ann.call("create_group", group="vault", mode="sealed")
    let_in(bob, "bob", ann, "vault")
    info_hash = ann.upload("vault", "z.bin")["info_hash"]
    ann.announce(info_hash, 0, port=1001)
    url = bob.call("announce_key", group="vault")["announce_urls"][0]
    client = StockClient(url, info_hash)
    yield client
    client.connection.close()


@pytest.mark.any_database
@pytest.mark.parametrize("peer_id", [PEER, b"A2-1-36-aaaaaaaaaaaa", b"-LT1220-aaaaaaaaaaaa"])
def test_plain_text_clients_get_no_peers_of_a_sealed_file(
    ann: SessionClient, sealed: StockClient, peer_id: bytes
) -> None:
    answer = sealed.announce(7, peer_id=peer_id)
    assert set(answer) == {b"failure reason"}
    assert b"SSL torrents" in answer[b"failure reason"]
    assert ann.announce(sealed.info_hash.hex(), 0)["peers"] == []


@pytest.mark.parametrize("prefix", [b"-LT20B0-", b"-LT2110-", b"-qB5010-"])
def test_a_client_with_ssl_torrents_takes_part(
    ann: SessionClient, sealed: StockClient, prefix: bytes
) -> None:
    peer_id = prefix + b"a" * 12
    answer = sealed.announce(7, peer_id=peer_id, port=7443)
    assert answer[b"peers"] == bytes([127, 0, 0, 1]) + (1001).to_bytes(2, "big")
    (peer,) = ann.announce(sealed.info_hash.hex(), 0)["peers"]
    assert (peer["port"], peer["peer_id"], peer["user"]) == (7443, peer_id.hex(), "bob")
    ann.call("remove_member", group="vault", user="bob")
    assert b"not valid" in sealed.announce(7, peer_id=peer_id)[b"failure reason"]
    assert ann.announce(sealed.info_hash.hex(), 0)["peers"] == []


def test_membership_is_checked_at_every_announce(
    ann: SessionClient, stock: StockClient, info_hash: str
) -> None:
    stock.announce(7)
    ann.call("remove_member", group="lab", user="bob")
    assert ann.announce(info_hash, 0)["incomplete"] == 0
    assert b"not valid" in stock.announce(7)[b"failure reason"]
    assert b"not valid" in stock.scrape(stock.info_hash)[b"failure reason"]


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("peer_id=short", b"peer_id must be 20 bytes"),
        ("info_hash=%ff", b"info_hash must be 20 bytes"),
        ("", b"info_hash is missing"),
    ],
)
def test_errors_are_bencoded_with_status_200(
    stock: StockClient, bob: SessionClient, change: str, reason: bytes
) -> None:
    key = bob.call("announce_key", group="lab")["key"]
    good = "" if "info_hash" in change or not change else query(info_hash=stock.info_hash) + "&"
    assert stock.ask(f"/announce/{key}", good + change) == {b"failure reason": reason}
    assert b"failure reason" in stock.ask(f"/scrape/{key}", "")


@pytest.mark.any_database
@pytest.mark.parametrize("operation", ["announce", "scrape"])
@pytest.mark.parametrize(
    "key", ["", "/", "/nonsense", "/" + "x" * 5000, "/a/b", "/%00", "/%ff", "/%2F", "/..", "//"]
)
def test_a_wrong_key_gets_a_failure_reason(stock: StockClient, operation: str, key: str) -> None:
    asked = query(info_hash=stock.info_hash, peer_id=PEER, port=1, left=0)
    answer = stock.ask(f"/{operation}{key}", asked)
    assert set(answer) == {b"failure reason"}
    assert b"get a" in answer[b"failure reason"]
    assert set(stock.ask(f"/{operation}{key}", "")) == {b"failure reason"}


@pytest.mark.any_database
@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "DELETE", "OPTIONS"])
def test_other_methods_announce_nothing(
    ann: SessionClient, stock: StockClient, info_hash: str, method: str
) -> None:
    asked = query(info_hash=stock.info_hash, peer_id=PEER, port=1, left=0)
    stock.connection.request(method, f"{stock.path}?{asked}", body=b"x=y")
    response = stock.connection.getresponse()
    assert (response.status, response.getheader("Allow")) == (405, "GET")
    body = response.read()
    assert method == "HEAD" or bencode2.bdecode(body) == {b"failure reason": b"use GET"}
    assert ann.announce(info_hash, 0)["complete"] == 1


def test_the_largest_numbers_are_accepted(
    ann: SessionClient, stock: StockClient, info_hash: str
) -> None:
    most = 2**64 - 1
    for port in range(7001, 7005):
        answer = stock.announce(
            most, uploaded=most, downloaded=most, port=port, peer_id=b"%020d" % port
        )
    assert answer[b"incomplete"] == 4
    assert ann.announce(info_hash, most, uploaded=most, downloaded=most)["incomplete"] == 5
    (row,) = ann.call("list_files", group="lab")["files"]
    assert row["leechers"] == 5
    assert stock.get("/metrics")[0] == 200


def test_health_and_metrics(stock: StockClient, ann: SessionClient) -> None:
    status, body = stock.get("/health")
    assert (status, json.loads(body)["status"]) == (200, "ok")
    status, body = stock.get("/metrics")
    assert status == 200
    assert b'minitorrent_requests_total{operation="add_file",outcome="ok"} 1.0' in body
    assert b"minitorrent_connections 2.0" in body


@pytest.mark.any_database
def test_no_secret_reaches_the_log(
    stock: StockClient,
    bob: SessionClient,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    key = bob.call("announce_key", group="lab")["key"]
    stock.announce(7)
    stock.get(f"/announce/{key}?%%%")
    stock.get(f"/nowhere/{key}")
    output = capfd.readouterr()
    assert key not in output.out + output.err + caplog.text


def test_two_stock_clients_of_two_members(
    tracker: TrackerApp, ann: SessionClient, stock: StockClient, info_hash: str
) -> None:
    url = ann.call("announce_key", group="lab")["announce_urls"][0]
    other = StockClient(url, info_hash)
    try:
        other.announce(0, port=7002, peer_id=b"-LT2000-aaaaaaaaaaaa")
        assert stock.announce(7)[b"peers"] == bytes([127, 0, 0, 1, 7002 >> 8, 7002 & 255])
        same_id = other.announce(0, port=7002, peer_id=PEER)
        assert same_id[b"peers"] == bytes([127, 0, 0, 1, 7001 >> 8, 7001 & 255])
    finally:
        other.connection.close()


def test_requests_in_pieces_and_without_waiting_for_answers(
    tracker: TrackerApp, stock: StockClient
) -> None:
    """Whichever way they are read, they are answered in their order."""
    assert tracker.http_address is not None
    sent = []
    for left in range(1, 7):
        asked = query(info_hash=stock.info_hash, peer_id=PEER, port=left, left=left)
        path = stock.path if left != 3 else stock.path.replace("announce", "scrape")
        last = "Connection: close\r\n" if left == 6 else ""
        sent.append(f"GET {path}?{asked} HTTP/1.1\r\nHost: x\r\n{last}\r\n".encode())
    host, port = tracker.http_address
    with socket.create_connection((host, port), 30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for data in (sent[0][:30], sent[0][30:], *sent[1:3], sent[3] + sent[4], sent[5]):
            connection.sendall(data)
        received = connection.makefile("rb").read()
    assert received.count(b"HTTP/1.1 200 OK") == 6
    bodies = [part.partition(b"\r\n\r\n")[2] for part in received.split(b"HTTP/1.1 200 OK")[1:]]
    is_scrape = [b"files" in bencode2.bdecode(body) for body in bodies]
    assert is_scrape == [False, False, True, False, False, False]
