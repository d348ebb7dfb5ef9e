"""The step of a repository: look at its refs, tell what its head declares, and wake whoever has something to do.

Flows are applied by their own step and proposals judged by theirs; here only what changed is found out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

from reconciler.checks.merged import MergedHead, merged_gate
from reconciler.checks.model import Check
from reconciler.checks.names import GATE
from reconciler.checks.run import superseded
from reconciler.errors import Stalled, Waiting
from reconciler.flows.findings import Finding
from reconciler.flows.globs import SETTINGS_FILE
from reconciler.flows.settings import FlowSettings
from reconciler.keys import CheckKey, FlowKey, RepositoryKey, ReviewKey
from reconciler.plan.encoding import decode, encode
from reconciler.ports import Refs, World
from reconciler.records import (
    Changes,
    CheckRow,
    EventRow,
    FlowRow,
    Lease,
    RepositoryRow,
    RequestRow,
    ReviewRow,
    Wake,
)
from reconciler.steps.commit_checks import desired_checks
from reconciler.steps.declared_flows import Comparison, compare
from reconciler.steps.flow_files import Revision, errors_of
from reconciler.steps.looks import LastLook, look_of, text_of
from reconciler.steps.page_addresses import page_of
from reconciler.steps.touching import Touch

MENDED = timedelta(seconds=10)  # between looks at a repository that a person has to mend


def discover(world: World, key: RepositoryKey, lease: Lease) -> Changes:
    """Find out what a repository's head and proposals ask for. Raises Waiting."""
    row = world.store.repository(key.repository)
    return Changes() if row is None else _Step(world, row, is_reached_again=bool(lease.reason)).take()


def _refs(world: World, row: RepositoryRow) -> Refs:
    """Its refs; what a person has to mend in a repository is looked at again, as the mending tells nobody."""
    try:
        refs = world.source.refs(row.name)
    except Stalled as error:
        raise Waiting(error.reason, error.message, MENDED) from error
    if row.head and not refs.head:
        what = f"{row.name} has no commit any more, and had {row.head[:10]} on `{row.default_branch}`."
        raise Waiting("RepositoryEmptied", f"{what} {_UNTIL_PUSHED}", MENDED)
    return refs


_UNTIL_PUSHED = "Its flows stay as they are until it is pushed again, or the right repository is at its place."


