"""What holds of every history with GitHub, beside what holds of every history (tests/histories/laws.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.checks.external_ids import external_id
from reconciler.checks.masking import Mask
from reconciler.checks.model import Check
from reconciler.steps import report
from tests.github.records import CheckRun
from tests.histories import laws
from tests.histories.github.referee import key_in
from tests.histories.github.world import GitHubHistoryWorld
from tests.world import REPOSITORY
from webhooks.github_events import may_ask


def checks_at_github_are_as_desired(world: GitHubHistoryWorld) -> Iterator[str]:
    """Each check of the store stands at GitHub, word for word, and older runs of the same come to the same verdict."""
    for sha in world.store.commits_with_checks(REPOSITORY):
        runs = world.runs_at(sha)
        for check in _desired(world, sha):
            key = key_in(external_id(REPOSITORY, check))
            yield from _agree(sha, check, [run for run in runs if key_in(run.external_id) == key])


def _desired(world: GitHubHistoryWorld, sha: str) -> Iterator[Check]:
    """What is to be said of a commit, but what cannot be said any more as it was."""
    ports = world.ports()
    budget = ports.checks.terms(REPOSITORY).op_budget
    for row in world.store.checks(REPOSITORY, sha):
        worded = report._worded(ports, row, Mask(()), budget)
        if not report._is_worn(ports, worded, budget):
            yield from worded.checks


def _agree(sha: str, check: Check, runs: list[CheckRun]) -> Iterator[str]:
    where = f"{check.name} on {sha[:7]}"
    if not runs:
        yield f"GitHub has no {where}"
        return
    if _said(runs[-1]) != _wanted(check):
        yield f"GitHub says of {where} {_said(runs[-1])} and not {_wanted(check)}"
    verdict = (check.status, check.conclusion and check.conclusion.value)
    for twin in runs[:-1]:
        if (twin.status, twin.conclusion) != verdict:
            yield f"a twin of {where} is {twin.status} {twin.conclusion}"


def _wanted(check: Check) -> tuple[object, ...]:
    conclusion = check.conclusion.value if check.conclusion else None
    lines = Counter((one.file, one.line, one.level) for one in check.annotations)
    actions = [one.name for one in check.actions]
    named = check.name, external_id(REPOSITORY, check), check.status, conclusion
    return *named, check.title, check.summary.strip(), check.text.strip(), actions, lines


def _said(run: CheckRun) -> tuple[object, ...]:
    lines = Counter((one["path"], one["start_line"], one["annotation_level"]) for one in run.annotations)
    actions = [one["identifier"] for one in run.actions]
    summary = (run.summary or "").partition("<!-- headgate")[0].strip()
    named = run.name, run.external_id, run.status, run.conclusion
    return *named, run.title, summary, (run.text or "").strip(), actions, lines


def proposals_are_as_github_has_them(world: GitHubHistoryWorld) -> Iterator[str]:
    """Every pull request that is open, and every entry of the merge queue, at its head, and no other."""
    there = {f"pull/{pull.number}": pull.head_sha for pull in world.repo.pulls.values() if pull.state == "open"}
    there |= {f"queue/{entry.sha}": entry.sha for entry in world.repo.queue}
    known = {row.proposal: row.head for row in world.store.reviews(REPOSITORY)}
    for name in sorted(there.keys() | known.keys()):
        if there.get(name) != known.get(name):
            yield f"{name} is at {there.get(name)} and known at {known.get(name)}"
    for sha in there.values():
        if not any(run.name == "headgate" for run in world.runs_at(sha)):
            yield f"the proposal at {sha[:7]} has no gate"


def limits_are_kept(world: GitHubHistoryWorld) -> Iterator[str]:
    """GitHub never refused for too much, but where others spent the budget, our clock was set forward, or a process
    slept over what it had entered.
    """
    if not world.leaps and not world.referee.was_late:
        yield from (
            reason
            for reason in world.github.limits.refused
            if not (world.spent_by_others and "requests an hour" in reason)
        )


def what_people_asked_for_is_answered(world: GitHubHistoryWorld) -> Iterator[str]:
    """If GitHub told of it, or lists that it could not."""
    for row in world.github.webhooks.deliveries:
        if may_ask(row.event, row.action or ""):
            meant = world.meaning(row.guid, row.event, row.body, row.delivered_at)
            for request in meant.requests if meant else ():
                if not world.answer(request.id) and request.id not in world.forgotten:
                    yield f"{request.id} ({row.event} {row.action}) has no answer"


def it_is_called_as_it_is(world: GitHubHistoryWorld) -> Iterator[str]:
    """A repository that was renamed or given away is known where it is."""
    row = world.store.repository(REPOSITORY)
    source = f"github:{world.repo.id}:{world.repo.full_name}"
    if row is None or row.source != source:
        yield f"{row and row.source} is {source}"
    others = [one.name for one in world.store.repositories() if one.name != REPOSITORY]
    yield from (f"{name} is served as well" for name in others)


def broken_laws(world: GitHubHistoryWorld) -> list[str]:
    """Every law that does not hold, and what was found."""
    return [f"{law.__name__}: {found}" for law in LAWS for found in law(world)]


LAWS = (
    checks_at_github_are_as_desired,
    proposals_are_as_github_has_them,
    what_people_asked_for_is_answered,
    it_is_called_as_it_is,
    *laws.LAWS,
    limits_are_kept,
)
