"""The step of a commit's checks: word what is desired, post what differs, remember what was posted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.checks.masking import Mask, masked, masked_evidence
from reconciler.checks.model import Check
from reconciler.checks.run import flow_check, op_checks
from reconciler.keys import CheckKey
from reconciler.plan.encoding import decode, digest
from reconciler.ports import World
from reconciler.records import Changes, CheckRow, Lease, RunRow
from reconciler.steps.buttons import press
from reconciler.steps.evidence import evidence_of
from reconciler.steps.page_addresses import page_of

LOOK_AGAIN = 600.0  # s between looks at unfinished checks that others can change, or that go stale
SETTLED = 20.0  # s after which a forge surely lists what was made: what another process made unseen is mended then


@dataclass(frozen=True, slots=True)
class _Worded:
    row: CheckRow
    checks: tuple[Check, ...]

    @property
    def digest(self) -> str:
        return digest(self.checks)


def report(world: World, key: CheckKey, lease: Lease) -> Changes:
    """Make the checks of one commit say what they should. Raises Waiting when they cannot be posted now."""
    requests = world.store.requests(key)
    said = _said(world, key, lease)
    if not requests:
        return said
    if said.posted:
        return replace(said, again_at=0.0)  # a button that cannot be understood now keeps nothing from being said
    return press(world, key, requests)


def _said(world: World, key: CheckKey, lease: Lease) -> Changes:
    """What was posted, where something differed."""
    rows = world.store.checks(key.repository, key.sha)
    terms = world.checks.terms(key.repository)
    if terms.lasting and all(row.final for row in rows):
        return Changes()  # whatever has been forgotten since: a final word changes with what is desired alone
    mask = Mask(world.known_secrets())
    worded = [_worded(world, row, mask, terms.op_budget) for row in rows]
    # After a try that failed or died nobody knows what stands there: perhaps other words, which were desired then.
    if terms.lasting and not lease.attempts and all(one.row.posted == one.digest for one in worded):
        return Changes()
    standing = [one for one in worded if terms.lasting or not _is_worn(world, one, terms.op_budget)]
    everything = [check for one in standing for check in one.checks]
    world.checks.post(key.repository, key.sha, everything, lease, {one.row.name for one in standing if one.row.posted})
    posted = ((one.row, replace(one.row, posted=one.digest, final=_final(one))) for one in standing)
    changed = tuple(row for old, row in posted if row != old)
    alive = not all(map(_final, worded))
    look_again = LOOK_AGAIN if alive else SETTLED if changed else None
    at = None if terms.lasting or look_again is None else world.clock.now() + look_again
    return Changes(posted=changed, again_at=at)


def _is_worn(world: World, worded: _Worded, op_budget: int) -> bool:
    """Whether a final word cannot be said again as it was, as what it told of is not kept any more: it stays.

    One that holds a secret which has become known since is said anew.
    """
    row = worded.row
    if not row.final or row.posted in ("", worded.digest):
        return False
    return row.posted != _worded(world, row, Mask(()), op_budget).digest


def _final(worded: _Worded) -> bool:
    return all(check.status == "completed" for check in worded.checks)


def _worded(world: World, row: CheckRow, mask: Mask, op_budget: int) -> _Worded:
    run = world.store.run(row.run) if row.run else None
    checks = [decode(row.document_json, Check)] if run is None else _of_run(world, run, mask, op_budget)
    return _Worded(row, tuple(masked(check, mask) for check in checks))


def _of_run(world: World, run: RunRow, mask: Mask, op_budget: int) -> list[Check]:
    url = page_of(world, run.repository, "runs", run.id)
    evidence = masked_evidence(evidence_of(world.store, world.logs, run, world.clock.now(), url), mask)
    return [flow_check(evidence), *op_checks(evidence, op_budget)]
