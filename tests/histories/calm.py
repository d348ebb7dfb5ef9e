"""The end of a history: everything is back, whatever is late arrives, nobody asks for more, and time passes."""

from __future__ import annotations

from reconciler.engine.model import FINAL
from reconciler.records import RunRow
from tests.histories.flows import TIMEOUT
from tests.histories.world import POLL, HistoryWorld
from tests.world import REPOSITORY, Ending

ROUNDS = 40
PATIENCE = 3  # rounds, then a person stops what does not end by itself
SLACK = 90.0  # s by which a deadline may be noticed late: nobody need look earlier than in a minute


def calm_down(world: HistoryWorld) -> None:
    """Let the world come to rest."""
    world.drawn.rate, world.drawn.racing = 0.0, False
    world.executor.mute = world.checks.away = world.source.away = world.source.broken = False
    world.executor.slots = None
    world.executor.answers.clear()
    world.mail = "prompt"
    world.deliver()
    _stop_schedules(world)
    world.pass_time(POLL, step=10_000)  # what was never told is found by the next look around
    at_rest, asked = 0, set[str]()
    for turn in range(ROUNDS):
        world.unpark()
        world.pass_time(60, step=60)
        _stop_schedules(world)
        world.executor.end("train", Ending())
        live = [run for run in world.store.runs(limit=1000) if run.state.status not in FINAL]
        for run in live:
            _see_to(world, run, stop=turn >= PATIENCE and run.id not in asked)
        asked |= {run.id for run in live} if turn >= PATIENCE else set()
        held_back = [row for row in world.store.pending() if row.attempts or row.leased_by]
        at_rest = 0 if live or held_back else at_rest + 1
        if at_rest == 2:  # what the end of a run starts is seen in the next round
            break
    world.pass_time(POLL + 30, step=POLL + 30)


def _stop_schedules(world: HistoryWorld) -> None:
    """A world with a schedule never rests: schedules are paused as a person would."""
    for row in world.store.flows(REPOSITORY, ""):
        if world.store.schedule(row.id) is not None and not (row.paused or row.retired):
            world.ask_flow("pause", row.name)


def _see_to(world: HistoryWorld, run: RunRow, stop: bool) -> None:
    """Approve what waits for that, and stop what would go on for ever."""
    for row in world.store.ops(run.id):
        state = row.state
        if state.path == "deploy" and state.status not in FINAL and state.approved_by is None:
            world.ask("approve", run.id, "deploy")
        since = state.started_at if state.path == "slow" and state.status not in FINAL else None
        if since is not None and since + TIMEOUT + SLACK < world.clock.now():
            world.wrong.append(f"slow of {run.occurrence} outlives its timeout")
    live = [row.id for row in world.store.attempts(run.id)]
    if stop and live and all(one in world.executor.processes for one in live):  # what was never started must come
        world.ask("stop", run.id)
