"""Results for other BitTorrent clients: metainfo files, magnet links, credentials."""

from __future__ import annotations

from pydantic import Field

from client.results.base import Result


class ShareFileResult(Result):
    metainfo: str
    group: str
    name: str
    info_hash: str


class MagnetResult(Result):
    """A magnet link (BEP 9)."""

    magnet: str


class PublishResult(Result):
    """What a group shares from now on by metainfo alone, and the file to seed it with."""

    group: str
    name: str
    info_hash: str
    metainfo: str


class MetainfoResult(Result):
    """The path of a metainfo file."""

    metainfo: str


class AnnounceKeyResult(Result):
    """A member's own announce address in a group: a secret."""

    group: str
    announce: str = Field(repr=False)


class ExportResult(Result):
    """Paths of a member's credentials, in PEM."""

    certificate: str
    key: str
    dhparams: str
