"""A user at the prompt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from tests.unit.client.shell.sittings import Sitting


@pytest.fixture
def sitting(tmp_path: Path) -> Iterator[Sitting]:
    with (
        create_pipe_input() as keyboard,
        create_app_session(keyboard, DummyOutput()) as terminal,
    ):
        yield Sitting(tmp_path, keyboard, terminal)
