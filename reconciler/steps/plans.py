"""Plans out of the store and into it: decoded once, kept while they are used."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from hashlib import sha256

from reconciler.errors import Stalled, Waiting
from reconciler.plan.encoding import decode, encode
from reconciler.plan.model import HASH_VERSION, Plan
from reconciler.records import PlanRow, RunRow
from reconciler.store import Records

NEWER_AGAIN = timedelta(seconds=2)  # until somebody else may take what only a newer release can act on


def plan_of(store: Records, run: RunRow) -> Plan:
    """The plan that a run runs. Raises Stalled if the store has lost it, Waiting if a newer release made it."""
    stored = store.plan(run.plan)
    if stored is None:
        raise Stalled("PlanMissing", f"The plan of run {run.id} is not in the store; restore it from a backup.")
    leave_to_newer(stored.version, f"The plan of run {run.id}")
    return decoded(stored.plan_json)


def leave_to_newer(version: int, what: str) -> None:
    """Raises Waiting for what a newer release hashed: only a service of that release may act on it."""
    if version > HASH_VERSION:
        message = f"{what} was made by a newer release of Headgate, whose services go on with it; upgrade this one."
        raise Waiting("NewerRelease", message, NEWER_AGAIN)


@lru_cache(maxsize=64)
def decoded(plan_json: bytes) -> Plan:
    """The plan that `row_of` encoded. Raises DecodeError."""
    return decode(plan_json, Plan)


def row_of(plan: Plan) -> PlanRow:
    """The plan as the store keeps it, by the digest of all it says, places included."""
    plan_json = encode(plan)
    return PlanRow(sha256(plan_json).hexdigest()[:32], plan.hash, plan.version, plan_json)
