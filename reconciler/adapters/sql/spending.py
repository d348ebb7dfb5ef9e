"""What was spent of the limits of others, kept so that no restart and no other replica spends it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from reconciler.adapters.budget import SLOT, Spent
from reconciler.adapters.sql import direct
from reconciler.adapters.sql.database import Database
from reconciler.adapters.sql.tables import accounts, spending
from reconciler.adapters.sql.writing import Statements
from reconciler.ports import Clock

KEPT = 7200.0  # s
LONGEST = 3601.0  # s of a pause, an hour and what is rounded: what is longer was begun before the clock was set back


class SqlSpending:
    """Implements `github_governor.Ledger`."""

    def __init__(self, database: Database, statements: Statements, clock: Clock) -> None:
        self._database = database
        self._statements = statements
        self._clock = clock

    def spend(
        self, account: str, points: int, writes: int, wait: Callable[[Sequence[Spent], float], float]
    ) -> tuple[float, str]:
        """Enter what a call costs if `wait` (of what was spent, and the time) says 0.

        Returns the seconds to wait, and why if that is not for want of budget.
        """

        def work(connection: Connection) -> tuple[float, str]:
            held = self._account(connection, account)  # first: whoever waited for it would come with an old time
            now = self._database.now(connection, self._clock)
            if (paused := _paused(held, now)) > 0:
                return paused, str(held["reason"])
            found = direct.rows(connection, _SPENT, {"_account": account, "_since": int((now - KEPT) / SLOT)})
            rows, slot = [Spent(**row) for row in found], int(now / SLOT)
            if any(one.slot > slot for one in rows):
                rows = self._brought_back(connection, account, rows, slot)
            seconds = wait(rows, now)
            if seconds <= 0:
                self._enter(connection, account, rows, Spent(slot, points, writes))
            return seconds, ""

        return self._database.write(work)

    def pause(self, account: str, seconds: float, reason: str) -> None:
        """Let nobody spend anything for so long; a longer pause that was known stays."""

        def work(connection: Connection) -> None:
            held = self._account(connection, account)
            now = self._database.now(connection, self._clock)
            if _paused(held, now) < seconds:
                values = {"_account": account, "_until": now + seconds, "_reason": reason}
                direct.change(connection, _PAUSE, [values])

        self._database.write(work)

    def _account(self, connection: Connection, account: str) -> dict[str, Any]:
        """The account's row, which is ours until the transaction ends: of two replicas one waits for the other."""
        direct.change(
            connection, self._statements.add["accounts"], [{"account": account, "paused_until": 0.0, "reason": ""}]
        )
        return direct.rows(connection, _ACCOUNT, {"_account": account})[0]

    def _brought_back(self, connection: Connection, account: str, known: Sequence[Spent], slot: int) -> list[Spent]:
        """The clock was set back: what was spent later than now was spent just now at the latest."""
        late = [one for one in known if one.slot >= slot]
        now = Spent(slot, sum(one.points for one in late), sum(one.writes for one in late))
        direct.change(connection, _FORGET_LATER, [{"_account": account, "_after": slot}])
        direct.change(connection, self._statements.put["spending"], [_row(account, now)])
        return [*(one for one in known if one.slot < slot), now]

    def _enter(self, connection: Connection, account: str, known: Sequence[Spent], more: Spent) -> None:
        old = next((one for one in known if one.slot == more.slot), Spent(more.slot, 0, 0))
        now = Spent(more.slot, old.points + more.points, old.writes + more.writes)
        direct.change(connection, self._statements.put["spending"], [_row(account, now)])
        if old.points == 0:  # once for each slot
            direct.change(connection, _FORGET, [{"_account": account, "_before": more.slot - int(KEPT / SLOT)}])


def _paused(account: Mapping[str, Any], now: float) -> float:
    """Seconds for which nobody may spend anything."""
    left = float(account["paused_until"]) - now
    return left if 0 < left <= LONGEST else 0.0


def _row(account: str, spent: Spent) -> dict[str, Any]:
    return {"account": account, "slot": spent.slot, "points": spent.points, "writes": spent.writes}


_ACCOUNT = select(accounts.c.paused_until, accounts.c.reason).where(accounts.c.account == bindparam("_account"))
_ACCOUNT = _ACCOUNT.with_for_update()
_SPENT = select(spending.c.slot, spending.c.points, spending.c.writes).where(
    spending.c.account == bindparam("_account"), spending.c.slot >= bindparam("_since")
)
_PAUSE: Any = (
    update(accounts)
    .where(accounts.c.account == bindparam("_account"))
    .values(paused_until=bindparam("_until"), reason=bindparam("_reason"))
)
_FORGET = delete(spending).where(spending.c.account == bindparam("_account"), spending.c.slot < bindparam("_before"))
_FORGET_LATER = delete(spending).where(
    spending.c.account == bindparam("_account"), spending.c.slot > bindparam("_after")
)
