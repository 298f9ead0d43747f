"""Notices that the tracker pushes to a connected client."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from common.api.model import Count, Model


class EventKind(StrEnum):
    """What happened, and who is told."""

    JOIN_REQUESTED = "join_requested"  # the group's admins
    REQUEST_ACCEPTED = "request_accepted"  # who asked
    REQUEST_REJECTED = "request_rejected"  # who asked
    MEMBER_REMOVED = "member_removed"  # who was removed
    MEMBER_LEFT = "member_left"  # the group's members, when somebody left or was removed
    CERTIFICATES_REVOKED = "certificates_revoked"  # the group's members, when a login was ended
    CERTIFICATE_ISSUED = "certificate_issued"  # nobody
    ROLE_CHANGED = "role_changed"  # whose role it is
    FILE_ADDED = "file_added"  # the group's other members


class EventNotice(Model):
    """Something that happened in a group. `at` is ISO 8601, UTC; `text` one English sentence.

    `kind` is one of EventKind, or a word that a newer tracker added. `subject` is the user or
    the file it is about. Certificates of the holders in `removed` are not to be accepted in the
    group any more, whatever the kind (see common.api.authority).
    """

    id: Count
    at: str
    kind: str
    group: str
    actor: str
    subject: str
    text: str
    removed: list[str] = Field(default_factory=list)
