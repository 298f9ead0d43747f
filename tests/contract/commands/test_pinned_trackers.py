"""A tracker is known by the certificate that it showed first; another one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.programs.processes import ClientProcess, TrackerProcess
from tests.support.waiting import wait_until


def replace_certificate(tracker: TrackerProcess) -> None:
    """Restart the tracker with another certificate."""
    tracker.kill()
    (tracker.folder / "tracker.pem").unlink()
    tracker.start()


def wait_for_notice(client: ClientProcess, words: str) -> None:
    """Notices come beside the answers, so one that is due may be read later than its answer."""
    wait_until(lambda: any(words in line for line in client.errors.all), what=words)


def test_a_replaced_certificate_is_refused_until_the_old_one_is_forgotten(tmp_path: Path) -> None:
    with (
        TrackerProcess(tmp_path / "tracker") as tracker,
        ClientProcess(tmp_path / "ann", [tracker]) as ann,
    ):
        ann.sign_in("ann")
        (row,) = ann.ok("trackers")["trackers"]
        first = row["fingerprint"]
        assert row == {
            "address": str(tracker.address),
            "state": "connected",
            "current": True,
            "fingerprint": first,
        }
        said = (
            f"The tracker at {tracker.address} has the certificate {first}; "
            "it is trusted from now on."
        )
        wait_for_notice(ann, said)

        replace_certificate(tracker)
        message = ann.fails("tracker_unreachable", "list_groups")
        assert f"trackers --forget {tracker.address}" in message
        assert ann.ok("trackers")["trackers"][0]["state"] == "unreachable"
        wait_for_notice(ann, f"trackers --forget {tracker.address}")

        ann.fails("usage", "trackers", "--forget", "127.0.0.1:1")
        ann.ok("trackers", "--forget", str(tracker.address))
        wait_until(lambda: ann.ok("trackers")["trackers"][0]["current"], 20, "the tracker")
        assert ann.ok("trackers")["trackers"][0]["fingerprint"] not in (None, first)
        assert ann.ok("list_groups")["groups"] == []  # and still logged in


def test_the_other_tracker_is_used_in_the_meantime(tmp_path: Path) -> None:
    with (
        TrackerProcess(tmp_path / "one") as one,
        TrackerProcess(one.folder, number=2, database=one.database) as two,
        ClientProcess(tmp_path / "ann", [one, two]) as ann,
    ):
        ann.sign_in("ann")
        replace_certificate(one)

        def states() -> list[str]:
            return [row["state"] for row in ann.ok("trackers")["trackers"]]

        wait_until(lambda: states()[1] == "connected", 20, "the other tracker")
        two.kill()
        wait_until(lambda: states()[0] == "unreachable", 20, "the refusal")
        assert "--forget" in ann.fails("tracker_unreachable", "list_groups")


@pytest.mark.parametrize("forgotten", [False, True])
def test_pinned_certificates_survive_a_restart(tmp_path: Path, forgotten: bool) -> None:
    with TrackerProcess(tmp_path / "tracker") as tracker:
        with ClientProcess(tmp_path / "ann", [tracker]) as ann:
            ann.sign_in("ann")
        replace_certificate(tracker)
        with ClientProcess(tmp_path / "ann", [tracker]) as ann:
            if forgotten:
                ann.ok("trackers", "--forget", str(tracker.address))
                ann.ok("login", "ann", "secret123")
            else:
                ann.fails("tracker_unreachable", "login", "ann", "secret123")
