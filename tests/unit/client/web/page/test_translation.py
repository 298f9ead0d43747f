"""The page's languages: which one a browser gets, and that every catalogue is complete."""

from __future__ import annotations

import gettext
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from client.core import settings
from client.core.notices.notice_kinds import PRESENTATIONS, presentation_of
from client.results.health import TrackerState
from client.results.transfers import TransferState
from client.web.page import translation, words
from client.web.page.translation import LANGUAGES, catalogue, choose_language
from common.api.events import EventKind
from docs import translations
from docs.translations import Catalogue, Entry

OTHERS = LANGUAGES[1:]


def test_every_language_can_be_chosen_in_the_settings() -> None:
    assert ("auto", *LANGUAGES) == settings.LANGUAGES


@pytest.fixture(scope="module")
def collected() -> Catalogue:
    return translations.collect()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("fr-FR, de;q=0.5, en;q=0.3", "de"),
        ("de;q=0, en", "en"),
        ("de;q=high", "en"),
        ("de;level=1", "en"),
        ("de;q=7", "en"),
        ("fr", "en"),
        (",;=,", "en"),
        ("fr," * 1000 + "de", "en"),
    ],
)
def test_the_browser_chooses_the_language(accepted: str, language: str) -> None:
    assert choose_language(accepted) == language


def test_texts_are_english_outside_of_a_window() -> None:
    assert translation._("Groups") == "Groups"
    assert translation.ngettext("{number} seeder", "{number} seeders", 2) == "{number} seeders"


@pytest.mark.parametrize("name", OTHERS)
def test_a_catalogue_has_every_text_translated(name: str, collected: Catalogue) -> None:
    """Run `make texts` and translate what it lists."""
    folder = translations.CATALOGUES / name / "LC_MESSAGES"
    stored = translations.read(folder / "page.po")
    made = translations.merge(collected, stored, name)
    assert [text for text, entry in made.items() if not entry.is_translated] == []
    assert (folder / "page.po").read_text(encoding="utf-8") == translations.as_po(made)
    assert (folder / "page.mo").read_bytes() == translations.as_mo(made)


@pytest.mark.parametrize("name", OTHERS)
def test_translations_have_the_placeholders_of_their_text(name: str) -> None:
    stored = translations.read(translations.CATALOGUES / name / "LC_MESSAGES" / "page.po")
    for text, entry in stored.items():
        allowed = {frozenset(fields(text)), frozenset(fields(entry.plural or text))}
        assert {frozenset(fields(told)) for told in entry.translations} <= allowed, text


def test_words_from_elsewhere_are_in_the_catalogues() -> None:
    headings = {shown.heading for shown in PRESENTATIONS.values()}
    assert set(words.NOTICES) == headings | {presentation_of("from a newer tracker").heading}
    assert set(words.ACTIVITIES) == {kind.replace("_", " ") for kind in EventKind}
    assert set(words.STATES) == set(TransferState)
    assert set(words.TRACKER_STATES) == set(get_args(TrackerState))


def test_the_german_catalogue_is_used() -> None:
    german = catalogue("de")
    assert isinstance(german, gettext.GNUTranslations)
    assert german.gettext("Groups") == "Gruppen"
    assert german.ngettext("{number} seeder", "{number} seeders", 2) == "{number} Verteiler"


def fields(text: str) -> list[str]:
    """Return the names of a text's placeholders, with their formats."""
    return [f"{name}:{form}" for _text, name, form, _how in Formatter().parse(text) if name]


def test_a_catalogue_is_read_as_it_was_written(tmp_path: Path) -> None:
    header = Entry("", translations=["Language: xx\nPlural-Forms: nplurals=2; plural=n!=1;\n"])
    entries: Catalogue = {
        "": header,
        'a "b" \\ c': Entry('a "b" \\ c', translations=["one\ntwo"]),
        "{n} file": Entry("{n} file", "{n} files", {"a.py", "b.py"}, ["{n} x", "{n} y"]),
        "new": Entry("new", translations=[""]),
    }
    (path := tmp_path / "page.po").write_text(translations.as_po(entries), encoding="utf-8")
    read = translations.read(path)
    assert {text: entry.translations for text, entry in read.items()} == {
        text: entry.translations for text, entry in entries.items()
    }
    compiled = gettext.GNUTranslations(BytesIO(translations.as_mo(read)))
    assert compiled.gettext('a "b" \\ c') == "one\ntwo"
    assert compiled.ngettext("{n} file", "{n} files", 2) == "{n} y"
    assert compiled.gettext("new") == "new"
