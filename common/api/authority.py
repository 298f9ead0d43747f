"""Sealed groups: the group is a certificate authority, and members prove membership by it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from common.api.model import Model, Name
from common.api.operation import Operation
from common.api.paging import ROWS, PageReply, PageRequest
from common.errors import ErrorCode

Pem = Annotated[str, Field(max_length=16 * 1024)]
"""A certificate or a signing request as text (RFC 7468)."""

MEMBER_URI = "minitorrent:user:"
"""How the URI in a member certificate's subjectAltName begins; the holder's id follows.

A holder is one login of a member in one group: the id stays the same when the certificate is
renewed, and is never given again once the login or the membership has ended.
"""


class IssueCertificate(Model):
    """Sign a member's key. `request` is a PKCS #10 signing request; the key itself never travels.

    Nothing of the request but its public key is taken over.
    """

    group: Name
    request: Pem


class IssueCertificateReply(Model):
    """`authority` is the group's own certificate; `not_after` is ISO 8601, UTC.

    `removed` are the ids (see MEMBER_URI) of those whose certificates are still within their
    dates, but are not to be accepted any more; with `more_removed`, list_removed has others.
    """

    group: str
    certificate: Pem
    authority: Pem
    not_after: str
    removed: Annotated[list[str], ROWS] = Field(default_factory=list)
    more_removed: bool = False


class ListRemoved(PageRequest):
    """Ask whose certificates are not to be accepted in a group; the pattern is not used."""

    group: Name


class ListRemovedReply(PageReply):
    """`removed` as in IssueCertificateReply, the newest holders first."""

    group: str
    removed: Annotated[list[str], ROWS]


ISSUE_CERTIFICATE = Operation(
    "issue_certificate",
    IssueCertificate,
    IssueCertificateReply,
    frozenset({ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER}),
    scope="member",
)
LIST_REMOVED = Operation(
    "list_removed",
    ListRemoved,
    ListRemovedReply,
    frozenset({ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER}),
    scope="read",
)
