"""Random histories of trial runs: pushes, closings and comments while steps are overtaken, sleep, die."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

import pytest

from reconciler.engine.model import FINAL, Status
from reconciler.keys import RepositoryKey, ReviewKey
from reconciler.plan.encoding import encode
from reconciler.records import CacheRow, Changes, Wake
from tests.histories.calm import calm_down
from tests.histories.flows import FLOWS
from tests.histories.laws import broken_laws
from tests.histories.moves import BRANCHES, Move, perform
from tests.histories.world import POLL, HistoryWorld, NeverRests
from tests.world import REPOSITORY, dag, exits

FEW = 6
MORE = 300
TRIED = 120  # histories within which a mistake must show
NOTICING = {"reconciler.steps.review.left_behind": 47}  # one that does, where it takes many of them
COMMENTS = ("/run {flow}", "/run {flow}", "/run {flow}", "/cancel", "/run {flow}\n/cancel", "/cancel\n/run {flow}")


def _comment(world: HistoryWorld, random: Random) -> None:
    branch, body = random.choice(BRANCHES), random.choice(COMMENTS)
    if branch in world.source.branches:
        if random.random() < 0.8:  # who comments has mostly seen what Headgate says of the head
            perform(world, Move("turn", random.randrange(2**31)))
            world.clock.time += 1.0
        world.comment(branch, body.format(flow=random.choice((*FLOWS, "keep"))))


def _close_and_reopen(world: HistoryWorld, random: Random) -> None:
    branch = random.choice(BRANCHES)
    head = world.source.branches.get(branch)
    if head is not None:
        world.close_proposal(branch)
        perform(world, Move("turn", random.randrange(2**31)))
        world.source.branches[branch] = head
        world.tell([Wake(RepositoryKey(REPOSITORY))])


_OWN: Mapping[str, Callable[[HistoryWorld, Random], None]] = {"comment": _comment, "reopen": _close_and_reopen}
_NAMES = (
    *("comment",) * 9,
    *("turn",) * 6,
    *("propose", "settle", "ask", "fault") * 3,
    *("reopen", "close", "accept", "merge", "end", "die", "wait", "race", "post", "be_away", "double_wakes", "tidy"),
)


def played(seed: int) -> HistoryWorld:
    """A history of a seed, up to the moment in which all that is wrong with the world has been mended."""
    world, random = HistoryWorld(seed), Random(seed)
    world.conversations.permissions = {"ann": "write"}
    world.connect(**{name: dag({"a": exits(0)}) for name in ("keep", *FLOWS)})
    for branch in BRANCHES:
        perform(world, Move("propose", random.randrange(2**31)))
        world.comment(branch, "/help") if branch in world.source.branches else None
    for _ in range(random.choice((8, 16, 32))):
        name, drawn = random.choice(_NAMES), random.randrange(2**31)
        if name in _OWN:
            world.deeds += 1
            _OWN[name](world, Random(drawn))
        else:
            perform(world, Move(name, drawn))
    return world


def mended(world: HistoryWorld) -> None:
    """What was in the way of steps is gone, and everything was looked at since."""
    world.drawn.rate, world.drawn.racing = 0.0, False
    world.executor.mute = world.checks.away = world.source.away = world.source.broken = False
    world.mail = "prompt"
    world.deliver()
    world.unpark()
    world.pass_time(POLL, step=10_000)
    world.settle(seconds=90)


def left_over(world: HistoryWorld) -> Iterator[str]:
    """What there should not be: trial runs that nobody stops, and traces of them where others look."""
    open_heads = {row.proposal: row.head for row in world.store.reviews(REPOSITORY)}
    for run in world.store.runs(limit=1000):
        proposal = run.facts.proposal
        is_live = run.state.status not in FINAL
        if proposal and is_live and not run.state.stop_asked_by and open_heads.get(proposal) != run.facts.commit:
            yield f"a trial run of {proposal} at {run.facts.commit[:7]} goes on"
    trials = {run.id for run in world.store.runs(limit=1000) if run.facts.proposal}
    for (run,) in world.looking.execute("SELECT run FROM cache").fetchall():
        if run in trials:
            yield f"a result of the trial run {run} may be reused"
    for branch in BRANCHES:
        for request in world.store.requests(ReviewKey(REPOSITORY, branch)):
            yield f"{request.id} has no answer"


def _all_results(step: Any) -> Iterator[CacheRow]:
    """What a run leaves in the cache, if no difference were made."""
    for op in step.decision.ops:
        if op.status is Status.SUCCEEDED and op.cache_key and op.attempt and not op.cached_from:
            outputs = encode(dict(op.outputs or {}))
            yield CacheRow(op.cache_key, op.attempt, step.row.id, outputs, op.artifacts or op.attempt, step.now)


def check(seed: int) -> None:
    """Play a history and hold it against the laws."""
    world = played(seed)
    mended(world)
    assert list(left_over(world)) == [], f"seed {seed}"
    calm_down(world)
    assert broken_laws(world) == [], f"seed {seed}"


@pytest.mark.parametrize("seed", range(FEW))
def test_trial_runs_end_with_their_heads_and_leave_nothing(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FEW, MORE))
def test_more_trial_runs_do(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "mistake"),
    [
        ("reconciler.steps.review.left_behind", lambda *_: ()),
        ("reconciler.steps.reconcile_flow._look_at_trials", lambda _: None),
        ("reconciler.steps.review.tell_ends", lambda *_: Changes(again_at=0.0)),
        ("reconciler.steps.advance_run._Step._cacheable", _all_results),
    ],
)
def test_a_mistake_about_trial_runs_breaks_a_law(
    where: str, mistake: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, mistake)

    seeds = dict.fromkeys([NOTICING.get(where, 0), *range(TRIED)])
    assert any(_is_broken(seed) for seed in seeds), f"no history notices a broken {where}"


def _is_broken(seed: int) -> bool:
    try:
        check(seed)
    except (AssertionError, NeverRests):
        return True
    return False


def test_histories_come_to_trial_runs() -> None:
    """Enough of them start one, or the laws above would hold of nothing."""
    assert sum(_trials(seed) for seed in range(10)) > 8


def _trials(seed: int) -> int:
    world = played(seed)
    mended(world)
    return sum(1 for run in world.store.runs(limit=1000) if run.facts.proposal)
