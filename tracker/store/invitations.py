"""Invitations to groups, and the removals that they don't undo."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from tracker.store.matching import fits
from tracker.store.schema import Group, Invitation, Removal, User


class InvitationRepository:
    """Invitations, within one unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, invitation: Invitation) -> Invitation:
        """Store a new invitation and number it."""
        self._session.add(invitation)
        self._session.flush()
        return invitation

    def by_digest(self, digest: bytes) -> tuple[Invitation, Group] | None:
        """Return the invitation with this digest and its group, valid or not."""
        found = self._session.execute(
            select(Invitation, Group)
            .join(Group, Group.id == Invitation.group_id)
            .where(Invitation.digest == digest)
        ).first()
        return None if found is None else (found[0], found[1])

    def page(
        self, group_id: int, now: float, pattern: str, after: int, limit: int
    ) -> list[tuple[Invitation, str]]:
        """Return a group's next valid invitations, oldest first, with who created each."""
        query = select(Invitation, User.name).join(User, User.id == Invitation.created_by)
        query = query.where(*_are_valid(group_id, now, pattern), Invitation.id > after)
        rows = self._session.execute(query.order_by(Invitation.id).limit(limit))
        return [(invitation, creator) for invitation, creator in rows]

    def count(self, group_id: int, now: float, pattern: str) -> int:
        """Count a group's valid invitations."""
        query = select(func.count()).select_from(Invitation)
        query = query.join(User, User.id == Invitation.created_by)
        return self._session.scalar(query.where(*_are_valid(group_id, now, pattern))) or 0

    def spend(self, invitation_id: int, now: float) -> bool:
        """Take one use; returns False if there was none left, or the time is over."""
        spent = self._session.execute(
            update(Invitation)
            .where(
                Invitation.id == invitation_id,
                Invitation.uses_left > 0,
                Invitation.expires_at > now,
            )
            .values(uses_left=Invitation.uses_left - 1)
            .returning(Invitation.id)
        )
        return spent.first() is not None

    def revoke(self, group_id: int, invitation_id: int, now: float) -> bool:
        """End a valid invitation; returns False if there is none with this number."""
        ended = self._session.execute(
            update(Invitation)
            .where(*_are_valid(group_id, now, ""), Invitation.id == invitation_id)
            .values(uses_left=0)
            .returning(Invitation.id)
        )
        return ended.first() is not None

    def revoke_created_by(self, group_id: int, user_id: int) -> None:
        """End all invitations that a former admin created."""
        self._session.execute(
            update(Invitation)
            .where(Invitation.group_id == group_id, Invitation.created_by == user_id)
            .values(uses_left=0)
        )

    def exclude(self, group_id: int, user_id: int, now: float) -> None:
        """Record that a user was removed: earlier invitations don't let the user in again."""
        self.forgive(group_id, user_id)
        self._session.add(Removal(group_id=group_id, user_id=user_id, removed_at=now))

    def forgive(self, group_id: int, user_id: int) -> None:
        """Forget that a user was removed."""
        self._session.execute(
            delete(Removal).where(Removal.group_id == group_id, Removal.user_id == user_id)
        )

    def removed_at(self, group_id: int, user_id: int) -> float | None:
        """Return when a user was last removed from a group, or None."""
        return self._session.scalar(
            select(Removal.removed_at).where(
                Removal.group_id == group_id, Removal.user_id == user_id
            )
        )

    def delete_expired(self, now: float) -> None:
        """Delete invitations whose time is over."""
        self._session.execute(delete(Invitation).where(Invitation.expires_at <= now))


def _are_valid(group_id: int, now: float, pattern: str) -> list[ColumnElement[bool]]:
    conditions = [
        Invitation.group_id == group_id,
        Invitation.uses_left > 0,
        Invitation.expires_at > now,
    ]
    if pattern:
        by = select(User.id).where(fits(User.name, pattern))
        conditions.append(Invitation.created_by.in_(by))
    return conditions
