from __future__ import annotations

import gc

import pytest

from common.loading import loading


@pytest.fixture(autouse=True)
def unfrozen() -> None:
    gc.unfreeze()


def test_garbage_is_looked_for_again_afterwards() -> None:
    with pytest.raises(ZeroDivisionError), loading():
        assert not gc.isenabled()
        raise ZeroDivisionError
    assert gc.isenabled()


def test_what_is_loaded_is_not_looked_through_again() -> None:
    with loading():
        loaded = [object()]
    assert gc.get_freeze_count() > 0
    assert not any(seen is loaded for seen in gc.get_objects())
    gc.unfreeze()
    assert any(seen is loaded for seen in gc.get_objects())
