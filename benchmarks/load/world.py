"""What the operations are measured on: a group, its files and members, and peers of the files."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.load.http_client import HttpClient, announce_path
from benchmarks.load.session import LightSession
from benchmarks.load.site import Site
from common import metainfo

GROUP = "lab"
OWNER = "owner"
PASSWORD = "secret123"
FILES = 100
PEERS = 40
"""Stock clients that announce each file in `World.busy`."""

_BUSY = 8
_PIECE = 16 * 1024


@dataclass(frozen=True)
class Member:
    """An account with its login; `key_path` is the path of its HTTP announces."""

    name: str
    token: str
    key_path: str


@dataclass(frozen=True)
class World:
    """A group with files on a site. The `busy` ones have PEERS peers; hashes are hexadecimal."""

    site: Site
    owner: Member
    members: tuple[Member, ...]
    files: tuple[str, ...]
    busy: tuple[str, ...]


def build(site: Site, members: int, files: int = FILES, busy: int = _BUSY) -> World:
    """Fill an empty site, by the tracker's own operations; `busy` files have peers."""
    with LightSession(site.addresses[0]) as session:
        owner = sign_up(session, OWNER)
        session.call("create_group", group=GROUP, mode="open")
        source = session.call("get_group", group=GROUP)["source"]
        hashes = tuple(add_file(session, f"file {n:04}.bin", source) for n in range(files))
        joined = [_join(site, session, f"member{number}") for number in range(members)]
        key_path = _key_path(session)
    owned = Member(OWNER, owner["token"], key_path)
    world = World(site, owned, tuple(joined), hashes, hashes[:busy])
    _add_peers(world)
    return world


def sign_up(session: LightSession, name: str) -> dict[str, str]:
    """Create an account and log in."""
    session.call("create_user", user=name, password=PASSWORD)
    return session.login(name, PASSWORD)


def add_file(session: LightSession, name: str, source: str, group: str = GROUP) -> str:
    """Share a small file; return its info-hash."""
    added = session.call("add_file", group=group, name=name, metainfo=make_metainfo(name, source))
    return str(added["info_hash"])


def make_metainfo(name: str, source: str, authority: str | None = None) -> str:
    """Return the metainfo of a file of one piece, as it is sent over a session."""
    entry = metainfo.FileEntry((name,), len(name))
    pieces = hashlib.sha1(name.encode()).digest()
    info = metainfo.build_info(
        name, [entry], _PIECE, pieces, source=source, is_folder=False, authority=authority
    )
    return base64.b64encode(metainfo.encode(info)).decode()


def _join(site: Site, owner: LightSession, name: str) -> Member:
    with LightSession(site.addresses[0]) as session:
        token = sign_up(session, name)["token"]
        session.call("join_group", group=GROUP)
        owner.call("accept_request", group=GROUP, user=name)
        return Member(name, token, _key_path(session))


def _key_path(session: LightSession) -> str:
    urls = session.call("announce_key", group=GROUP)["announce_urls"]
    return str(urlsplit(urls[0]).path)


def _add_peers(world: World) -> None:
    client = HttpClient(world.site.trackers[0].http, keep_alive=True)
    for info_hash in world.busy:
        for _ in range(PEERS):
            peer_id = b"-LT20B0-" + secrets.token_hex(6).encode()
            path = announce_path(world.owner.key_path, bytes.fromhex(info_hash), peer_id, 0)
            client.announce(path)
    client.close()
