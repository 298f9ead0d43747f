"""The browser's own notifications, for those who have asked for them on this machine."""

from __future__ import annotations

import json

from nicegui import ui
from nicegui.events import GenericEventArguments

from client.core.notices.notice_kinds import NoticeKind
from client.web.page.parts.controls import button
from client.web.page.translation import _

_KINDS = frozenset(
    {
        NoticeKind.DOWNLOAD_COMPLETED,
        NoticeKind.DOWNLOAD_FAILED,
        NoticeKind.JOIN_REQUESTED,
        NoticeKind.REQUEST_ACCEPTED,
        NoticeKind.REQUEST_REJECTED,
    }
)
_LONGEST = 500  # characters

_ASK = """async () => {
  const answer = 'Notification' in window ? await Notification.requestPermission() : 'missing';
  if (answer === 'granted') localStorage.setItem('minitorrent-notify', 'on');
  emit(answer);
}"""
"""Browsers ask the user only after a click, so this runs in the browser."""

_STOP = """() => {
  localStorage.removeItem('minitorrent-notify');
  emit('stopped');
}"""
_IS_ON = (
    "'Notification' in window && Notification.permission === 'granted'"
    " && localStorage.getItem('minitorrent-notify') === 'on'"
)


def notify(kind: str, text: str) -> None:
    """Have the browser show a notice if the user wants that, and the window is not in sight."""
    if kind in _KINDS:
        shown = json.dumps(text[:_LONGEST])
        ui.run_javascript(
            f"if (document.hidden && {_IS_ON}) new Notification('Minitorrent', "
            f"{{body: {shown}, tag: {shown}}})"
        )


class DesktopChoice:
    """The buttons that turn the browser's notifications on and off."""

    def __init__(self) -> None:
        ui.label(
            _("For finished downloads and for requests, while this page is not in sight.")
        ).classes("quiet")
        with ui.row().classes("bar"):
            self._ask = button(_("Turn on")).on("click", self._answered, js_handler=_ASK)
            self._stop = button(_("Turn off")).on("click", self._answered, js_handler=_STOP)
            self._state = ui.label().props("role=status")
        self._stop.visible = False

    async def refresh(self) -> None:
        """Show whether this browser notifies."""
        is_on = await ui.run_javascript(_IS_ON)
        self._show("granted" if is_on else "stopped")

    def _answered(self, event: GenericEventArguments) -> None:
        self._show(str(event.args))

    def _show(self, answer: str) -> None:
        self._ask.visible = answer != "granted"
        self._stop.visible = answer == "granted"
        self._state.text = {
            "granted": _("On in this browser."),
            "denied": _("The browser refuses them; allow them in its settings for this page."),
            "missing": _("This browser has none."),
        }.get(answer, "")
