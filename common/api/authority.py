"""Sealed groups: the group is a certificate authority, and members prove membership by it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from common.api.model import Model, Name
from common.api.operation import Operation
from common.errors import ErrorCode

Pem = Annotated[str, Field(max_length=16 * 1024)]
"""A certificate or a signing request as text (RFC 7468)."""


class IssueCertificate(Model):
    """Sign a member's key. `request` is a PKCS #10 signing request; the key itself never travels.

    Nothing of the request but its public key is taken over.
    """

    group: Name
    request: Pem


class IssueCertificateReply(Model):
    """`authority` is the group's own certificate; `not_after` is ISO 8601, UTC."""

    group: str
    certificate: Pem
    authority: Pem
    not_after: str


ISSUE_CERTIFICATE = Operation(
    "issue_certificate",
    IssueCertificate,
    IssueCertificateReply,
    frozenset({ErrorCode.NO_SUCH_GROUP, ErrorCode.NOT_MEMBER}),
)
