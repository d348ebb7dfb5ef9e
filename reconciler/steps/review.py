"""The step of a proposal: judge what merging it would give, and say so on its head. The words are made in checks.

What decides is the merge of head and base, by the settings of the base: a proposal cannot change the rules it is
judged by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from reconciler.checks.merged import not_known, not_touched
from reconciler.checks.model import Check, Conclusion
from reconciler.checks.names import GATE
from reconciler.checks.review import FlowVerdict, Proposed, flow_review, gate, held
from reconciler.checks.run import NOTHING_RUNS
from reconciler.engine.model import RunFacts
from reconciler.flows.findings import Finding
from reconciler.flows.settings import RepositorySettings
from reconciler.keys import CheckKey, FlowKey, RepositoryKey, ReviewKey
from reconciler.ports import World
from reconciler.records import Changes, CheckRow, Lease, RepositoryRow, RequestRow, ReviewRow, Wake
from reconciler.steps.asking_in_comments import conversation_of, tell_ends
from reconciler.steps.commit_checks import desired_checks
from reconciler.steps.flow_files import Revision, errors_of
from reconciler.steps.foresight import durations, reusable
from reconciler.steps.page_addresses import page_of
from reconciler.steps.pushed_trials import answer_asked, trials_wanted
from reconciler.steps.touched_flows import judge
from reconciler.steps.trials import left_behind

NEW = 60.0  # s that a request waits for its proposal to be seen
SOON = 2.0  # s
CLOSED = "The proposal is closed."
UNRELATED = "(the two have no commit in common)"


def review(world: World, key: ReviewKey, lease: Lease) -> Changes:
    """Judge one proposal. Raises Waiting or Stalled as the source does."""
    everyone = world.store.reviews(key.repository)
    row = next((row for row in everyone if row.proposal == key.proposal), None)
    repository = world.store.repository(key.repository)
    requests = world.store.requests(key)
    left = left_behind(world, key.repository, key.proposal, row.head if row else "")
    if left:
        return Changes(flows=tuple(left), wakes=tuple(Wake(FlowKey(one.id)) for one in left), again_at=0.0)
    if row is None or repository is None:
        return _not_open(world, key, requests) if requests else tell_ends(world, key, lease)
    together = _of_one_commit(row, everyone)
    holder = _holder(world, row, everyone)
    judged = replace(row, judged=_spoken_of(together, holder))
    if judged == row:  # what was foreseen stays as it was said, though the cache has moved on since
        return answer_asked(world, row, requests, lease) if requests else tell_ends(world, key, lease)
    # A merged branch has nothing left to judge, and its head may carry the checks of the merge itself.
    open_ones = [one for one in together if world.source.merge_base(one.repository, one.head, one.base) != one.head]
    several = {one: _judged(world, repository, one) for one in open_ones}
    checks = _worst(check for judgement in several.values() for check in judgement.checks)
    others = not_touched if all(judgement.sees_all for judgement in several.values()) else not_known
    rows = _checks(world, row, _held(checks, holder), others) if open_ones else ()
    own = several.get(row, _NOTHING)
    tried = trials_wanted(world, row, own.settings, own.verdicts)
    return Changes(
        judged=(judged,),
        checks=tuple(rows),
        asked=tried,
        wakes=(Wake(CheckKey(row.repository, row.head)),) if rows else (),
        # Answered when there is something to tell.
        again_at=0.0 if requests or tried or conversation_of(world, row).trials else None,
    )


@dataclass(frozen=True, slots=True)
class _Judgement:
    """What is said of a proposal, and of which flows, by which settings."""

    checks: Sequence[Check] = ()
    verdicts: Sequence[FlowVerdict] = ()
    settings: RepositorySettings = field(default_factory=RepositorySettings)
    sees_all: bool = True  # False: of a flow that has no verdict nobody knows whether merging changes it


_NOTHING = _Judgement()


def _not_open(world: World, key: ReviewKey, requests: Sequence[RequestRow]) -> Changes:
    """A proposal that was never seen may be so new that nobody has looked yet; one that was is closed.

    Who looks and sees it wakes us. Forges list a proposal late: another replica, whose clock differs, heard of it.
    """
    now = world.clock.now()
    was_seen = any(row.proposal == key.proposal for row in world.store.reviews(key.repository, open_only=False))
    look_of = world.store.queued(RepositoryKey(key.repository))
    if not was_seen and look_of is not None and not look_of.is_done(now):
        return Changes(again_at=now + (NEW if look_of.attempts or look_of.parked else SOON))
    fresh = [request for request in requests if not was_seen and abs(now - request.at) < NEW]
    late = (replace(one, done_at=now, answer=one.answer or CLOSED) for one in requests if one not in fresh)
    look = (Wake(RepositoryKey(key.repository)),) if fresh else ()
    return Changes(answered=tuple(late), wakes=look, again_at=now + SOON if fresh else 0.0)


def _holder(world: World, row: ReviewRow, everyone: Sequence[ReviewRow]) -> str:
    """Who holds a proposal, or another one of the same commit: what fails for one must not pass through another."""
    holders = (conversation_of(world, one).held_by for one in everyone if one.head == row.head)
    return next(filter(None, holders), "")


def _held(checks: Sequence[Check], by: str) -> list[Check]:
    """The gate fails while somebody holds the commit."""
    return [held(check, by) if by and check.name == GATE else check for check in checks]


def _of_one_commit(row: ReviewRow, everyone: Sequence[ReviewRow]) -> Sequence[ReviewRow]:
    """The proposal, and others of the same commit into other branches, as a commit has one set of checks.

    What wants into the default branch comes first.
    """
    others = {one.base: one for one in everyone if one.head == row.head and one.base != row.base}
    return sorted([row, *others.values()], key=lambda one: (one.target, one.base))


def _spoken_of(together: Sequence[ReviewRow], holder: str) -> str:
    """What checks speak of: a proposal that was judged while another one of its commit was held is judged again."""
    pairs = [f"{one.head}..{one.base} {one.target}".strip() for one in together]
    return " ".join([*pairs, f"held by {holder}"] if holder else pairs)


def _worst(checks: Iterable[Check]) -> list[Check]:
    """One check of each name: where proposals of a commit differ, that of the first which must not be merged."""
    chosen: dict[str, Check] = {}
    for check in checks:
        if check.name not in chosen or (_is_red(check) and not _is_red(chosen[check.name])):
            chosen[check.name] = check
    return list(chosen.values())


def _is_red(check: Check) -> bool:
    return check.conclusion is Conclusion.FAILURE


def _judged(world: World, repository: RepositoryRow, row: ReviewRow) -> _Judgement:
    base = Revision(world.source, row.repository, row.base)
    merged = world.source.merge(row.repository, row.head, row.base)
    proposed = Proposed(row.head, row.target or repository.default_branch or row.base, url=_page(world, row))
    if merged.tree is None:
        return _Judgement([gate((), (), proposed, conflicts=merged.conflicts or (UNRELATED,))], sees_all=False)
    settings, broken = _settings(world, row, base, merged.tree)
    result = Revision(world.source, row.repository, merged.tree, settings)
    proposed = replace(proposed, changed=frozenset(world.source.changed(row.repository, row.base, merged.tree) or ()))
    if broken:
        why = f"{broken[0].file}:{broken[0].span.line}: {broken[0].message}"
        return _Judgement([gate((), broken, proposed, settings_broken=why)], sees_all=False)
    verdicts, findings = judge(world.store, row.repository, base, result, proposed.changed)
    verdicts = [_foreseen(world, repository, row, verdict) for verdict in verdicts]
    checks = [gate(verdicts, findings, proposed), *(flow_review(verdict, proposed) for verdict in verdicts)]
    if not settings.checks.annotations:
        checks = [replace(check, annotations=()) for check in checks]
    hides_flows = any(result.is_flow(error.file) for error in errors_of(findings))
    return _Judgement(checks, verdicts, base.settings, sees_all=not hides_flows)


def _foreseen(world: World, repository: RepositoryRow, row: ReviewRow, verdict: FlowVerdict) -> FlowVerdict:
    """The verdict with what will be known when it is merged: whether anything runs, and what is used again."""
    if row.target:
        why = f"only what is merged into {repository.default_branch} runs"
        return replace(verdict, starts=False, removed=False, reason=why)
    if verdict.starts and not world.runs(row.repository):
        return replace(verdict, starts=False, reason=NOTHING_RUNS)
    if verdict.plan is None or not verdict.starts:
        return verdict
    facts = RunFacts(verdict.flow, row.repository, row.head, repository.default_branch or row.base)
    reused = reusable(world.store, verdict.plan, facts, world.clock.now())
    return replace(verdict, will_reuse=reused, took=durations(world.store, verdict.id))


def _settings(world: World, row: ReviewRow, base: Revision, tree: str) -> tuple[RepositorySettings, Sequence[Finding]]:
    """The settings to judge by, and the errors in those that the merge would bring.

    Those of the base; where they are broken, those of the proposal, which may be the one that mends them.
    """
    result = Revision(world.source, row.repository, tree)
    broken = errors_of(result.settings_findings)
    return (result.settings if errors_of(base.settings_findings) else base.settings), broken


def _checks(world: World, row: ReviewRow, checks: Sequence[Check], others: Callable[[str], Check]) -> list[CheckRow]:
    """Rows for what is new; `others` words those of flows that only an earlier judgement of this head spoke of."""
    names = {check.name for check in checks}
    known = world.store.checks(row.repository, row.head)
    left = [others(one.name) for one in known if one.name not in names and not one.run]
    return desired_checks(world.store, row.repository, row.head, [*checks, *left])


def _page(world: World, row: ReviewRow) -> str:
    return page_of(world, row.repository, "repositories", row.repository)
