from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core.transfers.resume import MISSING, FileStamp, FileStamps, is_believed

stamps = st.lists(st.builds(FileStamp, st.integers(0, 2**40), st.integers(0, 2**62))).map(
    lambda files: FileStamps(tuple(files))
)


@given(stamps)
def test_stamps_survive_as_text(value: FileStamps) -> None:
    again = FileStamps.from_text(value.to_text())
    assert again == value
    assert hash(again) == hash(value)
    assert again.sizes == tuple(file_stamp.size for file_stamp in value.files)


@pytest.mark.parametrize(
    "text", ["", "x", "5", "[5]", "[[1]]", "[[1,2,3]]", '[["a",1]]', "null", "[[Infinity,1]]"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        FileStamps.from_text(text)


@given(stamps, stamps)
def test_the_record_is_believed_exactly_when_nothing_changed(
    recorded: FileStamps, found: FileStamps
) -> None:
    assert is_believed(recorded, recorded)
    assert is_believed(recorded, found) is (recorded == found)
    assert not is_believed(None, found)


def test_missing_files_are_never_believed() -> None:
    missing = FileStamps((FileStamp(1, 2), MISSING))
    assert not is_believed(missing, missing)
