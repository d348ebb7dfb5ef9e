"""Instances of services: declared by runs, kept true by their flow's step alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from reconciler.engine.attempts import has_come
from reconciler.engine.decisions import DeclareService
from reconciler.engine.model import AttemptSpec, Observed, ServiceSeen
from reconciler.keys import RunKey
from reconciler.plan.encoding import decode, encode
from reconciler.plan.walk import op_path
from reconciler.ports import World
from reconciler.records import AttemptRow, FlowRow, Lease, RunRow, ServiceRow, Wake
from reconciler.steps import belonging, intents
from reconciler.store import Records

CODE = "code"  # the label with the code id
GONE = "ServiceGone"
GONE_MESSAGE = "Its instance was removed before it was ready; restart the run to declare it again."
READY = "Ready"  # the reason of the observation that says an instance answers
TRIES = 5  # starts of an instance that was never ready, before its op fails
LOOK_AGAIN = 60.0  # s: live instances are looked at even if every observation was lost
BACK_OFF = (1.0, 2.0, 5.0, 15.0, 60.0)  # s between starts of an instance that keeps dying


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeping a flow's services changed."""

    rows: tuple[ServiceRow, ...]
    gone: tuple[ServiceRow, ...]
    attempts: tuple[AttemptRow, ...]
    folded: tuple[int, ...]
    wakes: tuple[Wake, ...]
    again_at: float | None


def declared(store: Records, run: RunRow, action: DeclareService, code: str) -> ServiceRow:
    """The service as this run declares it; an older run never replaces what a newer one declared.

    `code` is the code id of the run's plan: other code makes another instance, another commit alone does not.
    """
    flow = run.state.flow
    known = next((row for row in store.services(flow) if row.op == action.path), None)
    if known is not None and _newer_by(known, run) > 0:
        return known
    spec = intents.in_code_dir(action.spec.having(labels={**action.spec.labels, CODE: code[:20]}), run)
    made_at, made_by = run.state.created_at, run.made_by
    wanted = ServiceRow(flow, action.path, spec, spec_hash(spec), made_at, run.id, made_by, place=run.place)
    if known is None:
        return wanted
    is_ready = known.spec_hash == wanted.spec_hash and known.ready
    return replace(wanted, attempt=known.attempt, ready=is_ready, version=known.version)  # a new run, new tries


def spec_hash(spec: AttemptSpec) -> str:
    """What tells whether an instance is still the declared one: all of the spec but who declared it, and where."""
    code = {CODE: spec.labels.get(CODE, "")}
    text = encode(spec.having(attempt="", run="", number=1, commit="", labels=code))
    for own in (spec.attempt, spec.run):
        text = text.replace(own.encode(), b"-")
    return sha256(text).hexdigest()[:20]


def _newer_by(row: ServiceRow, run: RunRow) -> float:
    """More than 0 where a run that was made after this one has declared it.

    Tokens tell, as clocks are set back, and those of replicas differ; what an earlier release wrote has none.
    """
    by_token = row.made_by - run.made_by if row.made_by and run.made_by else 0
    return by_token or row.order - run.state.created_at


def seen_by(store: Records, run: RunRow, declared_ops: Iterable[str], now: float) -> Sequence[ServiceSeen]:
    """What this run may know of the services that it declared, or that another run declares in its stead, made later
    or in the same step.

    `declared_ops` are those of its plan whose rows are committed if they run: without a row an instance is lost.
    """
    rows = store.services(run.state.flow)
    mine = [row for row in rows if row.run == run.id or _newer_by(row, run) >= 0]
    missing = set(declared_ops) - {row.op for row in rows}
    seen = [ServiceSeen(row.op, True, now) for row in mine if row.ready]
    lost = [row for row in mine if not row.ready and row.restarts >= TRIES]
    seen += [ServiceSeen(row.op, False, now, row.reason, row.message) for row in lost]
    return [*seen, *(ServiceSeen(op, False, now, GONE, GONE_MESSAGE) for op in sorted(missing))]


def homes(world: World, flow: str) -> set[str]:
    """The places that have instances of a flow's services, or are to have them."""
    declared, live = world.store.services(flow), world.store.service_attempts(flow)
    return {*(row.place for row in declared), *(row.place for row in live)} - {""}


def keep(world: World, flow: FlowRow, lease: Lease, now: float, declared_ops: Iterable[str] | None) -> Kept:
    """Move every service of a flow one step closer to its declaration.

    `declared_ops`: the service ops of the applied plan, others are pruned once the run that declared them has ended;
    None keeps what is there.
    """
    return _Keeper(world, flow, lease, now, declared_ops).keep()


