"""Health checks: measurements in, verdicts out.

`services.doctor` measures; this module decides what the measurements mean and what the user should
do. A failed check's hint names the next step, a passed check's hint shows the measurements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from client.core.health.diagnosis import TOLERATED_SKEW
from client.core.health.measurements import (
    CertificateMeasurements,
    DiskMeasurements,
    Library,
    MappedPort,
    PortMapping,
    PortMeasurements,
    Reach,
    TrackerMeasurements,
    TrackerProblem,
)
from common.text import duration, size

SLOW_ANSWER: Final = 1.0
"""Answer time of a tracker in seconds from which commands feel slow."""

SPARE_ROOM: Final = 100 << 20
"""Bytes that should be free on every disk, on top of what downloads still need."""

MIN_DESCRIPTORS: Final = 1024
"""Open files that a client with many peers can use: one per peer and two per file."""

_WITH_HELP: Final = (
    " Until then other members reach you only with the tracker's help: it has both sides dial at"
    " once, which most routers let through, or joins you itself if it runs a relay."
)

_FULL_SHARE: Final = 0.95  # files stay open as long as the limit allows


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: str
    ok: bool
    hint: str


def _passed(name: str, hint: str) -> Check:
    return Check(name, ok=True, hint=hint)


def _failed(name: str, hint: str) -> Check:
    return Check(name, ok=False, hint=hint)


def port(measured: PortMeasurements) -> Check:
    """Check whether others can dial this client."""
    where = measured.address
    if measured.is_local and not measured.trackers_are_local:
        hint = (
            "Only this computer can reach it, so others can't dial you; start the client with an"
            f" address of your network, or with 0.0.0.0:{measured.port}."
        )
        return _failed("port", hint)
    if measured.reach is not Reach.HERE:
        help_of_tracker = _WITH_HELP if measured.by_tracker else ""
        return _failed("port", _unreached(measured) + help_of_tracker)
    if measured.by_tracker:
        return _passed("port", f"The tracker reaches you at {where}.")
    hint = f"This computer can reach you at {where}; log in to have the tracker try, too."
    return _passed("port", hint)


def port_mapping(found: MappedPort) -> Check:
    """Report what a router does for us; `port` says whether others can dial us."""
    where = f"{found.host}:{found.port}"
    match found.state:
        case PortMapping.MAPPED:
            hint = f"Your router passes connections to {where} on to you ({found.router})."
        case PortMapping.BEHIND_ANOTHER:
            hint = (
                f"Your router passes connections to {where} on to you ({found.router}), but it is"
                " behind another router itself; members reach you where both sides dial."
            )
        case PortMapping.SEARCHING:
            hint = "Looking for a router that passes connections on; try again in a moment."
        case PortMapping.OFF:
            hint = "Not used."
        case _:
            hint = (
                "No router was found that passes connections on by itself; if others can't dial"
                " you, switch on UPnP or NAT-PMP there, or forward the port by hand."
            )
    return _passed("port mapping", hint)


def _unreached(measured: PortMeasurements) -> str:
    """Describe the result of dialling our public address, and the next step."""
    who = "the tracker" if measured.by_tracker else "this computer"
    where, port = measured.address, measured.port
    match measured.reach:
        case Reach.ELSEWHERE:
            return (
                f"Another program answers {who} at {where}, the address that others dial;"
                f" forward port {port} in your router to this computer, or start the"
                " client at another port."
            )
        case Reach.REFUSED:
            return (
                f"A connection from {who} to {where}, the address that others dial, was refused;"
                f" forward port {port} in your router to this computer, and open it in the"
                " firewall."
            )
        case _:
            return (
                f"A connection from {who} to {where}, the address that others dial, got no answer;"
                f" open port {port} in this computer's firewall, and forward it in your router."
            )


def tracker(measured: TrackerMeasurements) -> Check:
    """Check whether a tracker answers and shows the trusted certificate."""
    name, address = f"tracker {measured.address}", measured.address
    if measured.problem is None:
        return _answering(name, measured)
    match measured.problem:
        case TrackerProblem.UNREACHABLE:
            hint = (
                f"It can't be reached ({measured.reason}); check that it runs, and that its"
                " address in the tracker information file is right."
            )
        case TrackerProblem.FOREIGN:
            hint = (
                f"The server there is not a usable tracker ({measured.reason}); check that the"
                " tracker information file has the tracker's session port, not its HTTP port."
            )
        case TrackerProblem.UNTRUSTED:
            hint = (
                f"It shows another certificate than before ({measured.shown} instead of"
                f" {measured.trusted}); ask its operator, and if the new one is right, type:"
                f" trackers --forget {address}"
            )
        case _:  # it is silent
            hint = "It does not answer: it hangs, or a firewall is in between; ask its operator."
    return _failed(name, hint)


def _answering(name: str, measured: TrackerMeasurements) -> Check:
    if measured.trusted is None:
        trust = f"its certificate will be trusted at first use ({measured.shown})"
    else:
        trust = "its certificate is the trusted one"
    slow = ", which is slow: it is busy or far away" if measured.seconds > SLOW_ANSWER else ""
    return _passed(name, f"It answered in {measured.seconds * 1000:.0f} ms{slow}; {trust}.")


def clock(trackers: Sequence[TrackerMeasurements], now: float) -> Check:
    """Check whether this machine's clock (`now`, seconds since the epoch) matches the trackers'."""
    reported = {t.address: t.clock_difference for t in trackers if t.clock_difference is not None}
    if not reported:
        return _clock_by_certificates(trackers, now)
    off = {where: seconds for where, seconds in reported.items() if abs(seconds) > TOLERATED_SKEW}
    if not off:
        closest = min(reported.values(), key=abs)
        return _passed("clock", f"It is {_ahead(closest)} the trackers'.")
    if len(off) < len(reported):
        hint = "; ".join(f"it is {_ahead(off[where])} that of {where}" for where in sorted(off))
        text = f"Other trackers agree with this clock, but {hint}; tell that tracker's operator."
        return _failed("clock", text)
    return _wrong_clock(_ahead(min(off.values(), key=abs)))


def _clock_by_certificates(trackers: Sequence[TrackerMeasurements], now: float) -> Check:
    """Judge by certificate dates alone, when no tracker reports the time."""
    answering = [t for t in trackers if t.problem is None]
    if not answering:
        hint = "No tracker answers, so there is nothing to compare it with; fix the trackers first."
        return _failed("clock", hint)
    behind = max((t.certified_since - now for t in answering if t.certified_since), default=0.0)
    if behind > TOLERATED_SKEW:
        return _wrong_clock(f"at least {duration(behind)} behind")
    return _passed("clock", "Looks right; these trackers can't report the time.")


def _wrong_clock(how_far: str) -> Check:
    return _failed(
        "clock",
        f"This machine's clock is {how_far} the trackers', so certificates of sealed groups seem"
        " invalid. Set it right, preferably over the network (NTP).",
    )


def _ahead(seconds: float) -> str:
    if abs(seconds) < 1:
        return "less than a second off"
    return f"{duration(abs(seconds))} {'ahead of' if seconds > 0 else 'behind'}"


def certificates(held: Iterable[CertificateMeasurements], user: str | None) -> list[Check]:
    """Check how long our certificates in sealed groups remain valid."""
    if user is None:
        return [_passed("certificates", "None is needed before login.")]
    checks = [_certificate(measured) for measured in held]
    return checks or [_passed("certificates", "No transfer of a sealed group needs one now.")]


def _certificate(measured: CertificateMeasurements) -> Check:
    name = f"certificate {measured.group}"
    if measured.left is None and not measured.failed:
        return _passed(name, "It is being requested.")
    if measured.left is None:
        hint = "There is none yet; it is requested as soon as a tracker can be reached."
    elif measured.left <= 0:
        hint = (
            f"It expired {duration(-measured.left)} ago; check the clock, and that a tracker can"
            " be reached: it is then renewed."
        )
    else:
        hint = f"Valid for {duration(measured.left)}; renewed automatically."
        return _passed(name, hint)
    return _failed(name, hint)


def needed_on(folders: Iterable[DiskMeasurements]) -> Mapping[int, int]:
    """Return the bytes that downloads still need, by device."""
    needed: Counter[int] = Counter()
    for folder in folders:
        needed[folder.device] += folder.needed
    return needed


def disk(needed_on: Mapping[int, int], measured: DiskMeasurements) -> Check:
    """Check whether a folder is writable and its disk has enough space for running downloads."""
    name = f"disk {measured.folder}"
    if measured.error is not None:
        hint = f"It is not writable ({measured.error}); check the folder and its permissions."
        return _failed(name, hint)
    needed = needed_on[measured.device]
    if needed > measured.free:
        hint = (
            f"Not enough space: running downloads need {size(needed)}, {size(measured.free)} free;"
            " free some space."
        )
        return _failed(name, hint)
    if measured.free - needed < SPARE_ROOM:
        hint = f"Only {size(measured.free)} free; free some space before the disk is full."
        return _failed(name, hint)
    return _passed(name, f"{size(measured.free)} free, {size(needed)} needed.")


def versions(
    python: str,
    client: str,
    libraries: Iterable[Library],
    trackers: Sequence[TrackerMeasurements],
    install_command: Callable[..., str],
) -> Check:
    """Check that the libraries are new enough; also reports client and tracker versions.

    `install_command` returns what to type to install requirements.
    """
    bad = [library for library in libraries if not _is_enough(library)]
    if bad:
        command = install_command(*(f"{library.name}>={library.needed}" for library in bad))
        found = ", ".join(f"{library.name} {library.found or 'missing'}" for library in bad)
        return _failed("versions", f"Too old: {found}; type: {command}")
    servers = sorted({t.server for t in trackers if t.server and t.server != client})
    others = f"; trackers: {', '.join(servers)}" if servers else ""
    return _passed("versions", f"{client}, Python {python}{others}.")


def _is_enough(library: Library) -> bool:
    return library.found is not None and _numbers(library.found) >= _numbers(library.needed)


def _numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: 2, 1 for 2.1.0rc1."""
    numbers: list[int] = []
    for part in version.split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)


def descriptors(limit: int, used: int) -> Check:
    """Check whether this process may open enough files; `used` are open now."""
    name = "open files"
    more = f"ulimit -n {max(4 * MIN_DESCRIPTORS, 2 * limit)}"
    if used > limit * _FULL_SHARE:
        hint = f"{used} of {limit} are in use; allow more before the next start, with: {more}"
        return _failed(name, hint)
    if limit < MIN_DESCRIPTORS:
        hint = (
            f"{used} of {limit} are in use. Everything works with so few, but with fewer peers at"
            f" once; allow more before the next start, with: {more}"
        )
        return _failed(name, hint)
    return _passed(name, f"{used} of {limit} are in use.")


def timed_out(name: str, seconds: float) -> Check:
    """Return the result of a check that timed out."""
    hint = f"This check did not finish in {seconds:g} s; something hangs. Try again."
    return _failed(name, hint)


def crashed(name: str) -> Check:
    """Return the result of a check that failed because of an error of ours."""
    return _failed(name, "This check failed; the log has the reason. Please report it.")
