"""Plans out of the store and into it: decoded once, kept while they are used."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from reconciler.plan.encoding import decode, encode
from reconciler.plan.model import Plan
from reconciler.ports import Records, Stalled
from reconciler.records import PlanRow, RunRow


def plan_of(store: Records, run: RunRow) -> Plan:
    """The plan that a run runs. Raises Stalled if the store has lost it."""
    stored = store.plan(run.plan)
    if stored is None:
        raise Stalled("PlanMissing", f"The plan of run {run.id} is not in the store; restore it from a backup.")
    return decoded(stored.plan_json)


@lru_cache(maxsize=64)
def decoded(plan_json: bytes) -> Plan:
    """The plan that `row_of` encoded. Raises DecodeError."""
    return decode(plan_json, Plan)


def row_of(plan: Plan) -> PlanRow:
    """The plan as the store keeps it, by the digest of all it says, places included."""
    plan_json = encode(plan)
    return PlanRow(sha256(plan_json).hexdigest()[:32], plan.hash, plan.version, plan_json)
