"""What can happen in a history. A move is a name and a seed of its own, so that a history without one is still one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import yaml

from reconciler.engine.model import Observed, Performed, Status
from reconciler.records import MetricRow
from tests.histories.flows import BROKEN, BROKEN_SETTINGS, FLOWS, SETTINGS, SETTINGS_FILE, some_flow
from tests.histories.world import HistoryWorld
from tests.world import REPOSITORY, Ending

BRANCHES = ("topic", "other")
VERBS = ("stop", "restart", "resume", "skip", "copy", "approve")
_SEEN = (Status.STARTING, Status.RUNNING, Status.WARNING, Status.UNSCHEDULABLE, Status.UNKNOWN, Status.PROCESSING)


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that happens; all that it draws comes from its seed."""

    name: str
    seed: int


def drawn(seed: int, lengths: Sequence[int], names: Sequence[str] = ()) -> list[Move]:
    """The moves of a history, as many as one of these lengths, each of one of these names."""
    random = Random(seed)
    return [Move(random.choice(names or NAMES), random.randrange(2**31)) for _ in range(random.choice(lengths))]


def perform(world: HistoryWorld, move: Move) -> None:
    """Let a move happen."""
    world.deeds += 1
    _MOVES[move.name](world, Random(move.seed))


# --- what people do


def _merge(world: HistoryWorld, random: Random) -> None:
    world.push(**{random.choice(FLOWS): some_flow(random)})


def _merge_untold(world: HistoryWorld, random: Random) -> None:
    """The wake of a webhook gets lost: the next look finds the commit."""
    mail, world.mail = world.mail, "lost"
    _merge(world, random)
    world.mail = mail


def _remove(world: HistoryWorld, random: Random) -> None:
    name = random.choice(FLOWS)
    if f"flows/{name}.yaml" in world.files:
        world.push(**{name: None})


def _remove_most(world: HistoryWorld, random: Random) -> None:
    """Nearly everything is gone at once, which needs an approval."""
    gone = [path for path in world.files if path.startswith("flows/") and random.random() < 0.9]
    world.push(**dict.fromkeys(gone))


def _break_file(world: HistoryWorld, random: Random) -> None:
    world.push(**{random.choice(FLOWS): random.choice(BROKEN)})


def _configure(world: HistoryWorld, random: Random) -> None:
    chosen = {name: random.choice(values) for name, values in SETTINGS.items() if random.random() < 0.5}
    text = yaml.safe_dump({"settings": {"**": {"code": "none", **chosen}}})
    world.push(**{SETTINGS_FILE: text if random.random() < 0.8 else BROKEN_SETTINGS})


def _revert(world: HistoryWorld, random: Random) -> None:
    """The tree of an earlier commit of main, as a new commit."""
    line = _line(world)
    world.files = dict(world.source.trees[random.choice(line)])
    world.push()


def _force_push(world: HistoryWorld, random: Random) -> None:
    """The default branch is moved back."""
    sha = random.choice(_line(world)[:4])
    world.heads_again.add(sha)
    world.move_back(sha)


def _line(world: HistoryWorld) -> list[str]:
    return world.source._line(world.source.branches["main"])


def _propose(world: HistoryWorld, random: Random) -> None:
    flow = random.choice(BROKEN) if random.random() < 0.15 else some_flow(random)
    world.propose(random.choice(BRANCHES), **{random.choice(FLOWS): flow})


def _accept(world: HistoryWorld, random: Random) -> None:
    branch = random.choice(BRANCHES)
    if branch in world.source.branches and not world.source.broken:  # nobody merges there then
        head, main = world.source.branches[branch], world.source.branches["main"]
        if world.source.merge(REPOSITORY, head, main).tree is not None:
            world.accept(branch)


def _close(world: HistoryWorld, random: Random) -> None:
    branch = random.choice(BRANCHES)
    if branch in world.source.branches:
        world.close_proposal(branch)


