"""What checks must say of runs, ops and commits, in words of our own: nothing here asks the product how it words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.checks.model import Check
from reconciler.engine.model import FINAL, OpState, RunState
from reconciler.plan.encoding import decode
from reconciler.records import ReviewRow, RunRow
from tests.histories.flows import is_wrong
from tests.world import REPOSITORY

if TYPE_CHECKING:
    from tests.histories.world import HistoryWorld

# How something ended → what its check concludes, and how the title of a run's check begins.
VERDICTS: Mapping[str, tuple[str, str]] = {
    "succeeded": ("success", "Succeeded"),
    "failed": ("failure", "Failed"),
    "stopped": ("cancelled", "Stopped"),
    "skipped": ("skipped", "Skipped"),
    "upstream_failed": ("cancelled", "Failed"),
}
_FINAL_WORDS = tuple(f"{word}" for _, word in VERDICTS.values())
_PASSED_OVER = ("Superseded by ", "Not started: the flow is paused")
_TIMEOUTS = ("Timeout", "DeadlineExceeded")


@dataclass(frozen=True, slots=True)
class Known:
    """A run and its ops, as they were when its checks were worded."""

    state: RunState
    ops: Mapping[str, OpState]

    @property
    def facts(self) -> tuple[Any, ...]:
        """What a final word may change with: how the run and its ops stand, and by which attempts."""
        several = sorted((path, one.status, one.attempt, one.cached_from, one.reason) for path, one in self.ops.items())
        return self.state.status, self.state.finished_at, self.state.stop_asked_by, tuple(map(str, several))


def wrong_words(check: Check, known: Known) -> Iterator[str]:
    """What a check of a run, or of an op of it, says that is not so."""
    _, _, op = check.name.removeprefix("headgate/").partition("/")
    yield from _of_op(check, op, known) if op else _of_run(check, known)


def _of_run(check: Check, known: Known) -> Iterator[str]:
    status = known.state.status.value
    if known.state.status not in FINAL:
        yield from _too_early(check, status)
        return
    conclusion, word = VERDICTS[status]
    failed = [path for path, one in known.ops.items() if one.status == "failed"]
    if check.status != "completed" or check.conclusion != conclusion:
        yield f"{check.name} says {check.conclusion or check.status} of a run that is {status}"
    if not check.title.startswith(word):
        yield f"{check.name} is called {check.title!r}, and its run is {status}"
    elif status == "failed" and failed and not any(check.title.startswith(f"Failed: {path} ") for path in failed):
        yield f"{check.name} is called {check.title!r}, and what failed is {', '.join(failed)}"


def _of_op(check: Check, op: str, known: Known) -> Iterator[str]:
    state = known.ops.get(op)
    status = "created" if state is None else state.status.value
    if state is not None and state.status in FINAL:
        allowed = {VERDICTS[status][0]} | ({"timed_out"} if state.reason in _TIMEOUTS else set())
    elif known.state.status in FINAL:  # nobody looks at it any more
        allowed = {"cancelled"}
    else:
        yield from _too_early(check, status)
        return
    if check.status != "completed" or check.conclusion not in allowed:
        yield f"{check.name} says {check.conclusion or check.status} of an op that is {status}"
    if check.title.startswith("Succeeded") != (status == "succeeded"):
        yield f"{check.name} is called {check.title!r}, and its op is {status}"
    if status == "succeeded" and state is not None and ("reused" in check.title) != bool(state.cached_from):
        yield f"{check.name} is called {check.title!r}, and took its result from {state.cached_from or 'nobody'}"


def _too_early(check: Check, status: str) -> Iterator[str]:
    if check.status == "completed" or check.conclusion is not None or check.title.startswith(_FINAL_WORDS):
        yield f"{check.name} says {check.conclusion}: {check.title} of what is {status}"


# --- laws -------------------------------------------------------------------------------------------------------------


def a_check_says_what_became_of_its_run(world: HistoryWorld) -> Iterator[str]:
    """Of the newest run that has its name on a commit: how it ended, and of every op of its plan how that did.

    Unless the branch came back to the commit, waited to begin its flow anew, and went on or found the flow paused.
    """
    runs: dict[tuple[str, str], list[RunRow]] = {}
    for run in world.store.runs(limit=1000):
        runs.setdefault((run.sha, _name(run)), []).append(run)
    for (sha, name), several in runs.items():
        said = world.checks.posted.get(sha, {}).get(name)
        passed_over = said and not said.run and said.title.startswith(_PASSED_OVER) and sha in world.heads_again
        if said is not None and not passed_over:
            yield from _wrong_of_newest(world, said, several)


def _wrong_of_newest(world: HistoryWorld, said: Check, several: Sequence[RunRow]) -> Iterator[str]:
    spoken_of = next((run for run in several if run.id == said.run), None)
    newest = max(run.state.created_at for run in several)
    if spoken_of is None or (spoken_of.state.created_at < newest and not world.set_back):
        yield f"{said.name} on {several[0].sha[:7]} speaks of {said.run or 'no run'}, which is not the newest"
        return
    known = Known(spoken_of.state, {row.state.path: row.state for row in world.store.ops(spoken_of.id)})
    yield from wrong_words(said, known)
    for path in known.ops:
        check = world.checks.posted[spoken_of.sha].get(f"{said.name}/{path}")
        if check is not None:
            yield from wrong_words(check, known)
        elif "[" not in path:
            yield f"{said.name}/{path} on {spoken_of.sha[:7]} is missing"


def _name(run: RunRow) -> str:
    return f"headgate/{run.facts.flow} (trial)" if run.facts.proposal else f"headgate/{run.facts.flow}"


def a_gate_says_what_is_wrong_with_its_commit(world: HistoryWorld) -> Iterator[str]:
    """Of every head that was looked at: red for a broken file, waiting while its removals are held, else green."""
    repository = world.store.repository(REPOSITORY)
    heads = {review.head for review in world.store.reviews(REPOSITORY, open_only=False)}
    for sha in world.looked_at - heads:
        gate = world.checks.posted.get(sha, {}).get("headgate")
        if gate is None or (gate.title.startswith("Superseded by") and sha != world.source.branches["main"]):
            continue
        if _trouble(world.source.trees[sha]):
            allowed = {"failure"}
        elif repository is not None and repository.head == sha:
            allowed = {"action_required" if repository.pruning_held else "success"}
        else:
            allowed = {"action_required", "success"}
        if gate.conclusion not in allowed:
            yield f"the gate of {sha[:7]} says {gate.conclusion}: {gate.title}, and not {' or '.join(sorted(allowed))}"


def _trouble(tree: Mapping[str, bytes]) -> list[str]:
    """Files that nobody can apply."""
    return [path for path, data in tree.items() if is_wrong(data)]


def a_gate_says_whether_its_proposal_may_be_merged(world: HistoryWorld) -> Iterator[str]:
    """Red for a conflict and for what it would break, of each flow as well; else green."""
    reviews = world.store.reviews(REPOSITORY)
    for review in reviews:
        of_head = [one for one in reviews if one.head == review.head]
        if world.source.merge_base(REPOSITORY, review.head, review.base) == review.head or len(of_head) > 1:
            continue  # nothing to judge; one check speaks for several
        posted = world.checks.posted.get(review.head, {})
        if "headgate" not in posted:
            yield f"{review.proposal} has no gate"
        else:
            yield from _wrong_of_proposal(world, review, posted)


def _wrong_of_proposal(world: HistoryWorld, review: ReviewRow, posted: Mapping[str, Check]) -> Iterator[str]:
    merged = world.source.merge(REPOSITORY, review.head, review.base)
    gate = posted["headgate"]
    if merged.tree is None:
        is_red, why = True, "it conflicts"
        yield from _known_too_well(posted)
    else:
        tree, base = world.source.trees[merged.tree], world.source.trees[review.base]
        broken = {path for path in _trouble(tree) if tree[path] != base.get(path) or not path.startswith("flows/")}
        is_red, why = bool(broken), f"{', '.join(sorted(broken)) or 'nothing'} is broken"
        are_known = ".headgate.yaml" not in broken
        yield from _wrong_of_flows(tree, base, posted) if are_known else _known_too_well(posted)
    if gate.conclusion != ("failure" if is_red else "success") and not _is_held(world, review, gate):
        yield f"the gate of {review.proposal} says {gate.conclusion}: {gate.title}, though {why}"


def _known_too_well(posted: Mapping[str, Check]) -> Iterator[str]:
    """Where nobody can say what a merge would give, no flow is fine."""
    for name, check in posted.items():
        if name != "headgate" and not check.run and check.conclusion != "failure":
            yield f"{name} of a proposal says {check.conclusion}: {check.title}, though nothing is known of it"


def _wrong_of_flows(tree: Mapping[str, bytes], base: Mapping[str, bytes], posted: Mapping[str, Check]) -> Iterator[str]:
    for path in sorted(tree):
        name = f"headgate/{path.removeprefix('flows/').removesuffix('.yaml')}"
        if not path.startswith("flows/") or tree[path] == base.get(path) or (name in posted and posted[name].run):
            continue
        said = posted[name].conclusion if name in posted else None
        wanted = {None, "failure"} if is_wrong(tree[path]) else {"success"}  # what is no flow yet is told by the gate
        if said not in wanted:
            yield f"{name} of a proposal says {said}, and its file is {'broken' if is_wrong(tree[path]) else 'fine'}"


def _is_held(world: HistoryWorld, review: ReviewRow, gate: Check) -> bool:
    """A person does not want it to be merged yet."""
    return gate.conclusion == "failure" and gate.title.startswith("Held by ") and world.may_be_held


def what_is_to_be_said_is_said(world: HistoryWorld) -> Iterator[str]:
    """Each check that a step worded stands as it did, to the letter."""
    for sha in world.store.commits_with_checks(REPOSITORY):
        for row in world.store.checks(REPOSITORY, sha):
            said = world.checks.posted.get(sha, {}).get(row.name)
            if not row.run and said != decode(row.document_json, Check):
                yield f"{row.name} on {sha[:7]} says {said and said.title}"


SAID: Sequence[Any] = (
    a_check_says_what_became_of_its_run,
    a_gate_says_what_is_wrong_with_its_commit,
    a_gate_says_whether_its_proposal_may_be_merged,
    what_is_to_be_said_is_said,
)
