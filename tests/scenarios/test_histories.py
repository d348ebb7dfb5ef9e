"""Random histories: whatever people, faults and time do, a quiet world agrees with the head."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.engine.model import FINAL
from tests.scenarios.crashes import settle_with_crash
from tests.world import Ending, TestWorld, dag, exits, op, runs_forever

FLOWS = ("churn", "prices")
POLICIES = ("queue", "cancel", "parallel")
VERBS = ("stop", "restart", "resume", "skip", "copy")


def some_flow(random: Random):
    word = random.choice("xyz")
    train = random.choice([runs_forever(), op("exit", "0", word), op("exit", "1", word)])
    ops = {"prepare": exits(0), "train": {**train, "dependencies": ["prepare"]}}
    if random.random() < 0.3:
        ops["tune"] = op("exit", "0", word, inputs=[{"name": "lr", "type": "int"}])
        ops["tune"]["matrix"] = {"kind": "mapping", "values": [{"lr": 1}, {"lr": 2}]}
    if random.random() < 0.3:
        board = {"kind": "service", "ports": [80], "container": {"image": "any", "command": ["serve", word]}}
        ops["board"] = {"component": {"run": board}}
    return dag(ops)


class History:
    """Steps drawn from a seed; `steps` tells them for who has to find out why one fails."""

    def __init__(self, seed: int, world: TestWorld) -> None:
        self.random = Random(seed)
        self.world = world
        self.steps: list[str] = []

    def play(self, length: int = 25) -> None:
        self.world.connect(keep=dag({"a": exits(0)}), other=dag({"a": exits(0)}))
        moves = [self.merge, self.merge, self.remove, self.break_file, self.set_policy, self.ask, self.end]
        moves += [self.turn, self.turn, self.turn, self.crash, self.lose, self.be_away, self.wait]
        for _ in range(length):
            move = self.random.choice(moves)
            self.steps.append(move.__name__)
            move()

    def merge(self) -> None:
        self.world.push(**{self.random.choice(FLOWS): some_flow(self.random)})

    def remove(self) -> None:
        name = self.random.choice(FLOWS)
        if f"flows/{name}.yaml" in self.world.files:
            self.world.push(**{name: None})

    def break_file(self) -> None:
        self.world.push(**{self.random.choice(FLOWS): "version: 1.1\nkind: {"})

    def set_policy(self) -> None:
        text = f"settings: {{'**': {{onNewPlan: {self.random.choice(POLICIES)}, code: none}}}}\n"
        self.world.push(**{".headgate.yaml": text})

    def ask(self) -> None:
        runs = self.world.store.runs()
        if runs:
            verb, run = self.random.choice(VERBS), self.random.choice(runs)
            self.world.ask(verb, run.id, self.random.choice(["train", "prepare"]) if verb == "skip" else None)

    def end(self) -> None:
        self.world.executor.end("train", Ending(self.random.choice([0, 1])))

    def turn(self) -> None:
        for _ in range(self.random.randrange(8)):
            self.world.loop.turn()
        self.world.executor.work()

    def crash(self) -> None:
        settle_with_crash(self.world, self.random.randrange(1, 30))

    def lose(self) -> None:
        self.world.executor.mute = not self.world.executor.mute

    def be_away(self) -> None:
        self.world.checks.away = not self.world.checks.away
        self.world.source.away = self.random.random() < 0.3

    def wait(self) -> None:
        self.world.pass_time(self.random.choice([1, 40]), step=20)


def calm(world: TestWorld) -> None:
    """Everything is back, every op that runs ends, and enough time passes."""
    world.executor.mute = world.checks.away = world.source.away = False
    for _ in range(12):
        world.pass_time(40, step=20)
        world.executor.end("train", Ending())
    world.pass_time(120, step=30)


def violations(world: TestWorld) -> list[str]:
    store, found = world.store, list[str]()
    runs, flows = store.runs(limit=1000), store.flows()
    found += [f"live: {run.occurrence}" for run in runs if run.state.status not in FINAL]
    found += [f"attempt of {run.occurrence}" for run in runs if store.attempts(run.id)]
    found += [f"waits: {row.name}" for row in flows if row.waiting_sha]
    found += [f"not applied: {row.name}" for row in flows if _is_behind(row)]
    found += [f"not retired: {row.name}" for row in flows if not row.at_head and not row.retired]
    for row in flows:
        merged = [run for run in runs if run.state.flow == row.id and run.occurrence.startswith("merge:")]
        found += [] if len(merged) == row.generation else [f"runs of {row.name}"]
    made = [
        (one.spec.run, one.spec.op, one.spec.number)
        for one in world.executor.processes.values()
        if one.spec.kind == "job"
    ]
    found += [f"twice: {one}" for one in made if made.count(one) > 1]
    posted = [(name, check) for several in world.checks.posted.values() for name, check in several.items()]
    found += [f"open check: {name}" for name, check in posted if check.status != "completed"]
    return found + [f"in the queue: {row}" for row in store.pending() if row.parked]


def _is_behind(row) -> bool:
    return row.at_head and not row.frozen and not row.retired and row.applied_declared != row.declared


@pytest.mark.parametrize("seed", range(12))
def test_any_history_converges(world, seed):
    history = History(seed, world)
    history.play()
    calm(world)

    assert violations(world) == [], history.steps


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(1000, 1060))
def test_any_long_history_converges(world, seed):
    history = History(seed, world)
    history.play(60)
    calm(world)

    assert violations(world) == [], history.steps
