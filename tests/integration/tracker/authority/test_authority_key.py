"""The key that groups' private keys are sealed with: made once, guarded, shared."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.databases.database import empty_database
from tests.support.together import run_together
from tracker.domain.secret_box import SecretBox
from tracker.store.authority_key import KEY_FILE, open_secret_box
from tracker.store.database.errors import DatabaseError
from tracker.store.engine import Store, open_store

GIVEN = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(empty_database(tmp_path))
    yield store
    store.close()


def refusal(store: Store, folder: Path, given: str | None = None) -> str:
    with pytest.raises(DatabaseError) as raised:
        open_secret_box(store, folder, given)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_the_first_tracker_creates_the_key(store: Store, tmp_path: Path) -> None:
    safe = open_secret_box(store, tmp_path, None)
    path = tmp_path / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(base64.b64decode(path.read_text())) == 32
    assert open_secret_box(store, tmp_path, None).fingerprint == safe.fingerprint
    assert open_secret_box(store, tmp_path / "elsewhere", path.read_text()).fingerprint == (
        safe.fingerprint
    )
    assert [entry.name for entry in tmp_path.iterdir() if KEY_FILE in entry.name] == [KEY_FILE]


@pytest.mark.any_database
def test_the_environment_takes_precedence(store: Store, tmp_path: Path) -> None:
    safe = open_secret_box(store, tmp_path, GIVEN)
    assert safe.fingerprint == SecretBox(bytes(range(32))).fingerprint
    assert not (tmp_path / KEY_FILE).exists()


def test_many_trackers_can_start_at_once(store: Store, tmp_path: Path) -> None:
    found: list[bytes | Exception] = []

    def start() -> None:
        try:
            found.append(open_secret_box(store, tmp_path, None).fingerprint)
        except DatabaseError as error:
            found.append(error)

    run_together([start] * 6, 30)
    assert len(found) == 6
    assert len(set(found)) == 1
    assert isinstance(found[0], bytes)


def test_only_one_of_two_first_keys_is_accepted(store: Store, tmp_path: Path) -> None:
    completions: list[bool] = []
    barrier = threading.Barrier(2)

    def start(number: int) -> None:
        barrier.wait(10)
        try:
            open_secret_box(store, tmp_path, base64.b64encode(bytes([number]) * 32).decode())
            completions.append(True)
        except DatabaseError:
            completions.append(False)

    run_together([partial(start, number) for number in range(2)], 30)
    assert sorted(completions) == [False, True]


@pytest.mark.any_database
def test_a_different_key_is_refused(store: Store, tmp_path: Path) -> None:
    open_secret_box(store, tmp_path, None)
    assert "doesn't match" in refusal(store, tmp_path, GIVEN)


@pytest.mark.any_database
def test_a_lost_key_is_not_replaced(store: Store, tmp_path: Path) -> None:
    open_secret_box(store, tmp_path, None)
    (tmp_path / KEY_FILE).unlink()
    assert "is missing" in refusal(store, tmp_path)
    assert not (tmp_path / KEY_FILE).exists()


@pytest.mark.any_database
def test_a_key_that_others_may_read_is_refused(store: Store, tmp_path: Path) -> None:
    open_secret_box(store, tmp_path, None)
    (tmp_path / KEY_FILE).chmod(0o640)
    assert "chmod 600" in refusal(store, tmp_path)


@pytest.mark.any_database
@pytest.mark.parametrize("content", ["", "no key", "AAAA", "\u00e4"])
def test_an_invalid_key(store: Store, tmp_path: Path, content: str) -> None:
    path = tmp_path / KEY_FILE
    path.write_text(content, encoding="utf-8")
    path.chmod(0o600)
    assert "no valid key in" in refusal(store, tmp_path)
    assert "no valid key in" in refusal(store, tmp_path, content)


@pytest.mark.any_database
def test_an_unusable_folder(store: Store, tmp_path: Path) -> None:
    assert "can't create the key" in refusal(store, tmp_path / "nowhere")
    (tmp_path / KEY_FILE).mkdir(mode=0o700)
    assert "can't read the key" in refusal(store, tmp_path)
