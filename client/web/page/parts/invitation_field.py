"""A field for an invitation, which says what it is for."""

from __future__ import annotations

from client.web.page.parts.controls import Handler, field
from client.web.page.sentences import in_page_words
from client.web.page.translation import _
from common.errors import MinitorrentError
from common.invitation import MAX_LENGTH, parse


class InvitationField:
    """A field for an invitation; hidden until it is opened. `then` is called upon Enter."""

    def __init__(self, then: Handler, *, is_open: bool = False) -> None:
        self._input = field(_("Invitation")).classes("grow" if is_open else "whole")
        self._input.props(f"maxlength={MAX_LENGTH} autocomplete=off spellcheck=false debounce=200")
        self._input.props("bottom-slots")
        self._input.on("keydown.enter", then)
        self._input.on_value_change(self._read)
        self._input.visible = is_open

    @property
    def value(self) -> str:
        """The invitation as it was pasted, "" if there is none."""
        return str(self._input.value or "").strip() if self._input.visible else ""

    @value.setter
    def value(self, text: str) -> None:
        self._input.visible = self._input.visible or bool(text)
        self._input.value = text[:MAX_LENGTH]

    @property
    def is_open(self) -> bool:
        """Whether the field is shown."""
        return bool(self._input.visible)

    def open(self) -> None:
        """Show the field, and put the cursor there."""
        self._input.visible = True
        self._input.run_method("focus")

    def _read(self) -> None:
        """Say which group the invitation is for, or what is wrong with it."""
        self._input.props["error"] = False
        self._input.props["hint"] = ""
        if not self.value:
            return
        try:
            group = parse(self.value).group
        except MinitorrentError as error:
            self._input.props["error"] = True
            self._input.props["error-message"] = in_page_words(error.message)
            return
        self._input.props["hint"] = _("For the group {group}").format(group=group)
