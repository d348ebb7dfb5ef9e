"""The mailbox of the HTTP edge: what arrives while a commit is under way is stored together by the next one."""

from __future__ import annotations

import asyncio

from reconciler.store import Delivery, Inbox
from webhooks.asgi import run_in_threadpool
from webhooks.bodies import Refused

GROUP = 200  # deliveries in one commit: bounds how long the first of them waits
ROOM = 5_000  # deliveries that wait: bounds memory when the database does not answer


class Mailbox:
    """Stores deliveries durably, many in one transaction. For one event loop."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._waiting: list[tuple[Delivery, asyncio.Future[bool]]] = []
        self._emptying: asyncio.Task[None] | None = None

    async def put(self, delivery: Delivery) -> bool:
        """Return when it is stored; False if it was known. Raises Refused, and Waiting or Stalled as the store does."""
        if len(self._waiting) >= ROOM:
            raise Refused(503, "Busy", "More arrives than can be stored.", "Send it again in a minute.")
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, stored))
        if self._emptying is None:
            self._emptying = asyncio.create_task(self._empty())
        return await stored

    async def _empty(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
                _answer(group, await _outcome(self._inbox, [delivery for delivery, _ in group]))
        finally:
            self._emptying = None


async def _outcome(inbox: Inbox, group: list[Delivery]) -> list[bool] | BaseException:
    """What came of a group: every sender is to hear of it, and none of a failure that was another group's."""
    (outcome,) = await asyncio.gather(run_in_threadpool(inbox.deliver, group), return_exceptions=True)
    return outcome if isinstance(outcome, BaseException) else list(outcome)


def _answer(group: list[tuple[Delivery, asyncio.Future[bool]]], outcome: list[bool] | BaseException) -> None:
    for place, (_, stored) in enumerate(group):
        if stored.done():  # its sender has gone
            continue
        if isinstance(outcome, BaseException):
            stored.set_exception(outcome)
        else:
            stored.set_result(outcome[place])
