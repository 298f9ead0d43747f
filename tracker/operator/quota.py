"""`quota`: limits of one user or group, in place of the tracker's usual ones."""

from __future__ import annotations

import argparse
import json

from common.errors import ErrorCode, MinitorrentError
from common.text import size
from tracker.domain.quota import Quota
from tracker.operator.opening import opened
from tracker.services.quotas import QuotaReport, QuotaService


def show(options: argparse.Namespace) -> str:
    """Show the limits of a user or group, and what it has."""
    with opened(options) as store:
        return _report(options, QuotaService(store, store.clock))


def set_limits(options: argparse.Namespace) -> str:
    """Set some limits and keep the others."""
    quota = Quota(options.files, options.bytes, options.members)
    if quota == Quota():
        raise _usage("say which limit: --files N, --bytes N, or of a group --members N")
    if options.of_user is not None and quota.members is not None:
        raise _usage("a user has no limit of members; name a group with --group")
    with opened(options) as store:
        service = QuotaService(store, store.clock)
        if options.of_user is not None:
            service.set_for_user(options.of_user, quota)
        else:
            service.set_for_group(options.of_group, quota)
        return _report(options, service)


def clear(options: argparse.Namespace) -> str:
    """Give a user or group the usual limits again."""
    with opened(options) as store:
        service = QuotaService(store, store.clock)
        if options.of_user is not None:
            service.clear_for_user(options.of_user)
        else:
            service.clear_for_group(options.of_group)
        return _report(options, service)


def _report(options: argparse.Namespace, service: QuotaService) -> str:
    is_user = options.of_user is not None
    report = service.of_user(options.of_user) if is_user else service.of_group(options.of_group)
    kinds = ("files", "bytes") if is_user else ("files", "bytes", "members")
    if options.json:
        who = {"user": options.of_user} if is_user else {"group": options.of_group}
        limits = {kind: getattr(report.own, kind) for kind in kinds}
        used = {kind: getattr(report.used, kind) for kind in kinds}
        return json.dumps({**who, "limits": limits, "used": used})
    return "\n".join(_line(report, kind) for kind in kinds)


def _line(report: QuotaReport, kind: str) -> str:
    used, limit = getattr(report.used, kind), getattr(report.own, kind)
    shown = size if kind == "bytes" else "{:,}".format
    usual = "the tracker's usual limit" if limit is None else f"at most {shown(limit)}"
    return f"{kind:8} {shown(used)} of {usual}"


def _usage(message: str) -> MinitorrentError:
    return MinitorrentError(ErrorCode.USAGE, message)
