"""Non-members are refused everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from common.errors import ErrorCode, MinitorrentError
from tests.integration.client.team import GROUP, Team
from tests.support.content import make_file
from tests.support.waiting import wait_until


def code(act: Callable[[], object]) -> ErrorCode:
    """The code of the error that it raises."""
    with pytest.raises(MinitorrentError) as raised:
        act()
    return raised.value.code


def test_non_members_are_refused_every_operation(team: Team, tmp_path: Path) -> None:
    ann, eve = team.member("ann"), team.outsider("eve")
    content = make_file(tmp_path / "content", 50_000)
    name = team.share(ann, content)
    torrent = tmp_path / "content.torrent"
    ann.session.files.share(content, torrent, GROUP)
    session, folder = eve.session, str(tmp_path / "stolen")
    members: list[Callable[[], object]] = [
        lambda: session.groups.members(GROUP),
        lambda: session.groups.requests(GROUP),
        lambda: session.files.list(GROUP),
        lambda: session.groups.use(GROUP),
        lambda: session.groups.leave(GROUP),
        lambda: session.files.upload(content, GROUP),
        lambda: session.files.share(content, tmp_path / "own.torrent", GROUP),
        lambda: session.files.download(GROUP, name, folder),
        lambda: session.files.stop_share(GROUP, name),
    ]
    for act in members:
        assert code(act) is ErrorCode.NOT_MEMBER
    admins: list[Callable[[], object]] = [
        lambda: session.groups.accept_request(GROUP, "eve"),
        lambda: session.groups.reject_request(GROUP, "eve"),
        lambda: session.groups.remove_member(GROUP, "ann"),
        lambda: session.groups.promote(GROUP, "eve"),
        lambda: session.groups.demote(GROUP, "ann"),
        lambda: session.groups.transfer(GROUP, "eve"),
    ]
    for act in admins:
        assert code(act) in (ErrorCode.NOT_MEMBER, ErrorCode.NOT_ADMIN)
    link = ann.session.files.magnet(GROUP, name).magnet
    assert code(lambda: session.files.magnet(GROUP, name)) is ErrorCode.NOT_MEMBER
    assert code(lambda: session.files.get(link, folder)) is ErrorCode.NO_SUCH_FILE
    assert code(lambda: session.files.get(str(torrent), folder)) is ErrorCode.NOT_MEMBER
    assert code(lambda: session.files.remove(torrent)) is ErrorCode.NOT_MEMBER
    assert not Path(folder).exists()
    assert session.transfers.downloads().downloads == []


def test_transfers_of_a_removed_member_stop(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    mine = team.share(bob, make_file(tmp_path / "bobs", 50_000))
    name = team.share(ann, make_file(tmp_path / "anns", 50_000))
    ann.session.transfers.pause(GROUP, name)
    bob.start(name)
    ann.session.groups.remove_member(GROUP, "bob")
    wait_until(lambda: bob.row(name).state == "failed", what="bob's download to stop")
    assert "member" in (bob.row(name).error or "")
    transfer = bob.session._transfers.get(GROUP, mine)
    wait_until(lambda: transfer.torrent is None, what="bob's share to stop")
    assert code(lambda: bob.session.files.list(GROUP)) is ErrorCode.NOT_MEMBER
    bob.restart()  # and they stay stopped
    wait_until(lambda: bob.row(name).state == "failed", what="the download to stay stopped")


def test_leaving_a_group_ends_its_transfers(team: Team, tmp_path: Path) -> None:
    ann, bob = team.member("ann"), team.member("bob")
    content = make_file(tmp_path / "content", 50_000)
    copy = bob.fetch(team.share(ann, content))
    bob.session.groups.use(GROUP)
    bob.session.groups.leave(GROUP)
    assert bob.session.transfers.downloads().downloads == []
    assert bob.session.overview().group is None
    assert copy.read_bytes() == content.read_bytes()
