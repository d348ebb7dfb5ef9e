"""The world that histories play in: workers that meet faults at every port, and a post that may be late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from reconciler.adapters.sql_store import SqlStore
from reconciler.engine.model import Observed
from reconciler.engine.retention import Policy
from reconciler.errors import Stalled, Waiting
from reconciler.keys import RepositoryKey, RetentionKey, SweepKey, text_of
from reconciler.loop import Loop
from reconciler.ports import World
from reconciler.records import DeliveryRow, MetricRow, Wake
from reconciler.steps.wiring import steps_of
from reconciler.store import Delivery
from tests.fakes import FakeChecks, FakeExecutor, FakeLogs, FakeSource
from tests.histories.faults import Crash, Drawn, Fault, Faulty, Plan
from tests.histories.flows import FLOWS, NEWER_WINS, SETTINGS_FILE, some_flow
from tests.histories.witnesses import WatchedStore, WatchfulChecks, WatchfulExecutor, WatchfulFiles
from tests.stores import emptied_store
from tests.world import REPOSITORY, Ending, TestWorld

MOST_TURNS = 1_500  # of one settling: a hundred runs may begin at once, of ticks that were missed
MOST_STEPS = 3_000  # of a history
KEPT = Policy(runs=600, failed_runs=900, newest=1, most=3, cache=900, files=900, history=1800)  # s
POLL = 300.0  # s; a world that looks around all the time shows little of what it has to be told


class HistoryWorld(TestWorld):
    """A world whose worker meets faults at every port; while it is held up in one, another one goes on."""

    executor: WatchfulExecutor
    checks: WatchfulChecks

    def __init__(self, seed: int, plan: Plan | None = None) -> None:
        self.drawn = Drawn(seed, self.more_faults())
        self.plan: Plan = plan or self.drawn
        self.random = Random(seed)  # of what follows from a fault, and of the post
        self.held_up = False
        self.mail = "prompt"  # or lost, held
        self.letters: list[Callable[[], None]] = []
        self.webhooks = 0
        self.deeds = 0  # of people and processes: what may change a final word
        self.wrong: list[str] = []  # what witnesses saw
        self.set_back = False  # the clock was
        self.crashes = 0
        self.inserted: dict[str, tuple[str, str]] = {}  # every run there ever was → its flow and occurrence
        self.forgotten: set[str] = set()  # requests that were answered and are not kept any more
        self.looked_at: set[str] = set()  # heads of the default branch
        self.may_be_held = False  # somebody asked for it that a proposal is not merged yet
        self.tidied = False  # it was looked for what is past its time
        self.heads_again: set[str] = set()  # commits that the default branch came back to
        super().__init__()
        self.files_of = WatchfulFiles(self)
        self.watched_store = WatchedStore(self)
        self.executor.report, self.executor.wake = self._report, self._wake
        self.restart()

    def more_faults(self) -> Mapping[str, Sequence[Fault]]:
        """By port: what can go wrong there, where it is not what can at every port."""
        return {}

    def new_store(self) -> SqlStore:
        emptied = emptied_store(self.clock)
        self.path, self.looking = emptied.path, emptied.looking
        return emptied.store

    def new_source(self) -> FakeSource:
        return BreakableSource()

    def new_executor(self) -> FakeExecutor:
        return WatchfulExecutor(self)

    def new_checks(self) -> FakeChecks:
        return WatchfulChecks(self)

    def new_loop(self, owner: str) -> Loop:
        if not hasattr(self, "watched_store"):  # while it is being made
            return super().new_loop(owner)
        name = f"{owner}-{len(self.loops)}"
        ports: dict[str, Any] = {port: Faulty(port, behind, self) for port, behind in self.behind(name).items()}
        world = self._world(ports)
        loop = Loop(world.store, steps_of(world), self.clock, owner=name, workers=1)
        self.loops.append(loop)
        return loop

    def _world(self, ports: Mapping[str, Any]) -> World:
        return World(**ports, clock=self.clock, queues=self.queues, poll_seconds=POLL, retention=KEPT)

    def ports(self) -> World:
        """The ports of somebody who looks, at which nothing goes wrong."""
        return self._world(self.behind("looker"))

    def behind(self, process: str) -> dict[str, Any]:
        """The ports of a process, before anything goes wrong at them."""
        ports = {"store": self.watched_store, "source": self.source, "executor": self.executor}
        ports |= {"checks": self.checks, "logs": FakeLogs(), "files": self.files_of}
        return ports | {"conversations": self.conversations}

    def steps(self) -> int:
        """How many steps were made so far."""
        return sum(number for loop in self.loops for (what, _), number in loop.counts.items() if what == "step")

    def outcomes(self) -> dict[str, int]:
        """What steps came to, other than well → how often."""
        counts = Counter({"crash": self.crashes})
        for loop in self.loops:
            for (what, _), number in loop.counts.items():
                counts[what] += number if what in _OUTCOMES else 0
        return {what: number for what, number in counts.items() if number}

    # --- time ---------------------------------------------------------------------------------------------------------

    def turn(self, loop: Loop | None = None) -> bool:
        """One step of a process, which may die in it; whatever dies is started anew. False if nothing was due."""
        try:
            return (loop or self.loop).turn()
        except Waiting:  # the store is away: the worker would try again a moment later
            self.clock.time += 1.0
            return True
        except Crash:
            self.crashes += 1
            if loop is None:
                self.restart()
            return True

    def settle(self, seconds: float = 2.0, work: bool = True) -> None:
        """Turn until nothing moves, over some time; bounded, so that a world that never rests is seen."""
        until = self.clock.time + seconds
        for _ in range(MOST_TURNS + int(seconds)):  # whoever waits for somebody tries again and again
            if self.steps() > MOST_STEPS:
                break
            if self.turn() or (work and self.executor.work()):
                continue
            if self.clock.time >= until:
                return
            self.pass_to_next(until)
        raise NeverRests

    # --- while a worker is held up in a call --------------------------------------------------------------------------

    def go_on(self, seconds: float, turns: int = 6) -> None:
        """Others go on, so long later."""
        self.held_up = True
        try:
            self.clock.time += seconds
            other = self.new_loop("other")
            for _ in range(self.random.randrange(1, turns + 1)):
                self.turn(other)
                self.executor.work()
        finally:
            self.held_up = False

    def contradict(self) -> None:
        """One commit changes a flow and lets newer plans stop older ones; others act on it, and processes end."""
        self.drawn.racing = False
        if self.source.broken or not self.store.repositories():
            return
        self._commit("main", {self.random.choice(FLOWS): some_flow(self.random), SETTINGS_FILE: NEWER_WINS})
        self.store.wake([Wake(RepositoryKey(REPOSITORY))])
        self.executor.end("train", Ending())
        self.deeds += 1
        self.go_on(0.0, turns=12)

    def jump(self, seconds: float) -> None:
        """The machine's clock is set."""
        self.clock.jump(seconds)
        self.set_back |= seconds < 0

    def hear_news(self) -> None:
        """Processes move and a person asks something of every flow, while a step is at work."""
        self.executor.work()
        for row in self.store.flows(REPOSITORY, ""):
            if not row.retired:
                self.ask_flow("unpause", row.name)

    def tidy(self, seconds: float) -> None:
        """So long later it is looked for what is past its time."""
        self.tidied = True
        self.clock.time += seconds
        self._wake([Wake(RetentionKey()), Wake(SweepKey(self.executor.place))])

    # --- the post -----------------------------------------------------------------------------------------------------

    def tell(self, wakes: Sequence[Wake]) -> None:
        """By a webhook, which may come twice."""
        self.webhooks += 1
        name = f"delivery-{self.webhooks}"
        row = DeliveryRow(name, name, "push", REPOSITORY, self.clock.now(), "")
        self._post(lambda: self.hear(Delivery(row, tuple(wakes))))

    def hear(self, delivery: Delivery) -> None:
        """A webhook is recorded."""
        if any(self.store.deliver([delivery])):
            keys = [wake.key for wake in delivery.wakes] + [request.key for request in delivery.requests]
            self.watched_store.hear(delivery.row.id, keys)

    def _wake(self, wakes: Sequence[Wake]) -> None:
        self._post(lambda: self.store.wake(wakes))

    def deliver(self) -> None:
        """Everything that is late arrives: in any order, and some of it twice."""
        letters, self.letters = self.letters, []
        letters += [letter for letter in letters if self.random.random() < 0.3]
        self.random.shuffle(letters)
        for letter in letters:
            letter()

    def _report(self, seen: Sequence[Observed | MetricRow]) -> None:
        self._post(lambda: self.store.observe(seen))

    def _post(self, letter: Callable[[], None]) -> None:
        if self.mail == "held":
            self.letters.append(letter)
        elif self.mail == "prompt":
            letter()

    # --- people -------------------------------------------------------------------------------------------------------

    def move_back(self, sha: str) -> None:
        """The default branch is pushed by force to an earlier commit of its own."""
        self.source.branches["main"], self.files = sha, dict(self.source.trees[sha])
        self.tell([Wake(RepositoryKey(REPOSITORY))])

    def unpark(self) -> None:
        """A person reads why keys are parked, mends it and wakes them."""
        for row in self.store.pending():
            if row.parked:
                reason, _, message = row.parked.partition(": ")
                if not (reason and message):
                    self.wrong.append(f"{text_of(row.key)} is parked and nobody is told why")
                self.store.wake([Wake(row.key)])


class BreakableSource(FakeSource):
    """A repository that may be broken: only a person can mend that."""

    broken = False

    def __getattribute__(self, name: str) -> object:
        if name in _READS and self.broken:
            raise Stalled("RepositoryBroken", "The directory is not a repository.")
        return super().__getattribute__(name)


_OUTCOMES = ("conflict", "lease_lost", "waiting", "stalled", "given_up", "parked", "fault")
_READS = ("refs", "tree", "changed", "read", "merge", "merge_base", "first_parents", "keep")


class NeverRests(Exception):
    """Steps go on without end."""
