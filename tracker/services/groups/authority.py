"""Certificate authorities of sealed groups: creation, issue and revocation."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from common.api import authority as api
from common.api.events import EventKind
from common.api.paging import MAX_PAGE
from common.errors import ErrorCode, MinitorrentError
from tracker.domain import certificates
from tracker.domain.certificates import Authority, Holder
from tracker.domain.paging import cut, number_after
from tracker.domain.secret_box import NONCE_BYTES, SecretBox
from tracker.quotas import Quotas, check_quota
from tracker.services.caller import Identity
from tracker.services.clock import Clock, iso
from tracker.services.events import record
from tracker.services.lookups import find_own_group
from tracker.services.rate_limits import RateLimiter
from tracker.store import records
from tracker.store.database.errors import ConflictError
from tracker.store.records import Group
from tracker.store.unit_of_work import UnitOfWork, UnitOfWorkFactory

_UID_BYTES = 16
_RENEWALS = 100  # renewals per lifetime, one for each of a user's groups


class CertificateService:
    """Operations on certificates. `lifetime` is that of a certificate, in seconds.

    Short-lived certificates are renewed more often, so they raise the quota of certificates.
    """

    def __init__(
        self,
        database: UnitOfWorkFactory,
        clock: Clock,
        steady: Clock,
        secret_box: SecretBox,
        lifetime: float,
        quotas: Quotas,
    ) -> None:
        hourly = max(quotas.certificates, int(_RENEWALS * 3600 / lifetime))
        self._issuing = RateLimiter.hourly(hourly, steady)
        self._quotas = quotas
        self._database = database
        self._clock = clock
        self._secret_box = secret_box
        self._lifetime = lifetime

    def issue_certificate(
        self, me: Identity, request: api.IssueCertificate
    ) -> api.IssueCertificateReply:
        """Certify the caller's key. Raises MinitorrentError(usage, not_member, ...)."""
        try:
            with self._database.write() as work:
                group = find_own_group(work, me, request.group, lock=True)
                authority = _authority_of(work, group)
                return self._issue(work, me, group, authority, request.request)
        except ConflictError:
            # Another request deleted the login's row.
            raise MinitorrentError(
                ErrorCode.NOT_LOGGED_IN, "This session has ended; log in again."
            ) from None

    def _issue(
        self,
        work: UnitOfWork,
        me: Identity,
        group: Group,
        authority: records.Authority,
        request: str,
    ) -> api.IssueCertificateReply:
        key = certificates.read_request(request)
        self._check_quotas(work, me, group)
        uid = secrets.token_hex(_UID_BYTES)
        holder = work.authorities.hold(group.id, me.user_id, me.token_id, uid)
        now = self._clock()
        issued = certificates.issue(
            Authority(
                authority.certificate, self._secret_box.open(authority.sealed_key, group.uid)
            ),
            key,
            Holder(me.user, holder.uid),
            secrets.token_bytes(certificates.SERIAL_BYTES),
            now,
            self._lifetime,
        )
        work.authorities.certify(holder.id, issued.not_after)
        text = f"{me.user} received a certificate for {group.name}."
        kind = EventKind.CERTIFICATE_ISSUED
        record(work, kind, group, me, me.user, text, now)
        removed = work.authorities.removed(group.id, now, None, MAX_PAGE + 1)
        return api.IssueCertificateReply(
            group=group.name,
            certificate=issued.certificate,
            authority=authority.certificate,
            not_after=iso(issued.not_after),
            removed=[uid for _, uid in removed[:MAX_PAGE]],
            more_removed=len(removed) > MAX_PAGE,
        )

    def list_removed(self, me: Identity, request: api.ListRemoved) -> api.ListRemovedReply:
        """Return a page of a group's revoked holders, newest first."""
        before = number_after(request.after) or None
        now = self._clock()
        with self._database.read() as work:
            group = find_own_group(work, me, request.group)
            found = work.authorities.removed(group.id, now, before, request.rows + 1)
            total = work.authorities.count_removed(group.id, now)
        rows, following = cut(found, request.rows, lambda row: str(row[0]))
        return api.ListRemovedReply(
            group=group.name, removed=[uid for _, uid in rows], total=total, next=following
        )

    def _check_quotas(self, work: UnitOfWork, me: Identity, group: Group) -> None:
        if not work.authorities.is_holder(group.id, me.token_id):
            held = work.authorities.count_holders(group.id, me.user_id, self._clock())
            what = f"certified logins per user in {group.name}"
            check_quota(held, self._quotas.holders, what, "wait until some have expired")
        complaint = "You received too many certificates in the last hour"
        self._issuing.spend(me.user, ErrorCode.QUOTA_EXCEEDED, complaint)


def create_authority(work: UnitOfWork, group: Group, secret_box: SecretBox, now: float) -> None:
    """Create a new group's authority; the private key is stored encrypted."""
    made = certificates.make_authority(
        group.name,
        secrets.token_bytes(certificates.SECRET_BYTES),
        secrets.token_bytes(certificates.SERIAL_BYTES),
        now,
    )
    sealed = secret_box.seal(made.key, group.uid, secrets.token_bytes(NONCE_BYTES))
    work.authorities.add(group.id, made.certificate, sealed)


def revoke_logins(
    work: UnitOfWork, me: Identity, token_ids: Collection[int], now: float, *, user: str = ""
) -> None:
    """Revoke the certificates of these logins in every group; they are `user`'s, if not `me`'s.

    Call this in the unit of work that ends the logins, before it does so. Members who aren't
    connected learn of it from `removed` in later replies.
    """
    user = user or me.user
    for group, uid in work.authorities.of_tokens(token_ids, now):
        text = f"A session of {user} has ended; its certificate for {group.name} is revoked."
        kind = EventKind.CERTIFICATES_REVOKED
        record(work, kind, group, me, user, text, now, removed=[uid])


def _authority_of(work: UnitOfWork, group: Group) -> records.Authority:
    authority = work.authorities.of_group(group.id)
    if authority is None:
        raise MinitorrentError(
            ErrorCode.USAGE, f"{group.name} is an open group; its members need no certificates."
        )
    return authority
