"""Rows of the tables as the services see them: values, which nothing writes back."""

from __future__ import annotations

from typing import NamedTuple


class User(NamedTuple):
    """An account; `last_read_event_id` is the newest event that its user has read notices up to.

    Nobody can log in to it while `blocked_at` has a time.
    """

    id: int
    name: str
    password_hash: str
    last_read_event_id: int
    blocked_at: float | None


class Arriving(NamedTuple):
    """A user who is about to be connected: with how many connections already, after which event."""

    user: User
    connections: int
    last_event_id: int


class Token(NamedTuple):
    """A login; without a `scope` it is a session's."""

    id: int
    user_id: int
    address: str
    created_at: float
    expires_at: float
    scope: str | None
    label: str


class Group(NamedTuple):
    """A group; `uid` is random and distinguishes its files from other groups'.

    `upload` says who adds files (see tracker.domain.rules).
    """

    id: int
    name: str
    uid: str
    mode: str
    upload: str


class GroupSize(NamedTuple):
    """How many files with how many bytes a group has, and members."""

    files: int
    bytes: int
    members: int


class UserSize(NamedTuple):
    """How many files with how many bytes, also of metainfo, a user has added; and how many groups
    the user is in."""

    files: int
    bytes: int
    metainfo_bytes: int
    groups: int


class JoinRequest(NamedTuple):
    """A user who asks to become a member; `requested_at` is in seconds since the epoch."""

    id: int
    user_id: int
    user: str
    requested_at: float


class Invitation(NamedTuple):
    """An invitation to a group, valid or not; unless it `makes_admins`, its users get `role`."""

    id: int
    group_id: int
    created_by: int
    created_at: float
    expires_at: float
    uses_left: int
    makes_admins: bool
    role: str


class Authority(NamedTuple):
    """A sealed group's certificate (PEM), and its private key encrypted with the trackers' key."""

    certificate: str
    sealed_key: bytes


class Holder(NamedTuple):
    """A login of a member with certificates in a group, identified by `uid`."""

    id: int
    uid: str
    certified_until: float


class NewFile(NamedTuple):
    """A file to add; `added_by` is the user whose quotas it counts towards."""

    group_id: int
    name: str
    info_hash: bytes
    size: int
    pieces: int
    added_at: float
    added_by: int | None = None
    metainfo_size: int = 0


class File(NamedTuple):
    """A shared file or folder; `completed` counts the announced completions."""

    id: int
    group_id: int
    name: str
    info_hash: bytes
    size: int
    pieces: int
    completed: int
    added_at: float


class ListedFile(NamedTuple):
    """A file in a list; `owner` is the user who has shared it longest, empty if nobody does.

    `added_at` is in seconds since the epoch.
    """

    id: int
    name: str
    size: int
    pieces: int
    info_hash: bytes
    added_at: float
    owner: str


class GroupSummary(NamedTuple):
    """A row of the list of groups."""

    group: Group
    is_member: bool
    owner: str
    members: int
    files: int
    has_requested: bool
    requests: int
    """Requests to join that the user may decide on."""


class Asker(NamedTuple):
    """A user who may have asked to join a group, and may have been removed from it before."""

    user_id: int
    has_asked: bool
    was_removed: bool


class Pending(NamedTuple):
    """Whether a user asks to join a group, the user's requests, and the group's."""

    has_asked: bool
    own: int
    others: int


class Possessions(NamedTuple):
    """Whether a member has any of these in a group."""

    peers: bool
    shares: bool
    announce_key: bool
    invitations: bool
    certificates: bool


class Event(NamedTuple):
    """An event as it was recorded (see tracker.store.schema)."""

    id: int
    at: float
    kind: str
    group_id: int
    group_name: str
    actor: str
    subject: str
    text: str
    removed: str
    address: str
    info_hash: bytes | None
