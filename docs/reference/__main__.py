"""Writes the man pages and shell completions: run it with `make docs`."""

from __future__ import annotations

from docs.reference import documents


def main() -> None:
    """Write all files."""
    for path, text in documents():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
