"""Sealed groups: each is a certificate authority by which members prove membership."""

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
"""Prefix of the URI in a member certificate's subjectAltName; the holder's id follows.

A holder is one login of a member in one group: the id survives renewal of the certificate, and is
never reused once the login or the membership has ended.
"""


class IssueCertificate(Model):
    """Sign a member's key. `request` is a PKCS #10 signing request; the key itself never leaves the
    client.

    Only the public key of the request is used.
    """

    group: Name
    request: Pem


class IssueCertificateReply(Model):
    """`authority` is the group's own certificate; `not_after` is ISO 8601, UTC.

    `removed` lists the ids (see MEMBER_URI) of revoked certificates that have not yet expired; if
    `more_removed` is set, list_removed returns the rest.
    """

    group: str
    certificate: Pem
    authority: Pem
    not_after: str
    removed: Annotated[list[str], ROWS] = Field(default_factory=list)
    more_removed: bool = False


class ListRemoved(PageRequest):
    """List the revoked certificates of a group; the pattern is ignored."""

    group: Name


class ListRemovedReply(PageReply):
    """`removed` is as in IssueCertificateReply, newest holders first."""

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
