"""Dispatch of operations to services, in one table for every frontend."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, TypeVar

from common.api import (
    accounts,
    audit,
    authority,
    events,
    files,
    groups,
    invitations,
    presence,
    rendezvous,
    stats,
    tokens,
)
from common.api.model import Model
from common.api.operation import Operation
from common.api.registry import OPERATIONS
from common.errors import ErrorCode, MinitorrentError
from tracker.frontend.failures import answer_to
from tracker.frontend.metrics import Metrics
from tracker.services.accounts.logins import count_audited
from tracker.services.caller import Caller, Identity
from tracker.services.catalogue import Services
from tracker.store.database.timing import database_seconds

RequestT = TypeVar("RequestT", bound=Model)
ReplyT = TypeVar("ReplyT", bound=Model)
Handler = Callable[[Caller, Any], Model]


_RECORDED = frozenset(
    operation.name
    for operation in (
        tokens.CREATE_TOKEN,
        tokens.RENEW_TOKEN,
        groups.CREATE_GROUP,
        groups.JOIN_GROUP,
        groups.ACCEPT_REQUEST,
        groups.ACCEPT_REQUESTS,
        invitations.CREATE_INVITE,
        invitations.ACCEPT_INVITE,
        groups.PROMOTE,
        groups.DEMOTE,
        groups.SET_ROLE,
        groups.SET_UPLOAD,
        groups.TRANSFER_GROUP,
        authority.ISSUE_CERTIFICATE,
        files.ADD_FILE,
        files.STOP_SHARE,
    )
)
"""Operations that the audit records and a daily limit applies to. Operations that revoke
something (a session, a member, a file, a request) are limited by the number of objects to revoke.
"""


class Dispatcher:
    """Answers operations. Thread-safe, with one caller per thread."""

    def __init__(self, services: Services, metrics: Metrics) -> None:
        self._logins = services.logins
        self._audit_limit = services.audit_limit
        self._metrics = metrics
        self._table = _table(services)
        if self._table.keys() != OPERATIONS.keys():
            raise AssertionError("the dispatch table and the registry of operations differ")

    def call(self, caller: Caller, name: str, arguments: object) -> Model:
        """Return the reply of operation `name`; raises only MinitorrentError."""
        operation = OPERATIONS.get(name)
        if operation is None:
            raise MinitorrentError(
                ErrorCode.USAGE, "This tracker doesn't know this operation; it may be too old."
            )
        with self._counting(operation):
            self._admit(caller, operation)
            return self._carry_out(caller, operation, arguments)

    def admit(self, caller: Caller, operation: Operation[Any, Any]) -> None:
        """Authenticate a caller whose arguments have not been read yet; `answer` follows.

        Raises MinitorrentError when the caller may not request this operation.
        """
        with self._counting(operation, is_final=False):
            self._admit(caller, operation)

    def answer(self, caller: Caller, operation: Operation[Any, Any], arguments: object) -> Model:
        """Return the reply to an admitted caller; raises only MinitorrentError."""
        with self._counting(operation):
            return self._carry_out(caller, operation, arguments)

    def _admit(self, caller: Caller, operation: Operation[Any, Any]) -> None:
        if operation.name == accounts.PING.name:
            return  # by far the most frequent, and the same for everybody
        self._logins.refresh(caller)
        if operation.needs_login:
            caller.require_login(operation.scope)

    def _carry_out(
        self, caller: Caller, operation: Operation[Any, Any], arguments: object
    ) -> Model:
        if operation.name in _RECORDED:
            count_audited(self._audit_limit, caller.require_login().user)
        return self._table[operation.name](caller, operation.read_request(arguments))

    @contextmanager
    def _counting(self, operation: Operation[Any, Any], *, is_final: bool = True) -> Iterator[None]:
        """Count the outcome, success only if `is_final`; turn every failure into an answer."""
        start, in_database = time.perf_counter(), database_seconds()
        outcome = "ok" if is_final else ""
        try:
            with _answerable(operation):
                yield
        except MinitorrentError as error:
            outcome = error.code.value
            raise
        finally:
            if outcome:
                in_database = database_seconds() - in_database
                seconds = time.perf_counter() - start
                self._metrics.count(operation.name, outcome, seconds, in_database)


@contextmanager
def _answerable(operation: Operation[Any, Any]) -> Iterator[None]:
    """Log failures that are not the caller's, and raise MinitorrentError in their place."""
    try:
        yield
    except MinitorrentError:
        raise
    except Exception as error:  # the connection must survive a bug of ours
        raise answer_to("an operation failed", error, operation=operation.name) from None