class _Keeper:
    def __init__(
        self, world: World, flow: FlowRow, lease: Lease, now: float, declared_ops: Iterable[str] | None
    ) -> None:
        self.world = world
        self.lease = lease
        self.now = now
        self.flow = flow
        self.rows = {row.op: row for row in world.store.services(flow.id)}
        self.before = dict(self.rows)
        if declared_ops is not None:
            names, live = set(declared_ops), {run.id for run in world.store.runs(flow=flow.id, live=True)}
            for op, row in self.before.items():
                if op_path(op) not in names and row.run not in live:
                    self.rows[op] = replace(row, wanted=False)
        self.attempts = {row.id: row for row in world.store.service_attempts(flow.id)}
        self.changed: dict[str, AttemptRow] = {}
        self.gone: list[ServiceRow] = []

    def keep(self) -> Kept:
        performed = intents.perform(self.world, list(self.attempts.values()), self.lease, self.now)
        for attempt in performed.rows:
            self._put(attempt)
            self._note_end(attempt)
        observations = self.world.store.observations(flow=self.flow.id)
        seen = [decode(one.body_json, Observed) for one in observations if one.kind == "observed"]
        if not (performed.rows or seen):  # one may have been lost
            seen = list(intents.look(self.world, self.attempts.values()))
        for observed in seen:
            self._fold(observed)
        for row in list(self.rows.values()):
            self._decide(row)
        return Kept(
            tuple(row for op, row in self.rows.items() if row != self.before.get(op)),
            tuple(self.gone),
            tuple(self.changed.values()),
            tuple(observation.seq for observation in observations),
            tuple(Wake(RunKey(row.run)) for op, row in self.rows.items() if _news(self.before.get(op), row)),
            self._again_at(),
        )

    def _put(self, row: AttemptRow) -> None:
        self.attempts[row.id] = self.changed[row.id] = row

    def _fold(self, seen: Observed) -> None:
        attempt = self.attempts.get(seen.attempt)
        if attempt is None:
            return
        after = intents.after(attempt, seen)
        if after != attempt:
            self._put(after)
        self._note_end(self.attempts[attempt.id])
        row = self.rows.get(attempt.op)
        if row is not None and row.attempt == attempt.id and seen.reason == READY:
            self.rows[attempt.op] = replace(row, ready=True, reason=READY, message="")

    def _note_end(self, attempt: AttemptRow) -> None:
        """An instance that we stopped makes room at once; one that died by itself is started again, ever slower."""
        row = self.rows.get(attempt.op)
        if attempt.phase != "ended" or row is None or row.attempt != attempt.id:
            return
        row = replace(row, attempt="", ready=False)
        if attempt.wanted != "stop":
            restarts = row.restarts + 1
            wait = BACK_OFF[min(restarts, len(BACK_OFF)) - 1]
            died = {"reason": attempt.reason, "message": attempt.message, "next_try_at": self.now + wait}
            row = replace(row, restarts=restarts, **died)  # type: ignore[arg-type]
        self.rows[attempt.op] = row

    def _decide(self, row: ServiceRow) -> None:
        live = [attempt for attempt in self.attempts.values() if attempt.op == row.op and attempt.phase != "ended"]
        for attempt in live:
            if not row.wanted or spec_hash(attempt.spec) != row.spec_hash:
                self._stop(attempt, "the service was removed" if not row.wanted else "the service has changed")
        if live:
            self._adopt(row, live)
            return
        if not row.wanted:
            del self.rows[row.op]
            self.gone.append(row)
        elif belonging.is_elsewhere(self.world, row.place):
            return
        elif has_come(row.next_try_at, self.now, BACK_OFF[-1]) or row.restarts == 0:
            self._start(row)

    def _adopt(self, row: ServiceRow, live: Sequence[AttemptRow]) -> None:
        """Know an instance as its own that a replica of the first release forgot, as two runs declared it at once."""
        fitting = [one.id for one in live if self.attempts[one.id].wanted != "stop"]
        if fitting and not row.attempt:
            self.rows[row.op] = replace(row, attempt=fitting[0])

    def _stop(self, attempt: AttemptRow, reason: str) -> None:
        if attempt.wanted != "stop":
            self._put(intents.stop(attempt, reason))

    def _start(self, row: ServiceRow) -> None:
        spec = _instance(row, f"{self.lease.token}/{self.now:.6f}")
        place = self.world.executor.place if self.world.executor is not None else ""
        self._put(
            AttemptRow(spec.attempt, "", row.op, spec, spec.number, place=place, flow=row.flow, created_at=self.now)
        )
        self.rows[row.op] = replace(row, attempt=spec.attempt, ready=False, next_try_at=None)

    def _again_at(self) -> float | None:
        if any(intents.due(attempt, self.now) for attempt in self.changed.values()):
            return 0.0
        times = [row.next_try_at for row in self.rows.values() if row.next_try_at is not None and not row.attempt]
        live = [attempt for attempt in self.attempts.values() if attempt.phase != "ended"]
        times += [attempt.retry_at for attempt in live if attempt.retry_at]
        times += [self.now + LOOK_AGAIN for _ in live[:1]]
        return min(times, default=None)


def _instance(row: ServiceRow, when: str) -> AttemptSpec:
    """The spec under an id of its own: each start of an instance is an attempt, and paths in it follow the id.

    `when` tells starts apart: by the lease as well as by the clock, which may stand still or be set back.
    """
    known = row.spec.attempt
    fresh = sha256(f"{row.flow}/{row.op}/{row.spec_hash}/{row.restarts}/{when}".encode()).hexdigest()[: len(known)]
    spec = decode(encode(row.spec).replace(known.encode(), fresh.encode()), AttemptSpec)
    return spec.having(number=row.restarts + 1)


def _news(before: ServiceRow | None, row: ServiceRow) -> bool:
    return before is not None and (before.ready, before.restarts) != (row.ready, row.restarts)
