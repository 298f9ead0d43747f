"""Light or dark mode."""

from __future__ import annotations

from nicegui import ui


class DarkMode(ui.dark_mode, component="color_scheme.js"):
    """Like NiceGUI's, without making the browser compute all styles again at every update."""
