"""Updates the page's catalogues: run it with `make texts` after a change of the page's texts.

It collects the texts from the source, writes them into each language's `page.po`, where people
translate them, and compiles that into `page.mo`, which the page reads. Translations of texts that
are gone are dropped. `tests/unit/client/web/page/test_translation.py` fails if anything is missing.
"""

from __future__ import annotations

import ast
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = ROOT / "client" / "web"
CATALOGUES: Final = SOURCE / "page" / "locale"

_MARKS: Final = {"_": 1, "N_": 1, "ngettext": 2}
"""The functions that mark texts, and how many texts each takes."""

_HEADER: Final = """\
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: 8bit
Language: {language}
Plural-Forms: {plural}
"""
_PLURALS: Final = "nplurals=2; plural=(n != 1);"
"""The rule of a new catalogue; correct it there if the language has another."""

_MAGIC: Final = 0x950412DE


@dataclass
class Entry:
    """A text, its plural if it has one, the files that contain it, and its translations."""

    text: str
    plural: str | None = None
    files: set[str] = field(default_factory=set)
    translations: list[str] = field(default_factory=list)

    @property
    def is_translated(self) -> bool:
        return bool(self.translations) and all(self.translations)


Catalogue = dict[str, Entry]
"""Entries by their text; the header is the entry of the empty text."""


def collect(source: Path = SOURCE) -> Catalogue:
    """Return all texts that the page's source marks."""
    found: Catalogue = {}
    for path in sorted(source.rglob("*.py")):
        for texts in _marked(ast.parse(path.read_text(encoding="utf-8"))):
            entry = found.setdefault(texts[0], Entry(texts[0]))
            entry.plural = entry.plural or (texts[1] if len(texts) > 1 else None)
            entry.files.add(str(path.relative_to(ROOT)))
    return found


def _marked(tree: ast.AST) -> Iterator[list[str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = node.args[: _MARKS.get(node.func.id, 0)]
            texts = [value.value for value in given if isinstance(value, ast.Constant)]
            if texts and all(isinstance(text, str) for text in texts):
                yield [str(text) for text in texts]


def read(path: Path) -> Catalogue:
    """Return the entries of a `.po` file."""
    found: Catalogue = {}
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        values: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if line.startswith('"'):
                values[key] += ast.literal_eval(line)
            elif line and not line.startswith("#"):
                key, _space, quoted = line.partition(" ")
                values[key] = ast.literal_eval(quoted)
        if "msgid" in values:
            told = [values[key] for key in sorted(values) if key.startswith("msgstr")]
            text = values["msgid"]
            found[text] = Entry(text, values.get("msgid_plural"), translations=told)
    return found


def merge(collected: Catalogue, old: Catalogue, language: str) -> Catalogue:
    """Return the collected texts, with the translations that a catalogue has for them."""
    header = Entry("", translations=[_HEADER.format(language=language, plural=_PLURALS)])
    made = {"": old.get("", header)}
    for text in sorted(collected):
        entry = collected[text]
        known = old.get(text)
        if known is None or (known.plural is None) != (entry.plural is None):
            told = [""] if entry.plural is None else ["", ""]
        else:
            told = known.translations
        made[text] = Entry(text, entry.plural, entry.files, told)
    return made


def as_po(catalogue: Catalogue) -> str:
    """Return a catalogue as the content of a `.po` file."""
    blocks = []
    for entry in catalogue.values():
        lines = [f"#: {' '.join(sorted(entry.files))}"] if entry.files else []
        if "{" in entry.text + (entry.plural or ""):
            lines.append("#, python-brace-format")
        lines.append(f"msgid {_quoted(entry.text)}")
        if entry.plural is None:
            lines.append(f"msgstr {_quoted(entry.translations[0])}")
        else:
            lines.append(f"msgid_plural {_quoted(entry.plural)}")
            told = enumerate(entry.translations)
            lines += [f"msgstr[{number}] {_quoted(text)}" for number, text in told]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _quoted(text: str) -> str:
    def quote(line: str) -> str:
        escaped = line.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t") + '"'

    lines = text.splitlines(keepends=True)
    if len(lines) > 1:
        return "\n".join(['""', *map(quote, lines)])
    return quote(text)


def as_mo(catalogue: Catalogue) -> bytes:
    """Return a catalogue's translated entries as the content of a `.mo` file."""
    pairs = sorted(
        ("\0".join(filter(None, (entry.text, entry.plural))), "\0".join(entry.translations))
        for entry in catalogue.values()
        if entry.is_translated
    )
    texts = [one.encode() for one, _other in pairs] + [other.encode() for _one, other in pairs]
    tables = 7 * 4
    start = tables + len(texts) * 8
    table, content = b"", b""
    for text in texts:
        table += struct.pack("<II", len(text), start + len(content))
        content += text + b"\0"
    count = len(pairs)
    header = struct.pack("<7I", _MAGIC, 0, count, tables, tables + count * 8, 0, 0)
    return header + table + content


def main() -> None:
    """Update the catalogue of every language that has a folder."""
    collected = collect()
    for folder in sorted(CATALOGUES.glob("*/LC_MESSAGES")):
        source = folder / "page.po"
        old = read(source) if source.exists() else {}
        made = merge(collected, old, folder.parent.name)
        source.write_text(as_po(made), encoding="utf-8")
        (folder / "page.mo").write_bytes(as_mo(made))
        missing = [text for text, entry in made.items() if not entry.is_translated]
        head = f"{folder.parent.name}: {len(made) - 1} texts, {len(missing)} without translation"
        sys.stdout.write("\n  ".join([head, *missing]) + "\n")


if __name__ == "__main__":
    main()
