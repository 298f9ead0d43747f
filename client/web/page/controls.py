"""The page's buttons, inputs and headings, all of one make."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from nicegui import ui

Handler = Callable[[], object] | Callable[[], Awaitable[object]]


def heading(text: str) -> ui.label:
    """A part's title."""
    return ui.label(text).classes("title").props("role=heading aria-level=2")


def button(text: str, then: Handler, *, icon: str | None = None, main: bool = False) -> ui.button:
    """A button with words on it; `main` for the one that a person most likely wants."""
    made = ui.button(text, on_click=then, icon=icon, color=None)
    return made.props("no-caps unelevated").classes("main" if main else "plain")


def icon_button(icon: str, label: str, then: Handler) -> ui.button:
    """A button that is only a picture; `label` says what it does."""
    made = ui.button(icon=icon, on_click=then, color=None)
    made.props("flat round dense").classes("plain")
    made.props["aria-label"] = made.props["title"] = label
    return made


def field(label: str, value: str = "", *, secret: bool = False) -> ui.input:
    """A line to type into."""
    made = ui.input(label, value=value, password=secret, password_toggle_button=secret)
    # In the browser, too, its value is what was typed last. NiceGUI leaves that as it was, and
    # so has to send the value that we set once more, after all else: over what is typed by then.
    follow = f"text => {{ mounted_app.elements[{made.id}].props.value = text }}"
    made.on("update:value", js_handler=follow)
    return made.props("outlined dense").classes("field")


def clear(used: ui.input, text: str) -> None:
    """Empty a field whose text has done its work, unless something else is typed in it by now."""
    if used.value == text:
        used.value = ""


def moment(at: str | datetime) -> str:
    """A time (ISO 8601 where it is text) as this machine's clock shows it."""
    time = datetime.fromisoformat(at) if isinstance(at, str) else at
    return time.astimezone().strftime("%d %b %H:%M")
