from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from common.process.loading import loading


@pytest.fixture(autouse=True)
def unfrozen() -> Iterator[None]:
    """Restore the state for other tests."""
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_garbage_collection_resumes_after_loading() -> None:
    with pytest.raises(ZeroDivisionError), loading():
        assert not gc.isenabled()
        raise ZeroDivisionError
    assert gc.isenabled()


def test_loaded_modules_are_not_collected_again() -> None:
    with loading():
        loaded = [object()]
    assert gc.get_freeze_count() > 0
    assert not any(seen is loaded for seen in gc.get_objects())
    gc.unfreeze()
    assert any(seen is loaded for seen in gc.get_objects())
