"""The step of a commit's checks: word what is desired, post what differs, remember what was posted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.checks.model import Check
from reconciler.checks.run import flow_check, op_checks
from reconciler.keys import CheckKey
from reconciler.plan.encoding import decode, digest
from reconciler.ports import World
from reconciler.records import Changes, CheckRow, Lease, RunRow
from reconciler.steps.evidence import evidence_of


@dataclass(frozen=True, slots=True)
class _Worded:
    row: CheckRow
    checks: tuple[Check, ...]

    @property
    def digest(self) -> str:
        return digest(self.checks)


def report(world: World, key: CheckKey, lease: Lease) -> Changes:
    """Make the checks of one commit say what they should. Raises Waiting when they cannot be posted now."""
    rows = world.store.checks(key.repository, key.sha)
    if all(row.final for row in rows):
        return Changes()  # whatever has been forgotten since: a final word changes with what is desired alone
    worded = [_worded(world, row) for row in rows]
    if all(one.row.posted == one.digest for one in worded):
        return Changes()
    everything = [check for one in worded for check in one.checks]
    ids = world.checks.post(key.repository, key.sha, everything, lease)
    posted = (
        replace(one.row, posted=one.digest, external_id=ids.get(one.row.name, ""), final=_final(one)) for one in worded
    )
    return Changes(checks=tuple(row for row, old in zip(posted, rows, strict=True) if row != old))


def _final(worded: _Worded) -> bool:
    return all(check.status == "completed" for check in worded.checks)


def _worded(world: World, row: CheckRow) -> _Worded:
    run = world.store.run(row.run) if row.run else None
    if run is None:
        return _Worded(row, (decode(row.document_json, Check),))
    return _Worded(row, tuple(_of_run(world, run)))


def _of_run(world: World, run: RunRow) -> list[Check]:
    url = f"{world.page_url}/runs/{run.id}" if world.page_url else ""
    evidence = evidence_of(world.store, world.logs, run, world.clock.now(), url)
    return [flow_check(evidence), *op_checks(evidence, world.checks.op_budget)]
