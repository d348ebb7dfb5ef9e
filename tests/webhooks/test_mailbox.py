"""The mailbox: what arrives together is stored together, and every sender hears what became of its own."""

import asyncio
from datetime import timedelta
from threading import Event

import pytest

from reconciler.errors import Waiting
from reconciler.records import DeliveryRow
from reconciler.store import Delivery
from webhooks import mailbox as limits
from webhooks.bodies import Refused
from webhooks.mailbox import Mailbox


class SlowInbox:
    """Commits only when told; remembers what it was given at once."""

    def __init__(self):
        self.groups = []
        self.go = Event()
        self.begun = Event()
        self.fails = False

    def deliver(self, deliveries):
        self.begun.set()
        assert self.go.wait(40)
        self.groups.append([one.row.id for one in deliveries])
        if self.fails:
            raise Waiting("StoreUnavailable", "The database cannot be used now.", timedelta(seconds=2))
        return [one.row.id != "known" for one in deliveries]


@pytest.fixture
def inbox():
    return SlowInbox()


def delivery(name):
    return Delivery(DeliveryRow(name, name, "push", "acme/shop", 0.0, ""))


async def begun(inbox):
    while not inbox.begun.is_set():
        await asyncio.sleep(0.001)


def test_what_arrives_during_a_commit_goes_into_the_next_one_together(inbox):
    async def play():
        box = Mailbox(inbox)
        first = asyncio.create_task(box.put(delivery("first")))
        await begun(inbox)
        others = [asyncio.create_task(box.put(delivery(name))) for name in ("a", "known", "c")]
        await asyncio.sleep(0)
        inbox.go.set()
        return await asyncio.gather(first, *others)

    assert asyncio.run(play()) == [True, True, False, True]
    assert inbox.groups == [["first"], ["a", "known", "c"]]


def test_a_failed_commit_is_heard_by_all_of_its_senders_and_by_no_other(inbox):
    async def play():
        box = Mailbox(inbox)
        inbox.fails = True
        inbox.go.set()
        failed = await asyncio.gather(*(box.put(delivery(name)) for name in "ab"), return_exceptions=True)
        inbox.fails = False
        return failed, await box.put(delivery("c"))

    failed, stored = asyncio.run(play())
    assert [type(one) for one in failed] == [Waiting, Waiting]
    assert stored


def test_a_sender_that_goes_away_takes_nobody_with_it(inbox):
    async def play():
        box = Mailbox(inbox)
        gone, stays = (asyncio.create_task(box.put(delivery(name))) for name in ("gone", "stays"))
        await begun(inbox)
        gone.cancel()
        inbox.go.set()
        return await stays

    assert asyncio.run(play())
    assert sorted(name for group in inbox.groups for name in group) == ["gone", "stays"]


def test_a_flood_that_cannot_be_stored_is_refused_and_not_kept_in_memory(inbox, monkeypatch):
    monkeypatch.setattr(limits, "ROOM", 2)

    async def play():
        box = Mailbox(inbox)
        tasks = [asyncio.create_task(box.put(delivery("first")))]
        await begun(inbox)
        tasks += [asyncio.create_task(box.put(delivery(name))) for name in "abc"]
        await asyncio.sleep(0)
        inbox.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    *stored, refused = asyncio.run(play())
    assert stored == [True, True, True]
    assert isinstance(refused, Refused)
    assert refused.status == 503
