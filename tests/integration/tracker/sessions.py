"""A bare client of the session protocol, for talking to a tracker line by line."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any, Self

import bencode2
import pytest

from common import metainfo
from common.types import Endpoint
from tests.support.closing import Closing
from tests.support.security.secure import SecureStream

PIECE = 16 * 1024


class RefusedError(Exception):
    """The tracker answered with an error."""

    def __init__(self, error: dict[str, str]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.message = error["message"]


class SessionClient(Closing):
    """One connection. `notices` has those that arrive between replies, `told` has rendezvous."""

    def __init__(self, address: Endpoint, source: str | None = None) -> None:
        self._stream = SecureStream.dial(address, source)
        self._number = 0
        self.peer_id = secrets.token_hex(20)
        self.notices: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []
        self.greeting = self.read()

    def close(self) -> None:
        """Drop the connection."""
        self._stream.close()

    @property
    def fingerprint(self) -> bytes:
        """The SHA-256 of the tracker's certificate."""
        certificate = self._stream.tls.peer_certificate
        assert certificate is not None
        return hashlib.sha256(certificate).digest()

    def send(self, data: bytes) -> None:
        """Send these bytes as they are."""
        self._stream.sendall(data)

    def read(self) -> dict[str, Any]:
        """The next line; an empty object at the end of the stream."""
        line = self._stream.readline()
        message: dict[str, Any] = json.loads(line) if line else {}
        return message

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """The result of an operation; raises RefusedError."""
        self._number += 1
        message = {"id": self._number, "op": operation, "args": arguments}
        self.send(json.dumps(message).encode() + b"\n")
        while "id" not in (reply := self.read()) and reply:
            self._keep(reply)
        assert reply.get("id") == self._number, reply
        if not reply["ok"]:
            raise RefusedError(reply["error"])
        result: dict[str, Any] = reply["result"]
        return result

    def notice(self, **wanted: str) -> dict[str, Any]:
        """Return the next notice with these fields, skipping others; fails if none arrives."""
        while True:
            while not self.notices:
                self._keep(self.read())
            event = self.notices.pop(0)
            if wanted.items() <= event.items():
                found: dict[str, Any] = event
                return found

    def rendezvous(self) -> dict[str, Any]:
        """Return the next rendezvous that this client is told of; fails if there is none."""
        while not self.told:
            self._keep(self.read())
        return self.told.pop(0)

    def _keep(self, pushed: dict[str, Any]) -> None:
        if "rendezvous" in pushed:
            self.told.append(pushed["rendezvous"])
        else:
            self.notices.append(pushed["event"])

    @property
    def seat(self) -> dict[str, Any]:
        """Where the tracker sees this client."""
        host, port = self._stream.socket.getsockname()[:2]
        return {"host": host, "port": port}

    def login(self, user: str, password: str = "secret123", port: int = 6881) -> dict[str, Any]:
        """Log in as an existing user."""
        return self.call("login", user=user, password=password, peer_id=self.peer_id, port=port)

    def sign_up(self, user: str, password: str = "secret123") -> Self:
        """Make an account and log in with it."""
        self.call("create_user", user=user, password=password)
        self.login(user, password)
        return self

    def announce(self, info_hash: str, left: int, **more: Any) -> dict[str, Any]:
        """Announce one file; the answer for it."""
        port = more.pop("port", 6881)
        file = {"info_hash": info_hash, "left": left, **more}
        answer: dict[str, Any] = self.call("announce", port=port, files=[file])["files"][0]
        return answer

    def upload(self, group: str, name: str, content: bytes = b"content") -> dict[str, Any]:
        """Offer a file of one piece in a group."""
        profile = self.call("get_group", group=group)
        data = make_metainfo(name, content, profile["source"], profile["authority"])
        return self.offer(group, name, data)

    def offer(self, group: str, name: str, data: bytes) -> dict[str, Any]:
        """Share the content of this metainfo."""
        return self.call("add_file", group=group, name=name, metainfo=as_base64(data))


def make_metainfo(
    name: str, content: bytes, source: str | None, authority: str | None = None
) -> bytes:
    """Metainfo of a file that fits into one piece, private and for the group with this source."""
    entry = metainfo.FileEntry((name,), len(content))
    pieces = hashlib.sha1(content).digest() if content else b""
    info = metainfo.build_info(
        name, [entry], PIECE, pieces, source=source, is_folder=False, authority=authority
    )
    return metainfo.encode(info)


def public_metainfo(data: bytes) -> bytes:
    """The same metainfo, but not marked private."""
    root = bencode2.bdecode(data)
    del root[b"info"][b"private"]
    return bencode2.bencode(root)


def as_base64(data: bytes) -> str:
    """Bytes as they go over the session."""
    return base64.b64encode(data).decode()


def let_in(client: SessionClient, user: str, admin: SessionClient, group: str = "lab") -> None:
    """Make `user` a member of a group."""
    client.call("join_group", group=group)
    admin.call("accept_request", group=group, user=user)
    assert client.notice()["kind"] == "request_accepted"


def code_of(client: SessionClient, operation: str, **arguments: object) -> str:
    """The error code with which an operation is refused."""
    with pytest.raises(RefusedError) as raised:
        client.call(operation, **arguments)
    assert "\n" not in raised.value.message
    return raised.value.code
