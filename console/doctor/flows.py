"""Flows that are held up, and what was asked or should be said for long and is not. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from console.doctor.model import Examined, fine, problem, warning
from reconciler.checks.words import count, duration, line, short
from reconciler.records import FlowRow, RepositoryRow

if TYPE_CHECKING:
    from reconciler.adapters.sql.condition import Unposted

LONG = 300.0  # seconds until a check that is not posted, and a request without an answer, is worth a word
_SHOWN = 10


def judge_flows(repositories: Sequence[RepositoryRow], flows: Sequence[FlowRow]) -> Iterator[Examined]:
    """What holds flows up."""
    told = [
        *(_broken(row) for row in repositories if row.broken),
        *(_held(row) for row in repositories if row.pruning_held),
        *[_frozen(row) for row in flows if row.frozen and not row.retired][:_SHOWN],
    ]
    yield from told
    if not told:
        yield fine("flows", f"{count(len(flows), 'flow')}, none of them held up.")


def judge_checks(unposted: Sequence[Unposted], now: float, works: bool) -> Iterator[Examined]:
    """Checks that nobody can see yet."""
    if not unposted:
        yield fine("checks", "Every check was posted.")
        return
    oldest = unposted[0]
    what = (
        f"{count(len(unposted), 'check was', 'checks were')} never posted, one for {duration(now - oldest.noted_at)}."
    )
    do = "Keys that fail tell why, above." if works else "Start `headgate serve`: it posts them."
    found = problem if works else warning
    yield found("checks", what, f"{oldest.name} on {oldest.repository}@{short(oldest.sha)}", do)


def judge_requests(open_ones: Sequence[tuple[str, str, float]], now: float, works: bool) -> Iterator[Examined]:
    """What people asked for and nobody has answered."""
    if open_ones:
        verb, target, at = open_ones[0]
        what = f"{count(len(open_ones), 'request')} without an answer, the oldest for {duration(now - at)}."
        do = "Keys that fail tell why, above." if works else "Start `headgate serve`: it does what was asked."
        found = problem if works else warning
        yield found("requests", what, f"{verb} {target}", do)


def _broken(row: RepositoryRow) -> Examined:
    do = "Mend the file in a commit; until then its flows stay as they are."
    return warning("settings", f"The settings of {row.name} cannot be read.", line(row.broken), do)


def _held(row: RepositoryRow) -> Examined:
    what = f"More than half of the flows of {row.name} are gone at once; nothing is removed."
    target = f"{row.name}@{short(row.pruning_held)}"
    return warning("pruning-held", what, target, f"`headgate approve {target}` if that is meant, else revert it.")


def _frozen(row: FlowRow) -> Examined:
    do = "Mend it in a commit; until then what was applied last stays."
    return warning("flow-frozen", f"{row.name} is frozen: {line(row.frozen)}", f"{row.repository}: {row.path}", do)
