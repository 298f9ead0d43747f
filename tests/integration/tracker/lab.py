"""A tracker's services without its sockets, on a clock of the test: announces from any address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from common import announce as http
from common.announce import AnnounceRequest, AnnounceResponse
from common.api import accounts, files, groups, presence
from common.types import InfoHash, PeerId, info_hash_from_hex
from tests.integration.tracker.sessions import make_metainfo
from tests.integration.tracker.watched_database import WatchedDatabase
from tests.support.databases.database import empty_database
from tests.support.security.passwords import CHEAP
from tracker.domain.secret_box import KEY_BYTES, SecretBox
from tracker.quotas import Quotas
from tracker.services.caller import Caller
from tracker.services.catalogue import Policy, Services, make_services
from tracker.store.engine import open_store
from tracker.store.presence.trackers import Site

ADDRESS = "10.0.0.1"


class Client:
    """One of our clients: a session of a user, from one address, under one peer id."""

    def __init__(
        self, lab: Lab, user: str, host: str, peer_id: bytes, local: Sequence[str] = ()
    ) -> None:
        self._lab = lab
        self.peer_id = peer_id
        self.caller = Caller(f"connection {lab.number()}", host, "127.0.0.1")
        request = accounts.Login(
            user=user, password="secret123", peer_id=peer_id.hex(), port=6881, local=[*local]
        )
        self.token = lab.services.logins.login(self.caller, request).token

    def announce(
        self,
        *info_hashes: InfoHash,
        left: int = 0,
        port: int = 6881,
        event: presence.Event = "none",
        uploaded: int = 0,
        downloaded: int = 0,
    ) -> list[presence.FilePresence]:
        """Announce all files at once."""
        sent = [
            presence.AnnouncedFile(
                info_hash=info_hash.hex(),
                left=left,
                event=event,
                uploaded=uploaded,
                downloaded=downloaded,
            )
            for info_hash in info_hashes
        ]
        request = presence.Announce(port=port, files=sent)
        return self._lab.services.announces.announce(self.caller.require_login(), request).files

    def drop(self) -> None:
        """The connection ends."""
        self._lab.services.logins.disconnect(self.caller)


class Lab:
    """The open group `lab` of Ann, and its other members."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_000_000.0
        self._number = 0
        self.store = open_store(empty_database(folder))
        self.database = WatchedDatabase(self.store)
        self.services = self._services(Quotas())
        self.services.lifecycle.start()
        self._sign_up("ann")
        self.ann = self.client("ann", "10.0.0.99", b"-MT0100-" + b"a" * 12)
        me = self.ann.caller.require_login()
        self.services.groups.create_group(me, groups.CreateGroup(group="lab", mode="open"))

    def limit_peers(self, most: int) -> None:
        """Let a user have so many peers in all."""
        self.services = replace(
            self.services, announces=self._services(Quotas(peers=most)).announces
        )

    def _services(self, quotas: Quotas) -> Services:
        site, safe = Site("127.0.0.1", 7400, 7401), SecretBox(bytes(KEY_BYTES))
        policy = Policy(0, 3600.0, quotas, CHEAP)
        return make_services(self.database, self.clock, site, safe, policy, steady=self.clock)

    def number(self) -> int:
        """A new one each time."""
        self._number += 1
        return self._number

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def pass_time(self, seconds: float) -> None:
        """Let time go by, with the tracker alive."""
        self.services.announces.write_progress()
        self.now += seconds
        self.services.lifecycle.beat()

    def client(
        self,
        user: str,
        host: str = ADDRESS,
        peer_id: bytes = b"m" * 20,
        local: Sequence[str] = (),
    ) -> Client:
        """Log in with one of our clients, which names its local addresses."""
        return Client(self, user, host, peer_id, local)

    def member(self, user: str) -> str:
        """Let a new user in; his announce key."""
        caller = self.ask(user)
        self.services.requests.accept_request(
            self.ann.caller.require_login(), groups.AcceptRequest(group="lab", user=user)
        )
        key = self.services.keys.announce_key(caller, presence.AnnounceKey(group="lab")).key
        self.services.logins.disconnect(caller)
        return key

    def ask(self, user: str) -> Caller:
        """Have a new user ask to join."""
        self._sign_up(user)
        caller = self.client(user).caller
        self.services.requests.join_group(caller.require_login(), groups.JoinGroup(group="lab"))
        return caller

    def share(self, name: str) -> InfoHash:
        """A file that Ann offers; she isn't there for it yet."""
        me = self.ann.caller.require_login()
        source = self.services.groups.get_group(me, groups.GetGroup(group="lab")).source
        data = make_metainfo(name, name.encode(), source)
        request = files.AddFile(group="lab", name=name, metainfo=data)
        return info_hash_from_hex(self.services.files.add_file(me, request).info_hash)

    def stock(
        self,
        key: str,
        info_hash: InfoHash,
        peer_id: bytes,
        *,
        left: int = 0,
        port: int = 51413,
        host: str = ADDRESS,
        event: http.Event = "none",
        uploaded: int = 0,
    ) -> AnnounceResponse:
        """A stock client announces."""
        request = AnnounceRequest(info_hash, PeerId(peer_id), port, left, uploaded, event=event)
        return self.services.announces.announce_by_key(key, request, host)

    def swarm(self, info_hash: InfoHash) -> set[tuple[str, int, bytes]]:
        """Return the peers for a new client of Ann's: host, port and peer id."""
        (file,) = self.ann.announce(info_hash, left=1, port=0)
        self.ann.announce(info_hash, left=1, event="stopped")
        return {(peer.host, peer.port, bytes.fromhex(peer.peer_id)) for peer in file.peers}

    def seeders(self, info_hash: InfoHash) -> int:
        """How many seeders `list_files` counts."""
        me = self.ann.caller.require_login()
        rows = self.services.files.list_files(me, files.ListFiles(group="lab")).files
        (count,) = (row.seeders for row in rows if row.info_hash == info_hash.hex())
        return count

    def completed(self, info_hash: InfoHash, key: str) -> int:
        """Return the completed downloads of a scrape."""
        return self.services.announces.scrape_by_key(key, [info_hash])[info_hash].downloaded

    def who(self, info_hash: InfoHash, peer_id: bytes, host: str) -> str | None:
        """Which member the tracker says that a peer is."""
        request = presence.IdentifyPeer(info_hash=info_hash.hex(), peer_id=peer_id.hex(), host=host)
        me = self.ann.caller.require_login()
        return self.services.announces.identify_peer(me, request).user

    def remove(self, user: str) -> None:
        """Ann removes a member."""
        me = self.ann.caller.require_login()
        request = groups.RemoveMember(group="lab", user=user)
        self.services.members.remove_member(me, request)

    def remove_file(self, name: str) -> None:
        """Ann removes a file for everybody."""
        me = self.ann.caller.require_login()
        self.services.files.remove_file(me, files.RemoveFile(group="lab", name=name))

    def clock(self) -> float:
        """The time, on every clock."""
        return self.now

    def _sign_up(self, user: str) -> None:
        caller = Caller(f"connection {self.number()}", ADDRESS, "127.0.0.1")
        request = accounts.CreateUser(user=user, password="secret123")
        self.services.accounts.create_user(caller, request)
