"""What can happen in a history. A move is a name and a seed of its own, so that a history without one is still one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from reconciler.engine.model import FINAL
from reconciler.keys import RepositoryKey
from reconciler.records import Wake
from tests.histories.world import HistoryWorld
from tests.world import REPOSITORY, Ending, dag, exits, op, runs_forever, writes

FLOWS = ("churn", "prices")
BRANCHES = ("topic", "other")
VERBS = ("stop", "restart", "resume", "skip", "copy", "approve")
_NEVER_SAME = {"cache": {"disable": True}}


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that happens; all that it draws comes from its seed."""

    name: str
    seed: int


def drawn(seed: int, length: int) -> list[Move]:
    """The moves of a history."""
    random = Random(seed)
    names = [name for name, weight in _WEIGHTS.items() for _ in range(weight)]
    return [Move(random.choice(names), random.randrange(2**31)) for _ in range(length)]


def perform(world: HistoryWorld, move: Move) -> None:
    """Let a move happen."""
    world.deeds += 1
    _MOVES[move.name](world, Random(move.seed))


# --- what is merged


def some_flow(random: Random) -> dict[str, Any]:
    """A dag with a bit of everything, or an operation on a schedule."""
    flow = dag(_some_ops(random))
    if random.random() < 0.15:
        schedule = {"kind": "interval", "frequency": random.choice([30, 60])}
        return {"version": 1.1, "kind": "operation", "schedule": schedule, "component": flow}
    return flow


def _some_ops(random: Random) -> dict[str, Any]:
    word = random.choice("xyz")
    train = random.choice([runs_forever(), op("exit", "0", word), op("exit", "1", word)])
    ops = {"prepare": writes({"rows": "3"}), "train": {**train, "dependencies": ["prepare"]}}
    for part in (_sweep, _service, _nested, _guarded, _handler):
        if random.random() < 0.2:
            ops |= part(random, word)
    return ops


def _sweep(random: Random, word: str) -> dict[str, Any]:
    tune = op("exit", random.choice("001"), word, inputs=[{"name": "lr", "type": "int"}], dependencies=["prepare"])
    values = [{"lr": number} for number in range(random.randrange(4))]
    return {"tune": {**tune, "matrix": {"kind": "mapping", "concurrency": 2, "values": values}}}


def _service(random: Random, word: str) -> dict[str, Any]:
    run = {"kind": "service", "ports": [80], "container": {"image": "any", "command": ["serve", word]}}
    return {"board": {"component": {"run": run}}}


def _nested(random: Random, word: str) -> dict[str, Any]:
    inner = {"a": exits(0, **_NEVER_SAME), "b": op("exit", random.choice("001"), dependencies=["a"])}
    return {"nested": {"component": {"run": dag(inner)["run"]}, "dependencies": ["prepare"]}}


def _guarded(random: Random, word: str) -> dict[str, Any]:
    return {"deploy": exits(0, dependencies=["train"], isApproved=False)}


def _handler(random: Random, word: str) -> dict[str, Any]:
    return {"mourn": exits(0, dependencies=["train"], trigger="one_failed", **_NEVER_SAME)}


# --- what people do


def _merge(world: HistoryWorld, random: Random) -> None:
    world.push(**{random.choice(FLOWS): some_flow(random)})


def _merge_untold(world: HistoryWorld, random: Random) -> None:
    """The wake of a webhook gets lost: the next look finds the commit."""
    woken, world.store.wake = world.store.wake, lambda wakes: None  # type: ignore[method-assign]
    try:
        _merge(world, random)
    finally:
        world.store.wake = woken  # type: ignore[method-assign]


def _remove(world: HistoryWorld, random: Random) -> None:
    name = random.choice(FLOWS)
    if f"flows/{name}.yaml" in world.files:
        world.push(**{name: None})


def _break_file(world: HistoryWorld, random: Random) -> None:
    world.push(**{random.choice(FLOWS): random.choice(["version: 1.1\nkind: {", "version: 1.1\nrun: {kind: jub}\n"])})


def _configure(world: HistoryWorld, random: Random) -> None:
    policy, ending = random.choice(["queue", "cancel", "parallel"]), random.choice(["finish", "stop"])
    text = f"settings: {{'**': {{onNewPlan: {policy}, onRemove: {ending}, code: none}}}}\n"
    world.push(**{".headgate.yaml": random.choice([text, text, text, "settings: ["])})


def _revert(world: HistoryWorld, random: Random) -> None:
    """The tree of an earlier commit of main, as a new commit."""
    line = _line(world)
    world.files = dict(world.source.trees[random.choice(line)])
    world.push()


def _force_push(world: HistoryWorld, random: Random) -> None:
    """The default branch is moved back."""
    sha = random.choice(_line(world)[:4])
    world.source.branches["main"], world.files = sha, dict(world.source.trees[sha])
    world.store.wake([Wake(RepositoryKey(REPOSITORY))])


def _line(world: HistoryWorld) -> list[str]:
    return world.source._line(world.source.branches["main"])


def _propose(world: HistoryWorld, random: Random) -> None:
    world.propose(random.choice(BRANCHES), **{random.choice(FLOWS): some_flow(random)})


