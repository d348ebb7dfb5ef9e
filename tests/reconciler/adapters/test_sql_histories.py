"""However wakes, leases, failures and time interleave: nobody shares a key, and no wake is lost."""

from random import Random

import pytest

from reconciler.adapters.sql_store import open_store
from reconciler.errors import LeaseLost
from reconciler.keys import CheckKey, FlowKey, RunKey
from reconciler.records import Changes, Wake
from tests.reconciler.adapters.sql_world import GivenClock

KEYS = (RunKey("r1"), RunKey("r2"), FlowKey("f1"), CheckKey("shop", "c0ffee"))
NEVER = float("inf")


class History:
    """Random moves of several workers. `due` is what nobody has looked at yet, `holders` what a lease protects."""

    def __init__(self, file, seed):
        self.random = Random(seed)
        self.clock = GivenClock()
        self.file = str(file)
        self.store = open_store(self.file, self.clock)
        self.due = dict.fromkeys(KEYS, NEVER)
        self.holders = {}  # key -> (lease, when it runs out)
        self.leases = []  # what workers believe to hold
        self.moves = []
        self.tokens = [0]

    def play(self, moves):
        ways = [self.wake, self.lease, self.commit] * 3
        ways += [self.keep, self.retry, self.park, self.renew, self.die, self.pass_time, self.reopen]
        for _ in range(moves):
            move = self.random.choice(ways)
            self.moves.append(move.__name__)
            move()

    def settle(self):
        """Every key comes to rest, and everything that was wanted has been looked at by then."""
        for _ in range(1000):
            if not self.store.pending() and not self.holders:
                break
            self.lease()
            self.commit(again=None)
            self.clock.advance(10)
        self.leases = []

    def wake(self):
        key, at = self.random.choice(KEYS), self.random.choice([None, self.clock.now() + self.random.randrange(90)])
        self.store.wake([Wake(key, at)])
        self.due[key] = min(self.due[key], self.clock.now() if at is None else at)

    def lease(self):
        now = self.clock.now()
        ready = {key for key in KEYS if (self.holders[key][1] if key in self.holders else self.due[key]) <= now}
        lease = self.store.lease("worker", 30)
        if lease is None:
            assert ready == set()
            return
        assert lease.key in ready
        assert lease.token > self.tokens[-1]
        self.tokens.append(lease.token)
        self.due[lease.key] = NEVER
        self.holders[lease.key] = (lease, now + 30)
        self.leases.append(lease)

    def commit(self, again=0):
        again = self.random.choice([None, None, 0.0, self.clock.now() + 20]) if again == 0 else again
        self.end(lambda lease: self.store.commit(lease, Changes(again_at=again)), again)

    def retry(self):
        at = self.clock.now() + self.random.randrange(60)
        self.end(lambda lease: self.store.retry(lease, at, "Throttled", ""), at)

    def park(self):
        self.end(lambda lease: self.store.park(lease, "Broken", ""), None)

    def keep(self):
        self.act(lambda lease: self.store.commit(lease, Changes(), keep=True))

    def renew(self):
        valid = {lease.token for lease in self.leases if self.holds(lease)}
        renewed = {lease.token for lease in self.store.renew(self.leases, 30)}
        assert renewed == valid
        for key, (lease, _) in list(self.holders.items()):
            if lease.token in renewed:
                self.holders[key] = (lease, self.clock.now() + 30)

    def die(self):
        """A worker is gone without a word: its key comes back when the lease runs out."""
        if self.leases:
            self.leases.pop(self.random.randrange(len(self.leases)))

    def pass_time(self):
        self.clock.advance(self.random.choice([0.5, 5, 31]))

    def reopen(self):
        self.store.close()
        self.store = open_store(self.file, self.clock)

    def holds(self, lease):
        holder, until = self.holders.get(lease.key, (None, 0))
        return holder is not None and holder.token == lease.token and until > self.clock.now()

    def act(self, act):
        """The store takes an act exactly if its lease is still good; returns the lease then."""
        if not self.leases:
            return None
        lease = self.random.choice(self.leases)
        if self.holds(lease):
            act(lease)
            return lease
        with pytest.raises(LeaseLost):
            act(lease)
        self.leases.remove(lease)
        return None

    def end(self, act, again):
        lease = self.act(act)
        if lease is not None:
            self.leases.remove(lease)
            del self.holders[lease.key]
            self.due[lease.key] = min(self.due[lease.key], NEVER if again is None else again)


@pytest.mark.parametrize("seed", range(40))
def test_any_history_keeps_keys_apart_and_loses_no_wake(tmp_path, seed):
    history = History(tmp_path / "headgate.db", seed)
    try:
        history.play(80)
        for key in KEYS:
            history.store.wake([Wake(key)])
            history.due[key] = min(history.due[key], history.clock.now())
        history.settle()
        assert set(history.due.values()) == {NEVER}, "all that was wanted was looked at"
        assert history.store.pending() == []
    except AssertionError as error:
        raise AssertionError(f"seed {seed}: {' '.join(history.moves)}") from error
    finally:
        history.store.close()
