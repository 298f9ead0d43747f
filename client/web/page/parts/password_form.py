"""The second field of a new password, and what its strength is."""

from __future__ import annotations

from nicegui import ui

from client.web.page.parts.controls import Handler, field
from client.web.page.parts.password_strength import SHORTEST, Strength, strength
from client.web.page.translation import N_, _, ngettext

_WORDS = {
    Strength.WEAK: N_("Easy to guess"),
    Strength.FAIR: N_("Could be longer"),
    Strength.GOOD: N_("Good"),
    Strength.STRONG: N_("Hard to guess"),
}


class NewPassword:
    """Belongs to the field `first` with a new password of the user in `user`.

    `then` is called when the user presses Enter.
    """

    def __init__(self, first: ui.input, user: ui.input | None, then: Handler) -> None:
        self._first = first
        self._user = user
        with ui.element("div").classes("strength") as self._meter:
            self._bar = ui.linear_progress(0.0, show_value=False, color=None).props(
                "size=6px rounded"
            )
            self._bar.props["aria-hidden"] = "true"
            self._word = ui.label("\u00a0").classes("quiet").props("role=status")
        self._again = field(_("Repeat the password"), secret=True)
        self._again.props("autocomplete=new-password").on("keydown.enter", then)
        first.on_value_change(self._judge)

    @property
    def is_repeated(self) -> bool:
        """Whether both fields have the same password."""
        return bool(self._first.value == self._again.value)

    @property
    def visible(self) -> bool:
        """Whether a new password is asked for."""
        return bool(self._again.visible)

    @visible.setter
    def visible(self, visible: bool) -> None:
        self._meter.visible = self._again.visible = visible

    def clear(self) -> None:
        """Empty the second field."""
        self._again.value = ""

    def _judge(self) -> None:
        password = self._first.value or ""
        judged = strength(password, self._user.value if self._user else "")
        self._bar.value = (judged + 1) / len(Strength) if password else 0.0
        self._bar.classes(replace=f"strength-{judged}")
        self._word.text = self._describe(password, judged)

    def _describe(self, password: str, judged: Strength) -> str:
        if not password:
            return "\u00a0"  # keep the line
        missing = SHORTEST - len(password)
        if missing > 0:
            return ngettext(
                "{number} more character at least", "{number} more characters at least", missing
            ).format(number=missing)
        return _(_WORDS[judged])