def _accept(world: HistoryWorld, random: Random) -> None:
    branch = random.choice(BRANCHES)
    if branch in world.source.branches:
        head, main = world.source.branches[branch], world.source.branches["main"]
        if world.source.merge(REPOSITORY, head, main).tree is not None:
            world.accept(branch)


def _close(world: HistoryWorld, random: Random) -> None:
    branch = random.choice(BRANCHES)
    if branch in world.source.branches:
        world.close_proposal(branch)


def _ask(world: HistoryWorld, random: Random) -> None:
    runs = world.store.runs()
    if runs:
        verb, run = random.choice(VERBS), random.choice(runs)
        op_path = {"skip": random.choice(["train", "prepare"]), "approve": "deploy"}.get(verb)
        world.ask(verb, run.id, op_path, **({"failed": True} if verb == "restart" and random.random() < 0.5 else {}))


def _ask_flow(world: HistoryWorld, random: Random) -> None:
    known = [row.name for row in world.store.flows(REPOSITORY, "")]
    if known:
        world.ask_flow(random.choice(["pause", "unpause", "unpause", "run"]), random.choice(known))


def _approve_head(world: HistoryWorld, random: Random) -> None:
    world.approve_head()


# --- what processes and the machine do


def _end(world: HistoryWorld, random: Random) -> None:
    world.executor.end("train", random.choice([Ending(0), Ending(1), Ending(1, disruption=True)]))


def _end_service(world: HistoryWorld, random: Random) -> None:
    world.executor.end("board", Ending(1))


def _turn(world: HistoryWorld, random: Random) -> None:
    for _ in range(random.randrange(8)):
        world.turn()
    world.executor.work()


def _settle(world: HistoryWorld, random: Random) -> None:
    world.settle()


def _fault(world: HistoryWorld, random: Random) -> None:
    """For some steps, every call of a port may go wrong."""
    world.faults_met.random.seed(random.random())
    world.faults_met.rate = random.choice([0.02, 0.1, 0.3])
    for _ in range(random.randrange(5, 40)):
        world.turn()
        if random.random() < 0.3:
            world.executor.work()
    world.faults_met.rate = 0.0


def _die(world: HistoryWorld, random: Random) -> None:
    world.restart()


def _lose_observations(world: HistoryWorld, random: Random) -> None:
    world.executor.mute = not world.executor.mute


def _be_away(world: HistoryWorld, random: Random) -> None:
    world.checks.away = random.random() < 0.5
    world.source.away = random.random() < 0.3


def _double_wakes(world: HistoryWorld, random: Random) -> None:
    world.wake_everything()


def _limit(world: HistoryWorld, random: Random) -> None:
    world.executor.slots = random.choice([None, 1, 3])


def _wait(world: HistoryWorld, random: Random) -> None:
    world.pass_time(random.choice([1, 40]), step=20)


def _jump(world: HistoryWorld, random: Random) -> None:
    """The machine's clock is set."""
    seconds = random.choice([-3600, -5, 60, 3600])
    world.clock.time += seconds
    world.set_back += max(0, -seconds)


_WEIGHTS: Mapping[str, int] = {
    "merge": 5,
    "merge_untold": 1,
    "remove": 1,
    "break_file": 1,
    "configure": 1,
    "revert": 1,
    "force_push": 1,
    "propose": 2,
    "accept": 1,
    "close": 1,
    "ask": 3,
    "ask_flow": 1,
    "approve_head": 1,
    "end": 2,
    "end_service": 1,
    "turn": 6,
    "settle": 2,
    "fault": 4,
    "die": 1,
    "lose_observations": 1,
    "be_away": 1,
    "double_wakes": 1,
    "limit": 1,
    "wait": 2,
    "jump": 1,
}
_MOVES: Mapping[str, Callable[[HistoryWorld, Random], None]] = {name: globals()[f"_{name}"] for name in _WEIGHTS}


def calm_down(world: HistoryWorld) -> None:
    """Everything is back, every op that runs ends, nobody asks for more, and enough time passes."""
    world.faults_met.rate = 0.0
    world.executor.mute = world.checks.away = world.source.away = False
    world.executor.slots = None
    world.pass_time(world.set_back, step=10_000)  # a clock that was set back catches up first
    rounds_at_rest = 0
    for _ in range(60):
        world.pass_time(60, step=60)
        _stop_schedules(world)
        world.executor.end("train", Ending())
        live = [run for run in world.store.runs(limit=1000) if run.state.status not in FINAL]
        for run in live:
            _approve_what_waits(world, run.id)
        held_back = [row for row in world.store.pending() if row.attempts or row.leased_by]
        rounds_at_rest = 0 if live or held_back else rounds_at_rest + 1
        if rounds_at_rest == 2:  # what the end of a run starts is seen in the next round
            break
    world.pass_time(330, step=330)


def _stop_schedules(world: HistoryWorld) -> None:
    """A world with a schedule never rests: schedules are paused as a person would."""
    for row in world.store.flows(REPOSITORY, ""):
        if world.store.schedule(row.id) is not None and not row.paused:
            world.ask_flow("pause", row.name)


def _approve_what_waits(world: HistoryWorld, run: str) -> None:
    for row in world.store.ops(run):
        if row.state.path == "deploy" and row.state.status not in FINAL and row.state.approved_by is None:
            world.ask("approve", run, "deploy")
