"""Several members at once: seeders share the load, and who has a part already gives it."""

from __future__ import annotations

from pathlib import Path

from tests.support.content import make_file, sha256
from tests.support.lab import GROUP, Lab
from tests.support.processes import ClientProcess
from tests.support.waiting import wait_until

SIZE = 200_000_000
NAME = "film.bin"


def uploaded(person: ClientProcess) -> int:
    """Bytes of the film that a person has given to others since the client's start."""
    shares = person.ok("show_shares")["shares"]
    return sum(int(row["uploaded"]) for row in shares if row["name"] == NAME)


def test_two_seeders_each_deliver_more_than_a_quarter(tmp_path: Path) -> None:
    content = make_file(tmp_path / NAME, SIZE)
    with Lab(tmp_path / "lab") as lab:
        ann, bob, cat = (lab.member(name) for name in ("ann", "bob", "cat"))
        ann.ok("upload_file", str(content), GROUP)
        bob.download(GROUP, NAME, tmp_path / "bob's")
        before = uploaded(ann)
        copy = cat.download(GROUP, NAME, tmp_path / "cat's")
        from_ann, from_bob = uploaded(ann) - before, uploaded(bob)
        assert sha256(copy) == sha256(content)
        assert min(from_ann, from_bob) > SIZE / 4, (from_ann, from_bob)
        assert lab.seeders(NAME) == 3


def test_who_has_a_third_already_serves_others(tmp_path: Path) -> None:
    content = make_file(tmp_path / NAME, SIZE)
    with Lab(tmp_path / "lab") as lab:
        ann, bob, cat = (lab.member(name) for name in ("ann", "bob", "cat"))
        ann.ok("upload_file", str(content), GROUP)
        bob.ok("download_file", GROUP, NAME, str(tmp_path / "bob's.bin"))
        wait_until(lambda: bob.transfer(GROUP, NAME)["progress"] > 0.3, 30, "a third", interval=0)
        ann.kill()
        held = bob.transfer(GROUP, NAME)
        assert held["progress"] < 1, "the seeder has to go before the download ends"
        cat.ok("download_file", GROUP, NAME, str(tmp_path / "cat's.bin"))
        wait_until(
            lambda: cat.transfer(GROUP, NAME)["done"] >= held["done"], 30, "what bob has to arrive"
        )
        ann.start()
        ann.ok("login ann secret123")
        for person in (bob, cat):
            person.wait_complete(GROUP, NAME)
        assert sha256(tmp_path / "bob's.bin") == sha256(tmp_path / "cat's.bin") == sha256(content)
