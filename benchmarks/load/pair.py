"""Two clients in a group of their own, who keep a record of what the tracker acknowledged."""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.load.returning import PASSING, Findings, ReturningClient, StoppedError
from benchmarks.load.session import LostError, RefusedError
from benchmarks.load.world import make_metainfo
from common.api.authority import MEMBER_URI

Known = Literal["yes", "no", "unknown"]

_MOST_FILES = 20
_PAUSE = (0.3, 1.2)  # seconds between two acts
_SILENT = 1.0  # seconds
_LATE = 10.0  # seconds for which a request may be carried out after its connection broke


class Pair(threading.Thread):
    """An owner and a guest, who enters and leaves the group again and again.

    `on_revoked` is told the id of each revoked certificate, once its end is certain.
    """

    def __init__(
        self,
        group: str,
        owner: ReturningClient,
        guest: ReturningClient,
        findings: Findings,
        stopped: threading.Event,
        on_revoked: Callable[[str], None],
    ) -> None:
        super().__init__(name=group)
        self.group = group
        self.owner = owner
        self.guest = guest
        self._findings = findings
        self._stopped = stopped
        self._on_revoked = on_revoked
        self._files: dict[str, Known] = {}
        self._hashes: dict[str, str] = {}
        self._member: Known = "no"
        self._has_asked: Known = "no"
        self._holder = ""
        self._profile: tuple[str, str] = ("", "")
        self._unsure_until: dict[str, float] = {}

    def run(self) -> None:
        """Act at random until stopped, then compare; a surprise is reported."""
        acts = (self._add, self._remove, self._enter, self._enter, self._end, self._announce)
        try:
            while not self._stopped.is_set():
                self._try(random.choice([*acts, self.check]))
                self._try(self._show_up)
                self._stopped.wait(random.uniform(*_PAUSE))
            while not (self._try(self.check) and self._is_settled()):
                time.sleep(_PAUSE[1])
        except StoppedError:
            self._findings.report(f"{self.group}: no tracker answered in the end")
        except Exception as error:
            self._findings.report(f"{self.group}: {error!r}")
        finally:
            self.owner.close()
            self.guest.close()

    def _is_settled(self) -> bool:
        return "unknown" not in (self._member, self._has_asked, *self._files.values())

    def _try(self, act: Callable[[], None]) -> bool:
        """Return whether an act succeeded; it may fail for now, but not be refused for good."""
        try:
            act()
        except LostError:
            return False
        except RefusedError as error:
            if error.code in PASSING | {"internal"}:
                return False
            raise
        return True

    def _show_up(self) -> None:
        """Show that both are at work, if they had nothing to do."""
        for client in (self.owner, self.guest):
            if time.monotonic() - client.last_ok > _SILENT:
                client.call("list_groups", limit=1)

    # --- what is checked --------------------------------------------------------------------
    def check(self) -> None:
        """Compare the tracker's lists with the record; what was unknown is known afterwards."""
        rows = self.owner.call("list_files", group=self.group, limit=1000)["files"]
        present = {str(row["name"]) for row in rows}
        for name in present - self._files.keys():
            self._findings.report(f"{self.group}: nobody added {name!r}")
        for name, known in list(self._files.items()):
            self._files[name] = self._settle(name, known, name in present)
        members = self.owner.call("list_members", group=self.group)["members"]
        is_member = self.guest.name in {row["user"] for row in members}
        was = self._member
        self._member = self._settle("membership", was, is_member)
        if was == "unknown" and self._member == "no":
            self._revoked()
        requests = self.owner.call("list_requests", group=self.group)["requests"]
        has_asked = self.guest.name in {row["user"] for row in requests}
        self._has_asked = self._settle("request", self._has_asked, has_asked)

    def _settle(self, what: str, known: Known, found: bool) -> Known:
        """Return what is known of a thing, now that the tracker lists it or not."""
        if known == "unknown" and time.monotonic() < self._unsure_until.get(what, 0.0):
            return "unknown"
        if known != "unknown" and found != (known == "yes"):
            problem = "is there, though it was refused or removed" if found else "was lost"
            self._findings.report(f"{self.group}: {what} {problem}")
        return "yes" if found else "no"

    # --- what is done -----------------------------------------------------------------------
    def _add(self) -> None:
        source, authority = self._read_profile()
        name = f"file {secrets.token_hex(6)}"
        data = make_metainfo(name, source, authority)
        with self._changing(name, "no", "yes"):
            added = self.owner.call("add_file", group=self.group, name=name, metainfo=data)
        self._hashes[name] = added["info_hash"]
        if len(self._files) > _MOST_FILES:
            self._remove()
            self._files = {name: known for name, known in self._files.items() if known != "no"}

    def _remove(self) -> None:
        name = self._any_file()
        if name is not None:
            with self._changing(name, "yes", "no"):
                self.owner.call("stop_share", group=self.group, name=name)

    def _announce(self) -> None:
        name = self._any_file()
        if name is not None and name in self._hashes:
            files = [{"info_hash": self._hashes[name], "left": 0}]
            answer = self.owner.call("announce", port=6881, files=files)["files"][0]
            if answer.get("error"):
                self._findings.report(f"{self.group}: {name!r} was refused: {answer['error']}")

    def _enter(self) -> None:
        """Let the guest in, with a certificate."""
        if "unknown" in (self._member, self._has_asked):
            self.check()
        if "unknown" in (self._member, self._has_asked):
            return
        if self._member == "no" and self._has_asked == "no":
            with self._changing("request", "no", "yes"):
                self.guest.call("join_group", group=self.group)
        if self._member == "no":
            with (
                self._changing("membership", "no", "yes"),
                self._changing("request", "yes", "no"),
            ):
                self.owner.call("accept_request", group=self.group, user=self.guest.name)
        if not self._holder:
            issued = self.guest.call("issue_certificate", group=self.group, request=REQUEST)
            self._holder = holder_of(issued["certificate"])

    def _end(self) -> None:
        """End the guest's membership, by either of the two."""
        if self._member == "yes":
            with self._changing("membership", "yes", "no"):
                if random.random() < 0.5:
                    self.guest.call("leave_group", group=self.group)
                else:
                    user = self.guest.name
                    self.owner.call("remove_member", group=self.group, user=user)
            self._revoked()

    # --- the record -------------------------------------------------------------------------
    def _revoked(self) -> None:
        if self._holder:
            self._on_revoked(self._holder)
            self._holder = ""

    @contextmanager
    def _changing(self, what: str, before: Known, after: Known) -> Iterator[None]:
        """Record a change: certain once acknowledged, undone by a refusal, else unknown."""
        self._put(what, "unknown")
        self._unsure_until[what] = float("inf")
        try:
            yield
        except RefusedError as error:
            if error.code != "internal":
                self._put(what, before)
            raise
        else:
            self._put(what, after)
        finally:
            self._unsure_until[what] = time.monotonic() + _LATE

    def _put(self, what: str, known: Known) -> None:
        if what == "membership":
            self._member = known
        elif what == "request":
            self._has_asked = known
        else:
            self._files[what] = known

    def _any_file(self) -> str | None:
        names = [name for name, known in self._files.items() if known == "yes"]
        return random.choice(names) if names else None

    def _read_profile(self) -> tuple[str, str]:
        if not self._profile[0]:
            found = self.owner.call("get_group", group=self.group)
            self._profile = (found["source"], found["authority"])
        return self._profile


def _make_request() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


REQUEST = _make_request()


def holder_of(pem: str) -> str:
    """Return the id that a member's certificate names."""
    extensions = x509.load_pem_x509_certificate(pem.encode()).extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
    return uri.removeprefix(MEMBER_URI)


class Revocations:
    """The certificates that have certainly ended, and since when. Thread-safe."""

    def __init__(self) -> None:
        self._at: dict[str, float] = {}
        self._lock = threading.Lock()

    def add(self, holder: str) -> None:
        """Write one down."""
        with self._lock:
            self._at[holder] = time.monotonic()

    def all(self) -> dict[str, float]:
        """Return the times (time.monotonic) by holder."""
        with self._lock:
            return dict(self._at)
