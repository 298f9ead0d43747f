"""What all results have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Result(BaseModel):
    """A command's answer; immutable."""

    model_config = ConfigDict(frozen=True)
