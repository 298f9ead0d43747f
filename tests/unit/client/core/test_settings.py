"""Settings as they are typed and shown."""

from __future__ import annotations

import pytest

from client.core import settings
from client.core.notices.notice_kinds import NoticeKind
from common.errors import ErrorCode, MinitorrentError


@pytest.mark.parametrize(
    ("name", "typed", "value", "shown"),
    [
        ("download_folder", "~/Films", "~/Films", "~/Films"),
        ("listen", "[::1]:6001", "[::1]:6001", "[::1]:6001"),
        ("active", "3", 3, "3"),
        ("active", "0", 0, "no limit"),
        ("limit_down", "1.5M", 3 << 19, "1.5 MiB/s"),
        ("limit_up", "0", 0, "no limit"),
        ("language", "de", "de", "de"),
        ("port_mapping", "off", "off", "off"),
        ("hidden_notices", "none", (), "none"),
        (
            "hidden_notices",
            "file_completed, file_added",
            ("file_added", "file_completed"),
            "file_added,file_completed",
        ),
    ],
)
def test_values(name: str, typed: str, value: object, shown: str) -> None:
    setting = settings.find(name)
    assert setting.parse(typed) == value
    assert setting.show(setting.parse(typed)) == shown


@pytest.mark.parametrize(
    ("name", "typed", "hint"),
    [
        ("listen", "6001", "HOST:PORT"),
        ("active", "many", "0 to 9999"),
        ("active", "10000", "0 to 9999"),
        ("active", "-1", "0 to 9999"),
        ("limit_up", "fast", "500K"),
        ("language", "xx", "auto, en, de"),
        ("port_mapping", "maybe", "on or off"),
        ("hidden_notices", "", "file_added"),
        ("hidden_notices", "none,file_added", "file_added"),
        ("hidden_notices", "\x1b[2J", "\\x1b"),
    ],
)
def test_refused_values(name: str, typed: str, hint: str) -> None:
    with pytest.raises(MinitorrentError) as caught:
        settings.find(name).parse(typed)
    assert caught.value.code is ErrorCode.USAGE
    assert hint in caught.value.message
    assert "\x1b" not in caught.value.message


def test_an_unknown_setting_names_the_known_ones() -> None:
    with pytest.raises(MinitorrentError) as caught:
        settings.find("colour")
    assert caught.value.code is ErrorCode.USAGE
    assert all(name in caught.value.message for name in settings.SETTINGS)


def test_a_mistyped_setting_suggests_the_nearest() -> None:
    for typed, meant in (("langage", "language"), ("downloads_folder", "download_folder")):
        with pytest.raises(MinitorrentError, match=f"Did you mean {meant}\\?"):
            settings.find(typed)
    with pytest.raises(MinitorrentError) as caught:
        settings.find("x" * 10_000)
    assert "Did you mean" not in caught.value.message
    assert len(caught.value.message) < 500


def test_every_kind_of_notice_can_be_hidden() -> None:
    kinds = ",".join(NoticeKind)
    assert settings.HIDDEN_NOTICES.parse(kinds) == tuple(NoticeKind)
