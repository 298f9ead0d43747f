"""Publishing metainfo of other tools, and writing metainfo of what one doesn't have."""

from __future__ import annotations

from pathlib import Path

import bencode2
import pytest

from client.event_bus import EventBus
from client.membership.account import Account
from client.notices import Notices
from client.results.overview import Notice
from client.services.content.metainfo_links import MetainfoLinks
from client.services.metainfo import MetainfoService
from common import metainfo
from common.api import presence
from common.api.accounts import LoginReply
from common.errors import ErrorCode, MinitorrentError
from common.magnet import Magnet
from tests.support.fakes.tracker_calls import SOURCE, URL, FakeTrackerCalls
from tests.support.torrents import write_torrent

NEVER = "nothing is fetched from peers here"


class Member:
    """Ann, whose other client has the content."""

    def __init__(self, account: Account, events: EventBus) -> None:
        self.account = account
        account.logged_in(LoginReply(user="ann", token="t", groups=["lab"], pending_requests=0))
        self.told: list[Notice] = []
        notices = Notices(events)
        notices.listen(self.told.append)
        self.tracker = FakeTrackerCalls()
        links = MetainfoLinks(self.tracker, _fetch)
        self.service = MetainfoService(account, notices, self.tracker, links)

    @property
    def texts(self) -> str:
        return "\n".join(notice.text for notice in self.told)


def _fetch(_: Magnet) -> bytes:
    raise AssertionError(NEVER)


@pytest.fixture
def ann(account: Account, events: EventBus) -> Member:
    return Member(account, events)


@pytest.fixture
def torrent(tmp_path: Path) -> Path:
    """Metainfo that another tool made, for another tracker."""
    content = tmp_path / "film.mkv"
    content.write_bytes(b"a film" * 10_000)
    path = tmp_path / "film.torrent"
    write_torrent(content, path, announce="http://other.example/announce", piece_length=16384)
    content.unlink()
    return path


def refused(ann: Member, torrent: Path, code: ErrorCode, out: Path | None = None) -> str:
    before = set(ann.tracker.shared)
    with pytest.raises(MinitorrentError) as caught:
        ann.service.publish(torrent, "lab", out)
    assert caught.value.code is code
    assert set(ann.tracker.shared) == before, "nothing was shared"
    return caught.value.message


def test_publish_shares_and_writes_what_to_seed_with(ann: Member, torrent: Path) -> None:
    original = torrent.read_bytes()
    result = ann.service.publish(torrent, "lab")
    assert Path(result.metainfo) == torrent.with_name("film.lab.torrent")
    shared = ann.tracker.shared["film.mkv"]
    assert (shared.private, shared.source) == (True, SOURCE)
    assert result.info_hash == shared.info_hash.hex()
    written = bencode2.bdecode(Path(result.metainfo).read_bytes())
    assert written[b"announce"] == URL.encode()
    assert bencode2.bencode(written[b"info"]) == shared.info_bytes
    assert torrent.read_bytes() == original
    assert ann.account.is_lent
    assert "assigned to the group and stripped of its trackers, so it has another" in ann.texts
    assert "keep it to yourself" in ann.texts


def test_publishing_again_changes_nothing(ann: Member, torrent: Path) -> None:
    first = ann.service.publish(torrent, "lab")
    assert ann.service.publish(torrent, "lab") == first
    ann.told.clear()
    again = ann.service.publish(Path(first.metainfo), "lab", Path(first.metainfo))
    assert again == first
    assert "stripped of its trackers: give" in ann.texts, "our own address counts, too"


