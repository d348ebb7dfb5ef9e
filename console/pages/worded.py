"""Checks as lists show them. A run's check is worded once per version of the run, as a list may show many."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from console.pages.markdown import html_of
from console.pages.reading import World, tell
from console.pages.rendering import Html
from reconciler.checks.model import Check
from reconciler.checks.run import flow_check
from reconciler.plan.encoding import decode
from reconciler.records import CheckRow, RunRow

_KEPT = 1_000
_GREEN = frozenset({"success", "skipped", "neutral"})


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """A check in a list. `verdict` is its conclusion, or its status while it has none."""

    name: str
    title: str
    verdict: str
    summary: Html
    run: str


class WordedChecks:
    """Words checks for lists. Safe to use from several threads."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: OrderedDict[tuple[str, int], Check] = OrderedDict()
        self._lock = Lock()

    def shown(self, rows: Iterable[CheckRow]) -> list[ShownCheck]:
        """What is not green first, then by name."""
        checks = [self._shown(row) for row in rows]
        return sorted(checks, key=lambda check: (check.verdict in _GREEN, check.name))

    def _shown(self, row: CheckRow) -> ShownCheck:
        run = self._world.records.run(row.run) if row.run else None
        if run is None and not row.document_json:
            return ShownCheck(row.name, "", "queued", Html(), row.run)
        check = self._of_run(run) if run is not None else decode(row.document_json, Check)
        verdict = check.conclusion.value if check.conclusion else check.status
        return ShownCheck(check.name, check.title, verdict, Html(html_of(check.summary)), row.run)

    def _of_run(self, run: RunRow) -> Check:
        key = (run.id, run.version)
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = flow_check(tell(self._world, run).story.evidence)
            with self._lock:
                self._known[key] = known
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return known
