"""Quotas as the operator writes them."""

from __future__ import annotations

import pytest

from common.errors import ErrorCode, MinitorrentError
from tracker.domain.quota import Quota
from tracker.quotas import NAMES, Quotas, check_quota, read_quota, with_quotas


@pytest.mark.parametrize("name", NAMES)
def test_every_quota_can_be_chosen(name: str) -> None:
    chosen = with_quotas([read_quota(f"{name}=5"), read_quota(f"{name}=7")])
    assert getattr(chosen, name.replace("-", "_")) == 7
    assert with_quotas([]) == Quotas()


NO_NUMBERS = ["files", "files=", "files=0", "files=-1", "files=x", "files=²", "files=1e3"]


@pytest.mark.parametrize("text", [*NO_NUMBERS, "files=" + "9" * 40])
def test_invalid_numbers_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not NAME=N"):
        read_quota(text)


@pytest.mark.parametrize("text", ["", "chairs=3", "metainfo_bytes=3"])
def test_an_unknown_quota_lists_the_known_ones(text: str) -> None:
    with pytest.raises(ValueError, match="choose one of: groups, requests"):
        read_quota(text)


def test_a_reached_quota_refuses() -> None:
    check_quota(2, 3, "chairs", "sell one")
    with pytest.raises(MinitorrentError, match=r"at most 3 chairs; sell one\.") as raised:
        check_quota(3, 3, "chairs", "sell one")
    assert raised.value.code is ErrorCode.QUOTA_EXCEEDED


def test_bytes_and_members_have_no_limit_unless_one_is_chosen() -> None:
    assert Quotas().of_user.bytes is None
    assert Quotas().of_group.bytes is None
    assert Quotas().of_group.members is None
    chosen = with_quotas([read_quota(text) for text in ("bytes=5", "group-bytes=6", "files=7")])
    assert chosen.of_user == Quota(files=7, bytes=5)
    chosen = with_quotas([read_quota(text) for text in ("group-files=4", "group-members=3")])
    assert chosen.of_group == Quota(files=4, members=3)
