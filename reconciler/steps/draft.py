"""What one step of a flow has in its hands and what has come of it so far; what is to be done is decided elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.checks.model import Check
from reconciler.checks.names import name_of
from reconciler.engine.model import RunFacts
from reconciler.flows.settings import FlowSettings
from reconciler.keys import CheckKey, RunKey
from reconciler.plan.encoding import decode
from reconciler.plan.model import Plan
from reconciler.ports import World
from reconciler.records import Changes, EventRow, FlowRow, OpRow, RunRow, Wake
from reconciler.steps.commit_checks import desired_checks
from reconciler.steps.flow_files import load
from reconciler.steps.handing_over import BY
from reconciler.steps.plans import decoded
from reconciler.steps.starting import Started

ENOUGH = 1000  # live runs of one flow that a step looks at


class Draft:
    """A flow as it will be written, its settings, its live runs (newest first), and the changes so far."""

    def __init__(self, world: World, flow: FlowRow, home: str = "") -> None:
        self.world = world
        self.home = home  # place of the flow's services: its runs reach them there
        self.flow = flow
        self.now = world.clock.now()
        self.settings = decode(flow.settings_json, FlowSettings) if flow.settings_json else FlowSettings()
        self.live: list[RunRow] = list(world.store.runs(flow=flow.id, live=True, limit=ENOUGH))
        self.changes = Changes()
        self._before = flow
        self._stopped: set[str] = set()

    def written(self) -> Changes:
        """All that the step changes."""
        return replace(self.changes, flows=(self.flow,) if self.flow != self._before else ())

    def set(self, **fields: object) -> None:
        """Change fields of the flow's row."""
        self.flow = replace(self.flow, **fields)  # type: ignore[arg-type]

    def add(self, **rows: tuple[object, ...]) -> None:
        """The changes so far and these rows as well."""
        merged = {name: (*getattr(self.changes, name), *added) for name, added in rows.items()}
        self.changes = replace(self.changes, **merged)  # type: ignore[arg-type]

    def note(self, reason: str, message: str) -> None:
        """A line of the flow's history."""
        self.add(events=(EventRow(self.now, self.flow.id, "decision", reason=reason, message=message),))

    def look_again(self, at: float | None) -> None:
        """Look at the flow again at `at`, if not earlier."""
        times = [time for time in (self.changes.again_at, at) if time is not None]
        self.changes = replace(self.changes, again_at=min(times, default=None))

    def go_on_in(self, place: str) -> None:
        """The flow's key belongs to that place from now on."""
        self.changes = replace(self.changes, place=place)

    # --- runs ---------------------------------------------------------------------------------------------------------

    def start(self, started: Started) -> None:
        """Insert a run; one whose occurrence was started before is not started again."""
        if self.world.store.run(started.run.id) is None:
            started = replace(started, run=replace(started.run, place=started.run.place or self.home))
            self.changes = started.added_to(self.changes)
            self.live.insert(0, started.run)

    def stop(self, run: RunRow, ops: Sequence[OpRow] = (), by: str = BY) -> None:
        """Ask a live run to stop, once; `ops` are written with it."""
        if run.id in self._stopped:
            return
        self._stopped.add(run.id)
        stopped = replace(run, state=run.state.having(stop_asked_by=run.state.stop_asked_by or by))
        if any(one is run for one in self.changes.new_runs):  # begun in this very step: it is inserted as stopped
            new = tuple(stopped if one is run else one for one in self.changes.new_runs)
            self.changes = replace(self.changes, new_runs=new)
        else:
            self.add(runs=(stopped,), wakes=(Wake(RunKey(run.id)),))
        self.add(ops=tuple(ops))

    def applied_plan(self) -> Plan | None:
        """The plan that was applied last, in this step or before."""
        if not self.flow.applied_plan and self.flow.applied_sha:  # recorded at connecting, and not needed until now
            flow = self.flow
            loaded = load(self.world.source, flow.repository, flow.applied_sha, flow.path, flow.name)
            return loaded.plan if loaded is not None else None
        pending = next((row for row in self.changes.plans if row.hash == self.flow.applied_plan), None)
        stored = pending or self.world.store.plan_by_hash(self.flow.applied_plan)
        return None if stored is None else decoded(stored.plan_json)

    def facts(self, commit: str, branch: str, proposal: str = "") -> RunFacts:
        """What templates may say of a run of this flow; with a `proposal` a trial run of that."""
        namespace = self.settings.namespace or ""
        return RunFacts(self.flow.name, self.flow.repository, commit, branch, namespace, proposal=proposal)

    # --- words --------------------------------------------------------------------------------------------------------

    @property
    def check_name(self) -> str:
        """The name of the flow's check on a commit."""
        return name_of(self.flow.name)

    def say(self, sha: str, check: Check) -> None:
        """Say something of the flow on a commit."""
        rows = desired_checks(self.world.store, self.flow.repository, sha, [check])
        self.add(checks=tuple(rows), wakes=(Wake(CheckKey(self.flow.repository, sha)),) if rows else ())
