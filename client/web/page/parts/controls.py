"""The page's buttons, inputs and headings, in one style."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

Handler = Callable[[], object] | Callable[[], Awaitable[object]]


def heading(text: str) -> ui.label:
    """Create the heading of a section."""
    return ui.label(text).classes("title").props("role=heading aria-level=2")


def card(title: str) -> ui.card:
    """Create a card with a heading; fill it in a `with` block."""
    made = ui.card().classes("card")
    with made:
        ui.label(title).classes("subtitle").props("role=heading aria-level=3")
    return made


def button(
    text: str, then: Handler | None = None, *, icon: str | None = None, main: bool = False
) -> ui.button:
    """Create a button with a label; `main` marks the primary one."""
    made = ui.button(text, on_click=then, icon=icon, color=None)
    return made.props("no-caps unelevated").classes("main" if main else "plain")


def icon_button(icon: str, label: str, then: Handler) -> ui.button:
    """Create a button with an icon only; `label` is its tooltip and its accessible name."""
    made = ui.button(icon=icon, on_click=then, color=None)
    made.props("flat round dense").classes("plain")
    made.props["aria-label"] = made.props["title"] = label
    return made


def field(label: str, value: str = "", *, secret: bool = False) -> ui.input:
    """Create a single-line text input."""
    made = ui.input(label, value=value, password=secret, password_toggle_button=secret)
    # Update the value in the browser as the user types. NiceGUI doesn't, so a value that we set
    # would be sent once more after everything else and overwrite text typed in the meantime.
    follow = f"text => {{ mounted_app.elements[{made.id}].props.value = text }}"
    made.on("update:value", js_handler=follow)
    return made.props("outlined dense").classes("field")


def clear(used: ui.input, text: str) -> None:
    """Empty a field after its text was used, unless the user has changed the text meanwhile."""
    if used.value == text:
        used.value = ""