class _Step:
    """What one look has in its hands, and what has come of it so far."""

    def __init__(self, world: World, row: RepositoryRow, is_reached_again: bool) -> None:
        self.world = world
        self.is_reached_again = is_reached_again
        self.before = row
        self.now = world.clock.now()
        self.refs = _refs(world, row)
        self.row = replace(row, default_branch=self.refs.default_branch, source=self.refs.source or row.source)
        self.flows: list[FlowRow] = []
        self.reviews: list[ReviewRow] = []
        self.checks: list[CheckRow] = []
        self.events: list[EventRow] = []
        self.wakes: list[Wake] = []
        self.posted: list[CheckRow] = []

    def take(self) -> Changes:
        if self.refs.head and not self._looked_at():
            self._look_at_head()
        if self.refs.head and self.row.head:
            self._look_at_proposals()
        if self.refs.lost_checks:
            self._say_again()
        if self.is_reached_again or self.row.source != self.before.source:
            self._try_parked_checks()
        answered = [self._answer(request) for request in self.world.store.requests(RepositoryKey(self.row.name))]
        return Changes(
            repositories=(self.row,) if self.row != self.before else (),
            reviews=tuple(self.reviews),
            flows=tuple(self.flows),
            checks=tuple(self.checks),
            posted=tuple(self.posted),
            events=tuple(self.events),
            answered=tuple(answered),
            wakes=tuple(self.wakes),
            again_at=self.now + (self.refs.look_again or self.world.poll_seconds),
        )

    # --- the head ---------------------------------------------------------------------------------------------------

    def _looked_at(self) -> bool:
        return self.before.head == self.refs.head and not (self.before.pruning_held and self._approved())

    def _approved(self) -> bool:
        return self.world.store.approved(self.row.name, self.refs.head)

    def _look_at_head(self) -> None:
        revision = Revision(self.world.source, self.row.name, self.refs.head)
        rows = self.world.store.flows(self.row.name, scope="")
        known, retired = [row for row in rows if not row.retired], frozenset(row.id for row in rows if row.retired)
        broken = errors_of(revision.settings_findings)
        if broken:
            self._freeze(known, broken[0], revision.settings_findings)
        else:
            self._compare(revision, known, retired)
        self._pass_over()
        self._note_ignored_refs()

    def _freeze(self, known: Iterable[FlowRow], broken: Finding, findings: tuple[Finding, ...]) -> None:
        """With settings that cannot be read, nobody knows what is a flow: all stay as they are."""
        why = f"{broken.file}:{broken.span.line}: {broken.message}"
        rows = [row for row in known if row.at_head and not row.frozen]
        self.flows += [replace(row, frozen=f"The repository's settings are broken: {why}") for row in rows]
        self.wakes += [Wake(FlowKey(row.id)) for row in rows]
        # A repository is connected at the first head whose settings can be read: its flows are not new later.
        self.row = replace(self.row, broken=why, head=self.refs.head if self.before.head else "")
        head = MergedHead(self.row.name, self.refs.head, findings=findings, settings_broken=why, url=self._page())
        self._say(self.refs.head, merged_gate(head))

    def _compare(self, revision: Revision, known: list[FlowRow], retired: Collection[str]) -> None:
        connecting = not self.before.head
        found = compare(revision, known, self.row.name, self.refs.head, self._last_look(), retired)
        recorded = self._connect(found) if connecting else set()
        gone, held = len(found.gone), ""
        if found.known >= 2 and gone * 2 > found.known and not self._approved():
            held = self.refs.head
        stored = {row.id: row for row in known}
        differing = [row for row in found.rows if row != stored.get(row.id)]
        waiting = {row.id for row in found.gone}
        self.flows += differing
        self.wakes += [Wake(FlowKey(row.id)) for row in differing if row.id not in waiting and row.id not in recorded]
        self.wakes += [Wake(FlowKey(row.id)) for row in found.gone if not held]
        self.row = replace(
            self.row,
            head=self.refs.head,
            tree=text_of(found.look, self.refs.head),
            settings_json=encode(revision.settings),
            broken="",
            pruning_held=held,
        )
        self._say(self.refs.head, merged_gate(self._evidence(found, revision, bool(held), connecting)))

    def _connect(self, found: Comparison) -> set[str]:
        """The flows are known as they are, all at once; returns those that need no step for that.

        Their plans are made when they are needed, from the commit that they were recorded at.
        """
        active = [row for row in found.added if (row.path, row.name) in found.scheduled or _starts(row)]
        waiting = {row.id for row in active}
        recorded = [
            replace(row, applied_sha=self.refs.head, applied_declared=row.declared)
            for row in found.added
            if row.id not in waiting
        ]
        active = [replace(row, connecting=True) for row in active]
        if recorded:
            self.world.source.keep(self.row.name, self.refs.head)
        found.added = [*recorded, *active]
        return {row.id for row in recorded}

    def _last_look(self) -> LastLook:
        head = self.before.head
        changed = self.world.source.changed(self.row.name, head, self.refs.head) if head else None
        if changed is None:
            return LastLook()
        look = look_of(self.before.tree, head)
        before = cache(lambda: Revision(self.world.source, self.row.name, head))
        if look is None or SETTINGS_FILE in changed:
            return LastLook(before)
        return LastLook(before, look, Touch(changed))

    def _evidence(self, found: Comparison, revision: Revision, held: bool, connecting: bool) -> MergedHead:
        findings = [finding for several in found.findings.values() for finding in several]
        return MergedHead(
            self.row.name,
            self.refs.head,
            added=_names(found.added),
            changed=_names(found.changed),
            moved=_names(found.moved),
            gone=_names(found.gone),
            frozen={row.name: row.frozen for row in found.frozen},
            findings=(*revision.settings_findings, *findings),
            held=held,
            known=found.known,
            connecting=connecting,
            url=self._page(),
        )

    def _pass_over(self) -> None:
        """Commits between the last look and this one get their final word."""
        if not self.before.head or self.before.head == self.refs.head:
            return
        line = self.world.source.first_parents(self.row.name, self.before.head, self.refs.head)
        for sha in line[:-1]:
            self._say(sha, superseded(GATE, sha, self.refs.head, self.now))

    def _note_ignored_refs(self) -> None:
        for ref in self.refs.ignored:
            message = f"{ref} is ignored: its name could be taken for something else. Rename it."
            self.events.append(EventRow(self.now, self.row.name, "fault", reason="UnsafeRef", message=message))

    # --- proposals --------------------------------------------------------------------------------------------------

    def _look_at_proposals(self) -> None:
        before = self.world.store.reviews(self.row.name)
        known = {review.proposal: review for review in before}
        for proposal in self.refs.proposals:
            seen = known.pop(proposal.name, None)
            base = proposal.base_head or self.refs.head
            target = "" if proposal.base == self.refs.default_branch else proposal.base
            since = seen.head_since if seen and seen.head == proposal.head else self._seen_at()
            review = ReviewRow(self.row.name, proposal.name, proposal.head, base, head_since=since, target=target)
            # What it was judged as is forgotten: a step that is under way may say another thing, and it may come back.
            if seen is None or review != replace(seen, judged=""):
                self.reviews.append(review)
                self.wakes.append(Wake(ReviewKey(self.row.name, proposal.name)))
        for closed in known.values():
            self._close(closed)
        self._look_at_companions(before)

    def _seen_at(self) -> float:
        return self.now if self.refs.seen_at is None else self.refs.seen_at

    def _look_at_companions(self, before: Sequence[ReviewRow]) -> None:
        """What is said on a commit speaks for all proposals of it: one that comes or goes concerns the others."""
        changed = {review.proposal: review for review in self.reviews}
        heads = {review.head for review in (*self.reviews, *(one for one in before if one.proposal in changed))}
        others = (one for one in before if one.head in heads and one.proposal not in changed)
        self.wakes += [Wake(ReviewKey(self.row.name, one.proposal)) for one in others]

    def _close(self, review: ReviewRow) -> None:
        self.reviews.append(replace(review, open=False))
        self.wakes.append(Wake(ReviewKey(self.row.name, review.proposal)))  # whose step ends its trial runs

    def _try_parked_checks(self) -> None:
        """Nobody tells of them that they can be posted now."""
        keys = [CheckKey(self.row.name, sha) for sha in self.world.store.commits_with_checks(self.row.name)]
        parked = (key for key in keys if (found := self.world.store.queued(key)) is not None and found.parked)
        self.wakes += [Wake(key) for key in parked]

    def _say_again(self) -> None:
        """Whoever mirrors a clone into the repository, or moves it by cloning, leaves our words behind."""
        store, name = self.world.store, self.row.name
        said = [row for sha in store.commits_with_checks(name) for row in store.checks(name, sha) if row.posted]
        there = self._commits_there() if said and self.refs.head else frozenset()
        lost = [row for row in said if row.sha in there]
        self.posted += [replace(row, posted="", final=False) for row in lost]
        self.wakes += [Wake(CheckKey(name, sha)) for sha in dict.fromkeys(row.sha for row in lost)]

    def _commits_there(self) -> frozenset[str]:
        """Those that somebody may look at; of a history that is gone nothing can be said."""
        merged = self.world.source.first_parents(self.row.name, "", self.refs.head)
        return frozenset((self.refs.head, *merged, *(proposal.head for proposal in self.refs.proposals)))

    # --- small words ------------------------------------------------------------------------------------------------

    def _answer(self, request: RequestRow) -> RequestRow:
        if request.verb != "approve":
            return replace(request, done_at=self.now, answer=f"A repository cannot be asked to {request.verb}.")
        sha = request.target.rpartition("@")[2]
        current = sha == self.refs.head
        answer = (
            "Approved." if current else f"Recorded for {sha[:10]}, which is not the head: approve {self.refs.head}."
        )
        return replace(request, done_at=self.now, answer=answer)

    def _say(self, sha: str, check: Check) -> None:
        rows = desired_checks(self.world.store, self.row.name, sha, [check])
        self.checks += rows
        self.wakes += [Wake(CheckKey(self.row.name, sha))] if rows else []

    def _page(self) -> str:
        return page_of(self.world, self.row.name, "repositories", self.row.name)


def _starts(row: FlowRow) -> bool:
    return decode(row.settings_json, FlowSettings).on_connect == "run"


def _names(rows: Iterable[FlowRow]) -> tuple[str, ...]:
    return tuple(sorted(row.name for row in rows))
