"""Buttons that show the transfers in one state only, each with their number."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from nicegui import ui

from client.results.transfers import TransferState
from client.web.page.parts.controls import button
from client.web.page.translation import N_, _

_LABELS = {
    None: N_("All"),
    TransferState.DOWNLOADING: N_("Downloading"),
    TransferState.SEEDING: N_("Seeding"),
    TransferState.PAUSED: N_("Paused"),
    TransferState.QUEUED: N_("Queued"),
    TransferState.CHECKING: N_("Checking"),
    TransferState.FAILED: N_("Failed"),
}


class StateFilter:
    """A row of buttons; `state` is the chosen one's, None for all.

    `start` is the state to begin with, as text; anything else than a state means all.
    """

    def __init__(self, changed: Callable[[], Awaitable[None]], start: str = "") -> None:
        self.state = _state(start)
        self._changed = changed
        with ui.row().classes("filters").props("role=group") as row:
            self._buttons = {state: self._make(state) for state in _LABELS}
        row.props["aria-label"] = _("State")
        self.show({})

    def _make(self, state: TransferState | None) -> ui.button:
        async def choose() -> None:
            self.state = state
            self._press()
            await self._changed()

        return button("", choose).props("dense")

    def choose(self, state: str) -> None:
        """Choose a state as text, without a call of `changed`."""
        self.state = _state(state)
        self._press()

    def show(self, counts: Mapping[TransferState, int]) -> None:
        """Show how many transfers there are in each state."""
        for state, made in self._buttons.items():
            number = sum(counts.values()) if state is None else counts.get(state, 0)
            text = f"{_(_LABELS[state])} {number:,}"
            if made.text != text:
                made.text = text
        self._press()

    def _press(self) -> None:
        for state, made in self._buttons.items():
            pressed = "true" if state == self.state else "false"
            if made.props.get("aria-pressed") != pressed:
                made.props["aria-pressed"] = pressed


def _state(text: str) -> TransferState | None:
    return TransferState(text) if text in set(TransferState) else None
