"""The step of webhooks that a forge could not deliver: what people asked for in them is asked for after all, once.

What is state needs none of this, as it is looked at. How far was looked is remembered here and nowhere else: a new
process looks at all that the forge still has. What it finds goes through the inbox, which knows what came before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from reconciler.errors import Stalled, Waiting
from reconciler.keys import MissedKey, RepositoryKey
from reconciler.ports import Missed, MissedWebhooks, World
from reconciler.records import Changes, Lease, RequestRow, Wake
from reconciler.store import Delivery

LATE = "late"  # argument of a request that was recovered, when that was: it may speak of what is no more
REACH = 3 * 86_400.0  # s: no forge keeps them longer, and the inbox remembers longer than that
OVERLAP = 900.0  # s: what is being tried is listed as failed only later
SOON = 3.0  # s until a repository that was asked for was looked at
MENDED = timedelta(minutes=5)  # between looks at a forge that a person has to let us in to

_Moment = tuple[float, float]  # by the clock of the wall, and by the monotonic one
_LONG_AGO = (float("-inf"), float("-inf"))


class Recover:
    """The step of `MissedKey`: a page at a time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pages: Iterator[Sequence[Missed]] | None = None  # of the look that is under way
        self._began = _LONG_AGO
        self._seen_to = _LONG_AGO  # when the last whole look began
        self._look_at = float("-inf")  # monotonic
        self._done: dict[str, float] = {}  # deliveries that were read, and when they were tried
        self._found: dict[str, Delivery] = {}  # whose repositories are to be looked at first

    def __call__(self, key: MissedKey, lease: Lease) -> Changes:
        """Look at one page, or hand over what was found. Raises Waiting."""
        now, missed = self._world.clock.now(), self._world.missed
        if missed is None:
            return Changes()
        if self._pages is None:
            self._hand_over(now)
        if self._pages is not None or self._left() <= 0:
            try:
                self._look(missed, now)
            except Stalled as error:
                raise Waiting(error.reason, error.message, MENDED) from error
        if self._pages is not None:
            return Changes(again_at=0.0)
        return Changes(again_at=now + (min(self._left(), SOON) if self._found else self._left()))

    def _left(self) -> float:
        """Seconds until the next look."""
        return self._look_at - self._world.clock.monotonic()

    # --- looking

    def _look(self, missed: MissedWebhooks, now: float) -> None:
        """The next page of a look. One that fails begins anew: what was read is not read again."""
        if self._pages is None:
            self._began = (now, self._world.clock.monotonic())
            self._pages = missed.missed(min(_passed(self._seen_to, self._began) + OVERLAP, REACH))
        pages, self._pages = self._pages, None
        page = next(pages, None)
        if page is not None:
            self._read(missed, page, now)
            self._pages = pages
            return
        self._seen_to, self._look_at = self._began, self._world.clock.monotonic() + missed.look_again
        self._done = {name: at for name, at in self._done.items() if at > now - REACH}

    def _read(self, missed: MissedWebhooks, page: Sequence[Missed], now: float) -> None:
        known = self._world.store.known_deliveries(one.id for one in page)
        for one in page:
            if one.id in self._found:
                self._found[one.id] = _asked_at(self._found[one.id], one.at, now)
            if one.id in known or one.id in self._done:
                continue
            delivery = missed.read(one)
            self._done[one.id] = one.at
            if delivery is not None and delivery.requests:
                self._found[one.id] = _asked_at(delivery, one.at, now)
                self._world.store.wake([Wake(RepositoryKey(delivery.row.repository))])

    # --- handing over

    def _hand_over(self, now: float) -> None:
        """What was asked for of a repository that was looked at since: a request is about what is there now, or void.

        The inbox writes it in a transaction of its own; done twice, it would still be there once.
        """
        ready = [one for one in self._found.values() if self._is_looked_at(one.row.repository, now)]
        if ready:
            self._world.store.deliver(ready)
        for one in ready:
            del self._found[one.row.id]

    def _is_looked_at(self, repository: str, now: float) -> bool:
        look = self._world.store.queued(RepositoryKey(repository))
        return look is None or look.is_done(now)


def _passed(since: _Moment, now: _Moment) -> float:
    """Seconds, by the clock that counted more: one may be set back, the other stands still while a machine is held."""
    return max(later - earlier for earlier, later in zip(since, now, strict=True))


def heard_at(request: RequestRow) -> float:
    """When it was known here, which may be days after it was asked for."""
    late = request.arguments.get(LATE)
    return max(request.at, late) if isinstance(late, int | float) else request.at


def _asked_at(delivery: Delivery, at: float, now: float) -> Delivery:
    """The same, asked for no later than at a time, and recovered now."""
    return replace(delivery, requests=tuple(_late(request, at, now) for request in delivery.requests))


def _late(request: RequestRow, at: float, now: float) -> RequestRow:
    return replace(request, at=min(request.at, at), arguments={**request.arguments, LATE: now})
