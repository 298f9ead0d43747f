"""The commands for rate limits."""

from __future__ import annotations

from client.core.bandwidth.throttle import Direction
from client.membership.account import Account
from client.results.settings import LimitRow, LimitsResult
from client.transfers.rate_limits import RateLimits
from client.transfers.transfer_manager import TransferManager


class LimitService:
    """The rate limits of a session; see Session for the rules of all its methods."""

    def __init__(
        self, account: Account, transfers: TransferManager, rate_limits: RateLimits
    ) -> None:
        self._account = account
        self._transfers = transfers
        self._rate_limits = rate_limits

    def list(self) -> LimitsResult:
        """Return the client's limits, then those of this user's transfers that have any."""
        whole = self._rate_limits.rates(None)
        rows = [LimitRow(group=None, name=None, up=whole.up, down=whole.down)]
        for transfer in self._transfers.all():
            record = transfer.record
            rates = self._rate_limits.rates(record)
            if any(rates):
                rows.append(
                    LimitRow(group=record.group, name=record.name, up=rates.up, down=rates.down)
                )
        return LimitsResult(limits=rows)

    def set(
        self,
        direction: Direction,
        rate: int,
        group: str | None = None,
        name: str | None = None,
    ) -> LimitsResult:
        """Limit the client, or with both names a transfer, to bytes a second; 0 is no limit."""
        if group is None or name is None:
            self._rate_limits.set(None, direction, rate)
        else:
            self._account.require()
            self._rate_limits.set(self._transfers.get(group, name).record, direction, rate)
        return self.list()