def _anyone(
    operation: Operation[RequestT, ReplyT], handler: Callable[[Caller, RequestT], ReplyT]
) -> tuple[str, Handler]:
    return operation.name, handler


def _user(
    operation: Operation[RequestT, ReplyT], handler: Callable[[Identity, RequestT], ReplyT]
) -> tuple[str, Handler]:
    return operation.name, lambda caller, request: handler(caller.require_login(), request)


def _table(services: Services) -> dict[str, Handler]:
    handlers = (_account_handlers, _group_handlers, _file_handlers)
    return dict(chain.from_iterable(of(services) for of in handlers))


def _account_handlers(services: Services) -> list[tuple[str, Handler]]:
    return [
        _anyone(accounts.CREATE_USER, services.accounts.create_user),
        _anyone(accounts.LOGIN, services.logins.login),
        _anyone(accounts.RESUME_SESSION, services.logins.resume_session),
        _anyone(accounts.ADD_ADDRESS, services.logins.add_address),
        _anyone(accounts.LOGOUT, services.logins.logout),
        _anyone(accounts.PING, services.logins.ping),
        _user(accounts.CHANGE_PASSWORD, services.accounts.change_password),
        _user(accounts.CHECK_PASSWORD, services.accounts.check_password),
        _user(accounts.LIST_SESSIONS, services.logins.list_sessions),
        _user(accounts.END_SESSION, services.logins.end_session),
        _user(audit.LIST_EVENTS, services.events.list_events),
        _user(tokens.CREATE_TOKEN, services.tokens.create_token),
        _user(tokens.LIST_TOKENS, services.tokens.list_tokens),
        _user(tokens.RENEW_TOKEN, services.tokens.renew_token),
        _user(tokens.REVOKE_TOKEN, services.tokens.revoke_token),
        _user(events.LIST_NOTICES, services.notices.list_notices),
    ]


def _group_handlers(services: Services) -> list[tuple[str, Handler]]:
    return [
        _user(groups.CREATE_GROUP, services.groups.create_group),
        _user(groups.JOIN_GROUP, services.requests.join_group),
        _user(groups.LEAVE_GROUP, services.members.leave_group),
        _user(groups.LIST_GROUPS, services.groups.list_groups),
        _user(groups.GET_GROUP, services.groups.get_group),
        _user(groups.FIND_GROUP, services.groups.find_group),
        _user(authority.LIST_REMOVED, services.authorities.list_removed),
        _user(authority.ISSUE_CERTIFICATE, services.authorities.issue_certificate),
        _user(groups.LIST_MEMBERS, services.members.list_members),
        _user(stats.STATS, services.stats.stats),
        _user(groups.LIST_REQUESTS, services.requests.list_requests),
        _user(groups.ACCEPT_REQUEST, services.requests.accept_request),
        _user(groups.REJECT_REQUEST, services.requests.reject_request),
        _user(groups.ACCEPT_REQUESTS, services.requests.accept_requests),
        _user(groups.REJECT_REQUESTS, services.requests.reject_requests),
        _user(groups.REMOVE_MEMBER, services.members.remove_member),
        _user(groups.PROMOTE, services.members.promote),
        _user(groups.DEMOTE, services.members.demote),
        _user(groups.SET_ROLE, services.members.set_role),
        _user(groups.SET_UPLOAD, services.groups.set_upload),
        _user(groups.TRANSFER_GROUP, services.members.transfer_group),
        _user(invitations.CREATE_INVITE, services.invitations.create_invite),
        _user(invitations.LIST_INVITES, services.invitations.list_invites),
        _user(invitations.REVOKE_INVITE, services.invitations.revoke_invite),
        _user(invitations.ACCEPT_INVITE, services.invitations.accept_invite),
    ]


def _file_handlers(services: Services) -> list[tuple[str, Handler]]:
    announces, keys = services.announces, services.keys
    return [
        _user(files.LIST_FILES, services.files.list_files),
        _user(files.FIND_FILES, services.files.find_files),
        _user(files.ADD_FILE, services.files.add_file),
        _user(files.GET_FILE, services.files.get_file),
        _user(files.FIND_FILE, services.files.find_file),
        _user(files.STOP_SHARE, services.files.stop_share),
        _user(files.REMOVE_FILE, services.files.remove_file),
        _user(presence.ANNOUNCE, announces.announce),
        _user(presence.IDENTIFY_PEER, announces.identify_peer),
        _user(presence.CHECK_PORT, services.reachability.check_port),
        _user(rendezvous.RENDEZVOUS, services.rendezvous.rendezvous),
        _anyone(presence.ANNOUNCE_KEY, keys.announce_key),
        _anyone(presence.RENEW_ANNOUNCE_KEY, keys.renew_announce_key),
    ]