def test_publish_writes_to_a_file_or_folder(ann: Member, torrent: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    in_folder = ann.service.publish(torrent, "lab", tmp_path / "out")
    assert in_folder.metainfo == str(tmp_path / "out" / "film.mkv.torrent")
    named = ann.service.publish(torrent, "lab", tmp_path / "a name")
    assert named.metainfo == str(tmp_path / "a name")


def test_no_other_file_is_replaced(ann: Member, torrent: Path) -> None:
    refused(ann, torrent, ErrorCode.FILE_EXISTS, torrent)
    torrent.with_name("film.lab.torrent").write_bytes(b"precious")
    refused(ann, torrent, ErrorCode.FILE_EXISTS)
    assert torrent.with_name("film.lab.torrent").read_bytes() == b"precious"


def test_the_same_content_keeps_the_groups_metainfo(
    ann: Member, torrent: Path, tmp_path: Path
) -> None:
    info = bencode2.bdecode(torrent.read_bytes())[b"info"]
    theirs = {**info, b"source": SOURCE.encode(), b"mtime": 7}
    known = metainfo.parse(metainfo.encode(bencode2.bencode(theirs)))
    ann.tracker.shared["film.mkv"] = known
    result = ann.service.publish(torrent, "lab")
    assert result.info_hash == known.info_hash.hex()
    assert metainfo.parse(Path(result.metainfo).read_bytes()).info_hash == known.info_hash
    assert "replaced by the group's metainfo" in ann.texts


def test_other_content_of_that_name_is_name_taken(ann: Member, torrent: Path) -> None:
    info = bencode2.bdecode(torrent.read_bytes())[b"info"] | {b"source": SOURCE.encode()}
    other = bencode2.bencode({**info, b"pieces": bytes(len(info[b"pieces"]))})
    ann.tracker.shared["film.mkv"] = metainfo.parse(metainfo.encode(other))
    assert "create metainfo with another name" in refused(ann, torrent, ErrorCode.NAME_TAKEN)


def test_somebody_may_be_faster(ann: Member, torrent: Path) -> None:
    ann.tracker.fail("add_file", ErrorCode.NAME_TAKEN)
    assert "create metainfo with another name" in refused(ann, torrent, ErrorCode.NAME_TAKEN)
    ann.tracker.fail("add_file", ErrorCode.TIMEOUT)
    refused(ann, torrent, ErrorCode.TIMEOUT)


def test_who_may_not_add_files_is_refused(ann: Member, torrent: Path) -> None:
    ann.tracker.refusal = "Readers can't add files."
    assert refused(ann, torrent, ErrorCode.PERMISSION_DENIED) == "Readers can't add files."
    ann.tracker.fail("get_file")
    refused(ann, torrent, ErrorCode.TRACKER_UNREACHABLE)


def test_a_file_that_isnt_metainfo_is_refused(ann: Member, tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_bytes(b"a film")
    assert "not a metainfo" in refused(ann, tmp_path / "film.mkv", ErrorCode.USAGE)
    refused(ann, tmp_path / "nowhere.torrent", ErrorCode.FILE_NOT_FOUND)


def test_a_group_that_isnt_sealed_as_it_should_be_is_refused(
    ann: Member, torrent: Path, tmp_path: Path
) -> None:
    ann.service.publish(torrent, "lab")
    ann.tracker.authority = "a certificate"
    with pytest.raises(MinitorrentError, match="is not sealed"):
        ann.service.write("lab", "film.mkv", tmp_path / "a.torrent")
    assert not (tmp_path / "a.torrent").exists()


def test_write_needs_no_content(ann: Member, torrent: Path, tmp_path: Path) -> None:
    shared = ann.service.publish(torrent, "lab")
    ann.account.is_lent = False
    (tmp_path / "out").mkdir()
    result = ann.service.write("lab", "film.mkv", tmp_path / "out")
    assert result.metainfo == str(tmp_path / "out" / "film.mkv.torrent")
    written = Path(result.metainfo).read_bytes()
    assert written == Path(shared.metainfo).read_bytes()
    assert ann.account.is_lent
    (tmp_path / "film.mkv").write_bytes(b"precious")
    with pytest.raises(MinitorrentError) as caught:
        ann.service.write("lab", "film.mkv", tmp_path / "film.mkv")
    assert caught.value.code is ErrorCode.FILE_EXISTS


def test_the_announce_address_is_a_secret_that_is_lent(ann: Member) -> None:
    result = ann.service.announce_key("lab")
    assert (result.group, result.announce) == ("lab", URL)
    assert URL not in repr(result)
    assert ann.account.is_lent
    assert ann.tracker.called == ["announce_key"]
    assert len(ann.told) == 1


def test_a_renewed_key_replaces_the_old_one(ann: Member) -> None:
    assert ann.service.announce_key("lab", renew=True).announce == URL + "2"
    assert ann.tracker.called == ["renew_announce_key"]
    assert "can't announce any more" in ann.texts


def test_without_http_there_is_no_address(ann: Member) -> None:
    ann.tracker.answers["announce_key"] = lambda _: presence.AnnounceKeyReply(
        key="k", announce_urls=[]
    )
    with pytest.raises(MinitorrentError, match="HTTP port is off"):
        ann.service.announce_key("lab")
    assert not ann.account.is_lent
