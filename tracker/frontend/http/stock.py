"""Answers to stock clients' announces and scrapes."""

from __future__ import annotations

import re
import time
from typing import Final, NamedTuple
from urllib.parse import unquote

from common import announce
from common.errors import MinitorrentError
from common.types import plain_address
from tracker.frontend.failures import answer_to
from tracker.frontend.metrics import Metrics
from tracker.services.busy import refuse_late
from tracker.services.sharing.announce import AnnounceService
from tracker.store.database.timing import database_seconds

PATHS: Final = re.compile(r"/(announce|scrape)(?:/(.*)|\Z)", re.DOTALL)
"""Any path suffix is the key, even if invalid: the answer is one that clients show."""

CONTENT_TYPE: Final = "text/plain; charset=utf-8"

_LONGEST = 8 * 1024  # bytes of a request that is read here
_REQUEST = re.compile(
    rb"GET (/(?:announce|scrape)(?:/[!->@-~]*)?)(?:\?([!-~]*))? HTTP/1\.([01])"
    rb"((?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*)*)\r\n\r\n"
)
_HOST = re.compile(rb"\r\nhost:")
_UNUSUAL = re.compile(rb"\r\n(?:content-length|transfer-encoding|expect|upgrade|host:.*\r\nhost)")
_CLOSE = re.compile(rb"\r\nconnection:[^\r]*\bclose\b")


class StockRequest(NamedTuple):
    """A stock client's request; `keep_alive` says that it may send another on the connection."""

    path: str
    query: bytes
    keep_alive: bool


def read_request(data: bytes) -> StockRequest | None:
    """Return the announce or scrape that `data` is, if it is a usual one and nothing else.

    Anything unusual, even if correct, is left to a complete implementation of HTTP.
    """
    found = _REQUEST.fullmatch(data) if len(data) <= _LONGEST else None
    if found is None:
        return None
    path, query, version, headers = found.groups()
    headers = headers.lower()
    if _UNUSUAL.search(headers) or not _HOST.search(headers):
        return None
    text = path.decode("ascii")
    keep_alive = version == b"1" and not _CLOSE.search(headers)
    return StockRequest(unquote(text) if "%" in text else text, query or b"", keep_alive)


class StockAnswers:
    """Answers requests in bencoded form. Thread-safe."""

    def __init__(self, announces: AnnounceService, metrics: Metrics) -> None:
        self._announces = announces
        self._metrics = metrics

    def answer(self, path: str, query: bytes, address: str, waited: float = 0.0) -> bytes:
        """Answer an announce or scrape from the IP address of the connection.

        One that has `waited` too long for it, in seconds, is turned away.

        A failure is an answer, too, with status 200: otherwise stock clients don't show the text
        (BEP 3).
        """
        start, in_database = time.perf_counter(), database_seconds()
        outcome = "ok"
        found = PATHS.fullmatch(path)
        operation = "http_scrape" if found is not None and found[1] == "scrape" else "http_announce"
        try:
            refuse_late(waited)
            key = announce.parse_key("" if found is None else found[2] or "")
            if operation == "http_scrape":
                body = self._scrape(key, query)
            else:
                body = self._announce(key, query, address)
        except MinitorrentError as error:
            outcome = error.code.value
            body = announce.encode_failure(error.message)
        except Exception as error:  # clients must get an answer whatever goes wrong
            failure = answer_to("an HTTP request failed", error, operation=operation)
            outcome = failure.code.value
            body = announce.encode_failure(failure.message)
        seconds, in_database = time.perf_counter() - start, database_seconds() - in_database
        self._metrics.count(operation, outcome, seconds, in_database)
        return body

    def _announce(self, key: str, query: bytes, address: str) -> bytes:
        asked = announce.parse_announce(query)
        # Only the connection's own address counts; addresses claimed by clients are ignored.
        response = self._announces.announce_by_key(key, asked, plain_address(address))
        return announce.encode_announce(asked, response)

    def _scrape(self, key: str, query: bytes) -> bytes:
        asked = announce.parse_scrape(query)
        return announce.encode_scrape(self._announces.scrape_by_key(key, asked))