def _ask(world: HistoryWorld, random: Random) -> None:
    runs = list(world.inserted)  # also of one that is not kept any more
    if runs:
        verb, run = random.choice(VERBS), random.choice(runs)
        op_path = {"skip": random.choice(["train", "prepare"]), "approve": "deploy"}.get(verb)
        if verb in ("stop", "restart") and random.random() < 0.3:
            op_path = random.choice(["train", "tune", "nested", "slow"])
        world.ask(verb, run, op_path, **({"failed": True} if verb == "restart" and random.random() < 0.5 else {}))


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
    """From now on, or no longer, every call of a port may go wrong."""
    world.drawn.random.seed(random.random())
    world.drawn.rate = random.choice([0.0, 0.02, 0.1, 0.3])
    _turn(world, random)


def _die(world: HistoryWorld, random: Random) -> None:
    world.restart()


def _lose_observations(world: HistoryWorld, random: Random) -> None:
    world.executor.mute = not world.executor.mute


def _be_away(world: HistoryWorld, random: Random) -> None:
    world.checks.away = random.random() < 0.5
    world.source.away = random.random() < 0.3
    world.source.broken = random.random() < 0.15


def _post(world: HistoryWorld, random: Random) -> None:
    """What is told from outside is late, or arrives."""
    world.mail = random.choice(["held", "prompt"])
    world.deliver()


def _see(world: HistoryWorld, random: Random) -> None:
    """Something is seen of a process that goes on."""
    jobs = [one for one in world.executor.processes.values() if one.spec.kind == "job"]
    alive = [one for one in jobs if one.started and not one.ended]
    if alive:
        process, now = random.choice(alive), world.clock.now()
        attempt, status = process.spec.attempt, random.choice(_SEEN)
        world.executor.tell(process, Observed(attempt, status, now, started_at=now))
        world.executor.report([MetricRow(attempt, "loss", random.random(), now, random.randrange(9))])


def _refuse(world: HistoryWorld, random: Random) -> None:
    """The next start of an op is refused, or has to wait."""
    name, outcome = random.choice(["train", "prepare"]), random.choice(["refused", "again", "unknown"])
    world.executor.answers[name] = [Performed("", "start", outcome, 0.0, "QuotaExceeded", "There is no room.")]


def _disrupt(world: HistoryWorld, random: Random) -> None:
    """A machine is lost."""
    world.executor.end(random.choice(["train", "flaky", "slow", "endless"]), Ending(1, disruption=True))


def _double_wakes(world: HistoryWorld, random: Random) -> None:
    world.wake_everything()


def _limit(world: HistoryWorld, random: Random) -> None:
    world.executor.slots = random.choice([None, 1, 3])


def _wait(world: HistoryWorld, random: Random) -> None:
    world.pass_time(random.choice([1, 40]), step=20)


def _jump(world: HistoryWorld, random: Random) -> None:
    world.jump(random.choice([-600, -5, 60, 3600]))


def _race(world: HistoryWorld, random: Random) -> None:
    """Two processes are about to write the same rows."""
    _merge(world, random)
    world.drawn.racing = True
    _turn(world, random)


def _tidy(world: HistoryWorld, random: Random) -> None:
    """It is looked for what is past its time, perhaps after a long while."""
    world.tidy(random.choice([0, 700, 8000]))
    _turn(world, random)


_WEIGHTS: Mapping[str, int] = {
    "merge": 5,
    "merge_untold": 1,
    "remove": 1,
    "remove_most": 1,
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
    "post": 2,
    "see": 2,
    "refuse": 1,
    "disrupt": 1,
    "double_wakes": 1,
    "limit": 1,
    "wait": 2,
    "jump": 1,
    "race": 2,
    "tidy": 1,
}
NAMES = [name for name, weight in _WEIGHTS.items() for _ in range(weight)]
_MOVES: Mapping[str, Callable[[HistoryWorld, Random], None]] = {name: globals()[f"_{name}"] for name in _WEIGHTS}
