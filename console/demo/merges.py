"""The middle of the demo: merges start flows, the clock starts one, and a change reuses what it does not touch."""

from __future__ import annotations

import re
import time

from console.demo import examples
from console.demo.proposals import BRANCH
from console.demo.stage import LOOK, PATIENCE, REPOSITORY, Check, Stage, demand, heading, say, say_check, until
from console.following import ended_line, frames
from reconciler.checks.words import count
from reconciler.engine.model import FINAL, OpState, Status
from reconciler.records import RunRow
from reconciler.steps.plans import plan_of
from reconciler.store import Store

FLOWS = ("iris", "nested", "serving", "test-pipeline")
CHANGE = "neighbours"
SLACK = 0.1  # s: times of files and those of the clock differ by so much


def night(stage: Stage) -> None:
    """The clock of the demo jumps, and the flow with a schedule runs once."""
    heading(4, "A night passes, then the branch is merged: flows run on this machine")
    flow = next(flow for flow in stage.store.flows(REPOSITORY) if flow.name == "nightly")
    stage.clock.jump()
    stage.look_at(flow.id)
    run = until("the scheduled run", lambda: next(iter(stage.store.runs(flow=flow.id)), None))
    say(f"nightly was {run.cause}:")
    follow(stage.store, run.id)
    demand(run.occurrence.startswith("tick:"), "the schedule started the run.")


def merge(stage: Stage) -> None:
    """Part 4: a merge starts the flows that it brings; the status of each op comes back to the merge commit."""
    sha = stage.sample.merge(BRANCH)
    say(f"Merged as {sha[:7]}. The checks of that commit, as they come in:")
    stage.pushed()
    checks = watch(stage, sha, FLOWS)
    runs = stage.store.runs(sha=sha)
    demand(sorted(run.facts.flow for run in runs) == sorted(FLOWS), "the merge starts the four flows, each once.")
    demand(all(check["conclusion"] == "success" for check in checks.values()), "every op succeeds.")
    for run in runs:
        in_order(stage.store, run)
    ops = {f"{run.facts.flow}/{path}": state for run in runs for path, state in states(stage.store, run.id).items()}
    say("Every op began after all those it waits for had ended. What came out of it:")
    say(f"  iris: {(ops['iris/report'].outputs or {})['sentence']}")
    species = (ops["serving/ask"].outputs or {})["species"]
    say(f"  serving: the service was asked for a flower and answered {species}.")
    demand(ops["serving/model"].reason == "Ready", "the service was ready before it was asked.")
    demand(species == "virginica", "the service knows its irises.")
    demand((ops["nested/sums.second"].outputs or {})["sum"] == 12, "the nested dag computes what it should.")


def reuse(stage: Stage) -> None:
    """Part 5: a change of one op's params; what it does not touch is taken from the run before."""
    heading(5, "One param of one op is changed: the rest is reused")
    sha = stage.sample.commit(CHANGE, "Try seven neighbours instead of fifteen", examples.other_neighbours())
    stage.pushed()
    say_check(stage.check(sha))
    preview = stage.check(sha, "headgate/iris")
    for line in preview["summary"].splitlines():
        if line.startswith("| changed"):
            say("  " + line.strip("| ").replace("changed | ", "changed: ").replace("`", ""))
    say_check(preview)
    foreseen = re.search(r"(\d+) reused", preview["title"])
    merged = stage.sample.merge(CHANGE)
    stage.pushed()
    say(f"Merged as {merged[:7]}:")
    watch(stage, merged, ("iris",))
    (run,) = stage.store.runs(sha=merged)
    found = states(stage.store, run.id)
    hits = {path for path, state in found.items() if state.cached_from}
    ran = {path for path, state in found.items() if not state.cached_from and not state.sweep}
    demand({"prepare", *(f"train[{number}]" for number in range(4))} <= hits, "what did not change is reused.")
    demand(foreseen is not None and 5 <= int(foreseen[1]) <= len(hits), "the preview promises no more than is kept.")
    demand("train[4]" in ran and "choose" in ran, "what changed, and who reads it, runs.")
    say(f"{count(len(hits), 'result')} reused, {count(len(ran), 'op')} run: {', '.join(sorted(ran))}.")


def watch(stage: Stage, sha: str, flows: tuple[str, ...]) -> dict[str, Check]:
    """Tell the checks of a merged commit as they are completed, until those of the flows are; returns all of them."""
    end, told = time.monotonic() + PATIENCE, dict[str, Check]()
    wanted = {f"headgate/{flow}" for flow in flows}
    while not wanted <= told.keys():
        demand(time.monotonic() < end, f"the runs of {', '.join(flows)} end within a minute.")
        for name, check in stage.sample.checks(sha).items():
            if check["status"] == "completed" and name not in told:
                told[name] = check
                say_check(check)
        time.sleep(LOOK)
    return told


def follow(store: Store, run: str) -> None:
    """Tell the ops of a run as they end, until the run has ended. Raises Failure unless it succeeded."""
    told: set[str] = set()
    for frame in frames(store, run):
        for view in frame.views:
            if view.state.status in FINAL and view.path not in told:
                told.add(view.path)
                say(ended_line(view))
    ended = store.run(run)
    demand(ended is not None and ended.state.status is Status.SUCCEEDED, f"run {run} succeeds.")


def states(store: Store, run: str) -> dict[str, OpState]:
    """The ops of a run by their paths."""
    return {op.state.path: op.state for op in store.ops(run)}


def in_order(store: Store, run: RunRow) -> None:
    """Raises Failure unless every op of the run's dag began after its upstreams had ended."""
    found, graph = states(store, run.id), plan_of(store, run).graph
    for op in graph.ops:
        began = found[op.name].started_at
        ends = [found[graph.ops[index].name].finished_at for index in op.upstream]
        late = [end for end in ends if began is not None and end is not None and end > began + SLACK]
        demand(not late, f"{op.name} of {run.facts.flow} starts after its upstreams.")
