"""What people call things: a run by id, unique prefix, `@last`, commit, branch or flow; a flow and an op by name.

What is not known ends with near names, what is not clear with the list to choose from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.failures import Failure
from reconciler.checks.words import listed, when
from reconciler.flows.near import near
from reconciler.records import FlowRow, RunRow
from reconciler.store import Store

LAST = "@last"
_HEX = re.compile(r"[0-9a-f]{4,40}")
_MOST = 500  # commits of a repository, and runs, that a prefix is looked for in
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that the store knows something of."""

    repository: str
    sha: str


def find(store: Store, text: str) -> RunRow | Commit | FlowRow:
    """What is meant, a run before a commit before a flow. Raises Failure."""
    return _run_named(store, text) or _commit_named(store, text) or _flow_named(store, text) or _unknown(store, text)


def find_run(store: Store, text: str) -> RunRow:
    """A run; of a commit, branch or flow the newest where it is clear which. Raises Failure."""
    found = find(store, text)
    if isinstance(found, RunRow):
        return found
    runs = _runs_of(store, found)
    if not runs:
        raise Failure("run-unknown", f"`{text}` has no run yet.", do="`headgate status` lists the runs.")
    flows = {row.state.flow for row in runs}
    if len(flows) > 1:
        raise _unclear(text, [f"{row.id} ({row.facts.flow})" for row in runs], "run")
    return runs[0]


def _runs_of(store: Store, found: Commit | FlowRow) -> Sequence[RunRow]:
    if isinstance(found, FlowRow):
        return store.runs(flow=found.id, limit=1)
    return store.runs(repository=found.repository, sha=found.sha)


def find_flow(store: Store, text: str) -> FlowRow:
    """A flow by its name, `repository/name`, path or id. Raises Failure."""
    return _flow_named(store, text) or _unknown_flow(store, text)


def find_commit(store: Store, repository: str, text: str) -> str:
    """The full sha that a prefix or branch means in a repository. Raises Failure."""
    shas = {one.sha for one in _commits(store, text) if one.repository == repository}
    if len(shas) > 1:
        raise _unclear(text, sorted(shas), "commit")
    if shas:
        return shas.pop()
    if re.fullmatch(r"[0-9a-f]{40}", text):
        return text
    raise Failure("commit-unknown", f"Nothing is known of commit `{text}` of {repository}.", do="Give its full sha.")


def find_op(paths: Iterable[str], text: str, run: str) -> str:
    """The path of an op of a run, by its path or a unique last part of it. Raises Failure."""
    known = list(paths)
    if text in known:
        return text
    ends = [path for path in known if path.endswith(f".{text}")]
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise _unclear(text, ends, "op")
    guess = near(text, known)
    do = f"Did you mean `{guess}`?" if guess else f"It has {listed(known, _SHOWN)}."
    raise Failure("op-unknown", f"Run {run} has no op `{text}`.", do=do)


def _run_named(store: Store, text: str) -> RunRow | None:
    if text == LAST:
        found = store.runs(limit=1)
        if not found:
            raise Failure("run-unknown", "There is no run yet.", do="Start one with `headgate run PATH`.")
        return found[0]
    exact = store.run(text)
    if exact is not None or not text:
        return exact
    found = store.runs(prefix=text, limit=_MOST)
    if len(found) > 1:
        raise _unclear(text, [f"{row.id} ({row.facts.flow})" for row in found], "run")
    return found[0] if found else None


def _commit_named(store: Store, text: str) -> Commit | None:
    found = _commits(store, text)
    if len(found) > 1:
        raise _unclear(text, [f"{one.sha} ({one.repository})" for one in found], "commit")
    return found[0] if found else None


def _commits(store: Store, text: str) -> list[Commit]:
    found: dict[Commit, None] = {}
    for row in store.repositories():
        heads = {row.default_branch: row.head} | {one.proposal: one.head for one in store.reviews(row.name)}
        shas = [heads[text]] if heads.get(text) else []
        if _HEX.fullmatch(text):
            known = [*heads.values(), row.pruning_held, *store.commits_with_checks(row.name, _MOST)]
            shas += [sha for sha in known if sha.startswith(text)]
        found |= {Commit(row.name, sha): None for sha in shas}
    if _HEX.fullmatch(text):
        runs = store.runs(limit=_MOST)
        found |= {Commit(row.repository, row.sha): None for row in runs if row.sha.startswith(text)}
    return list(found)


def _flow_named(store: Store, text: str) -> FlowRow | None:
    known = store.flows()
    found = [row for row in known if text in (row.id, row.name, f"{row.repository}/{row.name}", row.path)]
    current = [row for row in found if not row.retired] or found
    served = [row for row in current if row.id == text or not row.scope] or current
    if len(served) > 1:
        raise _unclear(text, [f"{row.repository}/{row.name} ({row.path}, {row.id})" for row in served], "flow")
    return served[0] if served else None


def _unknown_flow(store: Store, text: str) -> FlowRow:
    guess = near(text, dict.fromkeys(row.name for row in store.flows()))
    do = f"Did you mean `{guess}`?" if guess else "`headgate status` lists the runs and their flows."
    raise Failure("flow-unknown", f"There is no flow `{text}`.", do=do)


def _unknown(store: Store, text: str) -> RunRow:
    if _HEX.fullmatch(text):
        _tell_of_pruned(store, text)
    names = [row.name for row in store.flows()] + [row.id for row in store.runs(limit=100)]
    guess = near(text, dict.fromkeys((*names, LAST)))
    do = f"Did you mean `{guess}`?" if guess else "`headgate status` lists the runs; old ones are pruned."
    raise Failure("name-unknown", f"No run, commit, branch or flow is called `{text}`.", do=do)


def _tell_of_pruned(store: Store, text: str) -> None:
    """Raises Failure if a run whose id begins so was there."""
    trace = store.pruned(text)
    if trace is not None:
        message = f"Run {trace.subject} was pruned on {when(trace.at)}. {trace.message}"
        raise Failure(
            "run-pruned", message, do="`retention` in the server's configuration says how long runs are kept."
        )


def _unclear(text: str, choices: Sequence[str], noun: str) -> Failure:
    shown = "\n    ".join(choices[:_SHOWN])
    more = f"\n    … {len(choices) - _SHOWN} more" if len(choices) > _SHOWN else ""
    return Failure("name-unclear", f"`{text}` is more than one {noun}.", do=f"Choose one of:\n    {shown}{more}")
