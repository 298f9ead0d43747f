"""A tracker in memory with one group (a TrackerCalls)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from common import metainfo
from common.api import files, groups, presence
from common.api.model import Model
from common.api.operation import Operation, ReplyT, RequestT
from common.errors import ErrorCode, MinitorrentError
from common.metainfo import Metainfo

SOURCE = "minitorrent:test"
"""The group's source, which `contents.describe` uses."""

URL = "http://127.0.0.1:6969/announce/secret"


class FakeTrackerCalls:
    """The group lab and its files, by name.

    `before` has an action for the name of an operation, which is called before it and may raise:
    others who share at that moment, a tracker that fails. `answers` has what each operation
    does. It `lies` about the info-hashes of files.
    """

    def __init__(self) -> None:
        self.shared: dict[str, Metainfo] = {}
        self.authority: str | None = None
        self.lies = False
        self.refusal = ""  # why the user may not add files
        self.peers: list[presence.PeerRow] = []  # of all files
        self.before: dict[str, Callable[[], object]] = {}
        self.called: list[str] = []
        self.answers: dict[str, Callable[[Any], Model]] = {
            "get_group": lambda _: self._profile(),
            "find_group": self._find_group,
            "add_file": self._add_file,
            "get_file": lambda asked: self._file(asked.name, asked.numwant),
            "find_file": self._find_file,
            "announce_key": lambda _: presence.AnnounceKeyReply(key="k", announce_urls=[URL]),
            "renew_announce_key": lambda _: presence.AnnounceKeyReply(
                key="k2", announce_urls=[URL + "2"]
            ),
        }

    def call(self, operation: Operation[RequestT, ReplyT], **arguments: object) -> ReplyT:
        request = operation.read_request(arguments)
        self.called.append(operation.name)
        if operation.name in self.before:
            self.before[operation.name]()
        reply = self.answers[operation.name](request)
        assert isinstance(reply, operation.reply)
        return reply

    def fail(self, operation: str, code: ErrorCode = ErrorCode.TRACKER_UNREACHABLE) -> None:
        """Let an operation fail from now on."""

        def refuse() -> None:
            raise MinitorrentError(code, "No tracker can be reached.")

        self.before[operation] = refuse

    def _profile(self) -> groups.GroupProfileReply:
        return groups.GroupProfileReply(
            group="lab", mode="open", source=SOURCE, authority=self.authority, refusal=self.refusal
        )

    def _find_group(self, asked: groups.FindGroup) -> Model:
        if asked.source != SOURCE:
            raise MinitorrentError(ErrorCode.NO_SUCH_GROUP, "There is none.")
        return self._profile()

    def _add_file(self, asked: files.AddFile) -> Model:
        described = metainfo.parse(asked.metainfo)
        there = self.shared.setdefault(asked.name, described)
        if there.info_hash != described.info_hash:
            raise MinitorrentError(ErrorCode.NAME_TAKEN, "There is other content of that name.")
        return files.AddFileReply(
            group="lab",
            name=asked.name,
            size=described.size,
            pieces=described.piece_count,
            info_hash=described.info_hash.hex(),
        )

    def _find_file(self, asked: files.FindFile) -> Model:
        names = (n for n, d in self.shared.items() if d.info_hash.hex() == asked.info_hash)
        return self._file(next(names, ""), asked.numwant)

    def _file(self, name: str, numwant: int) -> Model:
        if name not in self.shared:
            raise MinitorrentError(ErrorCode.NO_SUCH_FILE, "There is none.")
        described = self.shared[name]
        return files.GetFileReply(
            group="lab",
            name=name,
            size=described.size,
            pieces=described.piece_count,
            info_hash=bytes(20).hex() if self.lies else described.info_hash.hex(),
            owner="bob",
            metainfo=metainfo.encode(described.info_bytes),
            presence=presence.FilePresence(
                info_hash=described.info_hash.hex(), complete=1, peers=self.peers[:numwant]
            )
            if numwant
            else None,
        )
