"""Announces this client's torrents to the tracker, and passes on the peers that it lists."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import structlog

from client.config import DEFAULT_TIMING, Timing
from client.net.tracker.announced import Announced, UnidentifiedPeer
from client.net.tracker.listing import listed_peers
from client.net.tracker.patience import busy_pause
from client.net.tracker.tracker_client import TrackerClient
from common.api.presence import (
    ANNOUNCE,
    IDENTIFY_PEER,
    MAX_FILES,
    Announce,
    AnnouncedFile,
    Event,
    FilePresence,
    IdentifyPeer,
)
from common.errors import ErrorCode, MinitorrentError, error_from
from common.types import InfoHash

log = structlog.get_logger(__name__)

LONELY_INTERVAL: Final = 5.0
"""Seconds between announces of a download that has no peer to download from.

Whether it has one is looked at when these have passed, not when it is announced: until then, it
meets those that the tracker lists, or loses those that it had. Looks are at whole seconds, so that
many downloads are looked at together.
"""

_GATHER: Final = 0.000_02
"""Seconds, times the number of torrents announced, from one round to the next, to announce more."""

_MOMENT: Final = 0.005
"""Seconds from one round to the next at least: downloads of small files begin and end in bursts."""

_MAX_QUESTIONS: Final = 1000
"""Unidentified peers that we ask the tracker about; the newest count."""

_LAST_WORD: Final = 2.0
"""Seconds that the end of a client waits for a last announce."""

_NOTHING_DUE: Final = 3600.0
"""Seconds to sleep at most, for instance while there is no torrent."""

IDENTIFY_EVERY: Final = 1.0
"""Seconds between questions about the same peer."""

_IDENTIFY_AGAIN: Final = 0.02
"""Seconds until the second question, and then three times as many each time: a peer may dial us
before the tracker has its announce.
"""


class _Entry:
    """A torrent with the event to announce next, and when."""

    def __init__(self, announced: Announced) -> None:
        self.announced = announced
        self.event: Event = "started"
        self.due_at = 0.0
        self.look_at = math.inf
        """When to announce it sooner if it has no peer to download from."""
        self.reported = (0, 0)
        """Bytes uploaded and downloaded of which the tracker knows."""


class _Stopped(NamedTuple):
    """A torrent that was stopped, and its last event."""

    announced: Announced
    file: AnnouncedFile


class _Question:
    """An unidentified peer; we ask again from time to time, the last time at `until`."""

    def __init__(self, info_hash: InfoHash, peer: UnidentifiedPeer, until: float) -> None:
        self.info_hash = info_hash
        self.peer = peer
        self.until = until
        self.due_at = 0.0
        self.pause = _IDENTIFY_AGAIN


class Announcer:
    """Announces all torrents together in one thread, as often as the tracker asks for.

    `port` returns where peers reach this client at the address that the tracker sees.
    """

    def __init__(
        self,
        tracker_client: TrackerClient,
        port: Callable[[], int],
        clock: Callable[[], float],
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        self._tracker_client = tracker_client
        self._port = port
        self._clock = clock
        self._timing = timing
        self._entries: dict[InfoHash, _Entry] = {}
        self._stopped: list[AnnouncedFile] = []
        self._completed: list[_Stopped] = []  # before their completion was announced
        self._owed: set[str] = set()  # completed torrents of which the tracker hasn't learned
        self._questions: deque[_Question] = deque(maxlen=_MAX_QUESTIONS)
        self._changed = threading.Condition()
        self._closing = False
        self._round_at = -math.inf  # when the last round began
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
        self._thread.start()

    def add(self, announced: Announced) -> None:
        """Start to announce this torrent."""
        with self._changed:
            self._entries[announced.info_hash] = _Entry(announced)
            self._changed.notify()

    def completed(self, info_hash: InfoHash) -> None:
        """Announce that the torrent is complete."""
        with self._changed:
            entry = self._entries.get(info_hash)
            if entry is not None:
                entry.event, entry.due_at = "completed", 0.0
                self._owed.add(info_hash.hex())
                self._changed.notify()

    @property
    def owes_completions(self) -> bool:
        """Whether the tracker, which is connected, has yet to learn that a torrent is complete."""
        return bool(self._owed) and self._tracker_client.current is not None

    def remove(self, info_hash: InfoHash) -> None:
        """Announce that the torrent is stopped."""
        with self._changed:
            entry = self._entries.pop(info_hash, None)
            if entry is not None:
                if entry.event == "completed":
                    file = _announced_file(entry.announced, "completed")
                    self._completed.append(_Stopped(entry.announced, file))
                self._stopped.append(_announced_file(entry.announced, "stopped"))
                self._changed.notify()

    def reconnected(self) -> None:
        """Announce everything again at once: the tracker knows nothing on a new connection."""
        with self._changed:
            for entry in self._entries.values():
                entry.due_at = 0.0
                if entry.event == "none":
                    entry.event = "started"
            self._changed.notify()

    def moved(self) -> None:
        """Announce everything again at once: peers reach this client at another port."""
        with self._changed:
            for entry in self._entries.values():
                entry.due_at = 0.0
            self._changed.notify()

    def identify(self, info_hash: InfoHash, peer: UnidentifiedPeer) -> None:
        """Ask the tracker whether an incoming peer is a member."""
        with self._changed:
            until = self._clock() + self._timing.identify_for
            self._questions.append(_Question(info_hash, peer, until))
            self._changed.notify()

    def report(self) -> None:
        """Announce what was transferred since the last announces, before the session ends.

        Waits a moment for a tracker that is connected.
        """
        with self._changed:
            totals = [(entry, entry.announced.transferred) for entry in self._entries.values()]
            unreported = [(entry, total) for entry, total in totals if entry.reported != total]
            if self._tracker_client.current is None or self._closing:
                return
            for entry, _ in unreported:
                entry.due_at = 0.0
            self._changed.notify()
            self._changed.wait_for(
                lambda: all(sum(entry.reported) >= sum(total) for entry, total in unreported),
                _LAST_WORD,
            )

    def close(self) -> None:
        """Stop announcing; the end of the connection tells the tracker the rest."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(5.0)

    # --- the announcer's own thread ---------------------------------------------------------
    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closing and (pause := self._pause()) > 0:
                    self._changed.wait(min(pause, _NOTHING_DUE))
                if self._closing:
                    return
                self._gather()
            try:
                self._round()
            except Exception:
                log.exception("announcing failed")
                with self._changed:
                    self._changed.wait_for(lambda: self._closing, self._timing.announce_retry)

    def _announce_completed(self) -> None:
        """Announce what was stopped before its completion was announced: the download counts."""
        with self._changed:
            completed, self._completed = self._completed, []
        for start in range(0, len(completed), MAX_FILES):
            batch = completed[start : start + MAX_FILES]
            if self._announce([(stopped.file, None) for stopped in batch]):
                for stopped in batch:
                    stopped.announced.counted()
        with self._changed:
            self._owed.difference_update(stopped.file.info_hash for stopped in completed)

    def _gather(self) -> None:
        """Wait until some time after the last round, to announce more files in one."""
        pause = max(_MOMENT, _GATHER * len(self._entries))
        rest = max(0.0, self._round_at + pause - self._clock())
        self._changed.wait_for(lambda: self._closing, rest)
        self._round_at = self._clock()

    def _pause(self) -> float:
        """Return the seconds until something is due."""
        if self._stopped:
            return 0.0
        due = [min(entry.due_at, entry.look_at) for entry in self._entries.values()]
        due += [question.due_at for question in self._questions]
        return min(due, default=self._clock() + _NOTHING_DUE) - self._clock()

    def _round(self) -> None:
        """Announce what is due, and ask about the peers that are due."""
        self._announce_completed()
        now = self._clock()
        self._find_lonely(now)
        with self._changed:
            stopped, self._stopped = self._stopped, []
            due = [entry for entry in self._entries.values() if entry.due_at <= now]
            questions = [q for q in self._questions if q.due_at <= now]
            news: list[tuple[_Entry, Event]] = [(entry, entry.event) for entry in due]
            for entry in due:
                entry.event, entry.due_at = "none", now + self._timing.announce_retry
                entry.look_at = math.inf  # until the answer
            for question in questions:
                self._questions.remove(question)
        events: list[tuple[AnnouncedFile, _Entry | None]] = [(file, None) for file in stopped]
        events += [(_announced_file(entry.announced, event), entry) for entry, event in news]
        for start in range(0, len(events), MAX_FILES):
            self._announce(events[start : start + MAX_FILES])
        for question in questions:
            self._identify(question)

    def _find_lonely(self, now: float) -> None:
        """Make downloads due that have no peer to download from, of those to be looked at."""
        with self._changed:
            looked = [entry for entry in self._entries.values() if entry.look_at <= now]
        for entry in looked:
            lonely = entry.announced.needs_peers
            with self._changed:
                entry.look_at = math.ceil(now + LONELY_INTERVAL)
                if lonely:
                    entry.due_at = min(entry.due_at, now)

    def _announce(self, batch: Sequence[tuple[AnnouncedFile, _Entry | None]]) -> bool:
        """Announce some files at once; False when the tracker can't be asked now."""
        request = Announce(port=self._port(), files=[file for file, _ in batch])
        try:
            reply = self._tracker_client.call(ANNOUNCE, request)
        except MinitorrentError as error:
            log.info("announce failed", error=error.message)
            self._keep_events(batch, busy_pause(error) or 0.0)
            # Each is due again soon, and `reconnected` starts everything from scratch.
            return False
        with self._changed:
            told = (file.info_hash for file, _ in batch if file.event == "completed")
            self._owed.difference_update(told)
        answers = {file.info_hash: file for file in reply.files}
        for file, entry in batch:
            answer = answers.get(file.info_hash)
            if entry is not None:
                with self._changed:
                    entry.reported = file.uploaded, file.downloaded
                    self._changed.notify_all()
            if entry is not None and answer is not None:
                if file.event == "completed" and answer.error is None:
                    entry.announced.counted()
                self._take(entry, answer, reply.interval)
        return True

    def _keep_events(
        self, batch: Sequence[tuple[AnnouncedFile, _Entry | None]], pause: float
    ) -> None:
        """Keep events that didn't reach the tracker for the next announce, unless newer ones exist.

        That is not before `pause` seconds. A stopped torrent needs no retry: it ends with the
        connection or when its announce expires.
        """
        with self._changed:
            not_before = self._clock() + pause
            for file, entry in batch:
                if entry is not None:
                    entry.due_at = max(entry.due_at, not_before)
                if entry is not None and (entry.event == "none" or file.event == "completed"):
                    entry.event = file.event

    def _take(self, entry: _Entry, answer: FilePresence, interval: float) -> None:
        """Pass the tracker's answer to the torrent, and decide when it is due again."""
        announced = entry.announced
        if answer.error is not None and answer.error.removed:
            announced.removed(answer.error.message)
            return
        if answer.error is not None:
            announced.refused(error_from(answer.error.code, answer.error.message))
            return
        announced.learn(listed_peers(answer))
        pause, left, now = float(interval), announced.left, self._clock()
        if not left:
            pause = max(pause, self._timing.seed_announce_every * len(self._entries))
        with self._changed:
            if entry.event == "none":  # otherwise announce the new event at once
                entry.due_at = now + pause
                entry.look_at = math.ceil(now + LONELY_INTERVAL) if left else math.inf

    def _identify(self, question: _Question) -> None:
        entry, peer = self._entries.get(question.info_hash), question.peer
        if entry is None:
            return
        request = IdentifyPeer(
            info_hash=question.info_hash.hex(), peer_id=peer.peer_id.hex(), host=peer.host
        )
        user = None
        try:
            user = self._tracker_client.call(IDENTIFY_PEER, request).user
        except MinitorrentError as error:
            log.info("a peer can't be identified", error=error.message)
            if error.code in (ErrorCode.TRACKER_UNREACHABLE, ErrorCode.TIMEOUT):
                entry.announced.identified(peer.key, None, is_member=None)
        is_member = user is not None
        if is_member or self._clock() >= question.until:
            entry.announced.identified(peer.key, user, is_member=is_member)
            return
        question.due_at = self._clock() + question.pause
        question.pause = min(3 * question.pause, IDENTIFY_EVERY)
        with self._changed:
            self._questions.append(question)


def _announced_file(announced: Announced, event: Event) -> AnnouncedFile:
    uploaded, downloaded = announced.transferred
    return AnnouncedFile(
        info_hash=announced.info_hash.hex(),
        left=announced.left,
        uploaded=uploaded,
        downloaded=downloaded,
        event=event,
    )
