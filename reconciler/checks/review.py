"""What is said on a proposal: the gate, and one check per flow it touches. Evidence in, words out; judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from reconciler.checks import plan_text, review_text, words
from reconciler.checks.findings_text import ordered
from reconciler.checks.model import Annotation, Check, Conclusion
from reconciler.checks.names import GATE, name_of
from reconciler.checks.sections import Section, joined
from reconciler.flows.findings import Finding, Severity
from reconciler.plan.diff import PlanDiff
from reconciler.plan.model import Plan

NO_EFFECT = "no effective change"
ANNOTATED = 200  # findings that get a remark on their line; the table counts all

_LEVELS = {Severity.ERROR: "failure", Severity.WARNING: "warning", Severity.NOTICE: "notice"}


@dataclass(frozen=True, slots=True)
class Proposed:
    """The commit that is judged: `changed` are the files that the proposal changes, seen from its base."""

    sha: str
    base: str  # sha or name of what it wants into
    changed: frozenset[str] = frozenset()
    url: str = ""  # of the page that shows everything, "" = none
    pages: str = ""  # address before `docs/rules/…`, "" = rules are named without a link
    files: str = ""  # address before a file's path at this commit, "" = places are named without a link


@dataclass(frozen=True, slots=True)
class FlowVerdict:
    """One flow that a proposal touches, judged: what is wrong with it and what merging it would do."""

    flow: str  # name
    file: str
    findings: tuple[Finding, ...] = ()
    plan: Plan | None = None  # None: it could not be made, the findings say why, or the flow is removed
    plan_diff: PlanDiff | None = None  # None: nothing was applied before, or there is no plan
    starts: bool = True  # merging starts a run
    reason: str = ""  # what starts it or why nothing does: `merge`, `manual`, `schedule`, `no effective change` …
    removed: bool = False  # merging retires the flow
    will_reuse: tuple[str, ...] = ()  # paths of the ops that will hit the cache
    will_run: Mapping[str, str] = field(default_factory=dict)  # path -> why it misses the cache ("" = not known)
    code_changed: tuple[str, ...] = ()  # files of the flow's code that differ
    id: str = ""  # of the flow as it is known, "" = a new one
    took: tuple[float, ...] = ()  # seconds that its last succeeded runs took, from the first op to the end

    @property
    def has_effect(self) -> bool:
        """Whether it would run as it does not now."""
        return self.reason != NO_EFFECT

    @property
    def errors(self) -> int:
        """How many findings stop it."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)


def gate(
    verdicts: Sequence[FlowVerdict],
    findings: Sequence[Finding],
    proposed: Proposed,
    conflicts: Sequence[str] = (),
    settings_broken: str = "",
) -> Check:
    """The umbrella check `headgate` of a proposal's head. `findings` are those that belong to no flow of `verdicts`.

    Fails with an error among the findings, a conflict with the base, or settings that cannot be read.
    """
    found = ordered([*findings, *(finding for verdict in verdicts for finding in verdict.findings)])
    failed = bool(conflicts or settings_broken or _errors(found))
    title, sentences = _gate_words(verdicts, found, proposed, conflicts, settings_broken)
    touched = [_flow_row(verdict) for verdict in verdicts]
    parts = [
        Section(sentences),
        Section(_conflict_list(conflicts), rank=1),
        Section(review_text.findings_table(found, proposed.pages, proposed.files, proposed.url), 1, len(found)),
        Section(words.table(("Flow", "File", "On merge", "Will run", "Reused"), touched) if touched else "", rank=2),
        Section(review_text.accepted_table(found, proposed.pages, proposed.files, proposed.url), rank=3),
    ]
    return _check(GATE, failed, title, joined(parts, url=proposed.url), _spoken_of(proposed), found, proposed)


def held(check: Check, by: str) -> Check:
    """The gate of a proposal that somebody does not want to be merged yet; one that fails anyway stays as it is."""
    if check.conclusion is not Conclusion.SUCCESS:
        return check
    what = (
        f"{words.prose(by)} holds this proposal; by its flows it could be merged.\nComment `/hold cancel` to lift it."
    )
    summary = f"{what}\n\n{check.summary}"
    return replace(check, conclusion=Conclusion.FAILURE, title=words.named_title("Held by {}", by), summary=summary)


def flow_review(verdict: FlowVerdict, proposed: Proposed) -> Check:
    """The check `headgate/<flow>` of a proposal's head: its findings, and what merging would change and run."""
    found = ordered(verdict.findings)
    failed = _errors(found) > 0
    if failed:
        title, sentences = words.title(review_text.errors_title(found)), review_text.first_error(found, proposed.pages)
    else:
        title, sentences = words.title(_merge_title(verdict)), _merge_sentence(verdict)
    parts = [
        Section(sentences),
        Section(review_text.findings_table(found, proposed.pages, proposed.files, proposed.url), 1, len(found)),
        Section(_diff(verdict), rank=2),
        Section(review_text.accepted_table(found, proposed.pages, proposed.files, proposed.url), rank=3),
    ]
    text = joined([*_plan_sections(verdict), Section(_spoken_of(proposed, verdict.plan))], url=proposed.url)
    summary = joined(parts, url=proposed.url)
    return _check(name_of(verdict.flow), failed, title, summary, text, found, proposed)


def _check(
    name: str, failed: bool, title: str, summary: str, text: str, found: Sequence[Finding], proposed: Proposed
) -> Check:
    return Check(
        name=name,
        status="completed",
        title=title,
        summary=summary,
        conclusion=Conclusion.FAILURE if failed else Conclusion.SUCCESS,
        text=text,
        annotations=tuple(_annotations(found, proposed)),
        details_url=proposed.url,
    )


def _annotations(found: Sequence[Finding], proposed: Proposed) -> list[Annotation]:
    """Remarks on files that the proposal changes; elsewhere they would stand where nobody asked. Worst first."""
    order = list(Severity)
    here = [finding for finding in found if finding.file in proposed.changed and not finding.accepted]
    here.sort(key=lambda finding: order.index(finding.severity))
    return [_annotation(finding) for finding in here[:ANNOTATED]]


def _annotation(finding: Finding) -> Annotation:
    span = finding.span
    one_line = span.line == span.end_line
    return Annotation(
        finding.file,
        span.line,
        max(span.line, span.end_line),
        _LEVELS[finding.severity],
        finding.rule,
        words.plain(review_text.advice(finding)),
        span.column if one_line else None,
        max(span.column, span.end_column - 1) if one_line else None,
    )


def _errors(found: Sequence[Finding]) -> int:
    return sum(finding.severity is Severity.ERROR for finding in found)


def _gate_words(
    verdicts: Sequence[FlowVerdict],
    found: Sequence[Finding],
    proposed: Proposed,
    conflicts: Sequence[str],
    settings_broken: str,
) -> tuple[str, str]:
    """Title and first sentences; what hides the rest comes first."""
    base = words.short(proposed.base) if len(proposed.base) == 40 else proposed.base
    if conflicts:
        title = words.title(f"Conflicts with {base} in {words.count(len(conflicts), 'file')}")
        what = f"The proposal cannot be merged into {words.code(base)}, so what it would run is not known."
        return title, f"{what}\nMerge or rebase onto {words.code(base)} and push."
    if settings_broken:
        what = f"The repository's settings cannot be read: {words.prose(settings_broken)}"
        return "The settings in .headgate.yaml cannot be read", f"{what}\nMend `.headgate.yaml` and push."
    if _errors(found):
        return words.title(_gate_errors_title(verdicts, found)), review_text.first_error(found, proposed.pages)
    return words.title(_ready_title(verdicts, found)), _ready_sentence(verdicts)


def _gate_errors_title(verdicts: Sequence[FlowVerdict], found: Sequence[Finding]) -> str:
    broken = [verdict.flow for verdict in verdicts if verdict.errors]
    number = words.count(_errors(found), "error")
    if len(broken) == 1:
        return words.named_title(f"{number} in {{}}", broken[0])
    return f"{number} in {words.count(len(broken), 'flow')}" if broken else review_text.errors_title(found)


def _ready_title(verdicts: Sequence[FlowVerdict], found: Sequence[Finding]) -> str:
    warned = sum(finding.severity is Severity.WARNING for finding in found)
    tail = f", {words.count(warned, 'warning')}" if warned else ""
    starting = [verdict for verdict in verdicts if verdict.starts and not verdict.removed]
    removed = [verdict.flow for verdict in verdicts if verdict.removed]
    if len(starting) == 1:
        return words.named_title(f"Ready: merging starts {{}} ({_ops(starting)}){tail}", starting[0].flow)
    if starting:
        return f"Ready: merging starts {len(starting)} flows ({_ops(starting)}){tail}"
    if removed:
        return words.named_title("Merging retires {}" + tail, words.listed(removed, 2))
    return ("No effective change: 0 ops will run" if verdicts else "No flow is touched") + tail


def _ops(starting: Sequence[FlowVerdict]) -> str:
    return words.count(sum(_to_run(verdict) for verdict in starting), "op")


def _to_run(verdict: FlowVerdict) -> int:
    """Ops that will run: those that miss the cache where that is known, else all of the plan less what is reused."""
    if verdict.plan is None or not verdict.starts:
        return 0
    return len(verdict.will_run) or max(0, plan_text.op_count(verdict.plan) - len(verdict.will_reuse))


def _ready_sentence(verdicts: Sequence[FlowVerdict]) -> str:
    starting = [verdict for verdict in verdicts if verdict.starts and not verdict.removed]
    if not starting:
        return (
            "Merging runs nothing."
            if verdicts
            else "The proposal changes no flow, nor anything that a flow is made of."
        )
    names = words.listed([words.bold(verdict.flow) for verdict in starting])
    reused = sum(len(verdict.will_reuse) for verdict in starting)
    kept = f", {words.count(reused, 'earlier result')} will be reused" if reused else ""
    return f"Merging starts {names}: {_ops(starting)} will run{kept}."


def _merge_title(verdict: FlowVerdict) -> str:
    if verdict.removed:
        return "Merging retires this flow"
    if verdict.starts:
        reused = f", {len(verdict.will_reuse)} reused" if verdict.will_reuse else ""
        return f"Merging runs {words.count(_to_run(verdict), 'op')}{reused}"
    if verdict.plan_diff is not None and verdict.plan_diff.no_effective_change:
        return "No effective change: 0 ops will run"
    return f"Merging runs nothing: {verdict.reason or NO_EFFECT}"


def _merge_sentence(verdict: FlowVerdict) -> str:
    name, file = words.bold(verdict.flow), words.code(verdict.file)
    if verdict.removed:
        return f"{name} is gone from {file}: merging stops its schedule and prunes its services."
    why = f" ({words.prose(verdict.reason)})" if verdict.reason else ""
    if verdict.starts:
        reused = (
            f"; {words.count(len(verdict.will_reuse), 'op')} will reuse earlier results" if verdict.will_reuse else ""
        )
        run = f"Merging starts a run of {name} in {file}{why}: {words.count(_to_run(verdict), 'op')} will run{reused}."
        return " ".join(filter(None, (run, _estimate(verdict.took))))
    return f"Merging starts no run of {name} in {file}{why}."


def _estimate(took: Sequence[float]) -> str:
    """What is known of how long it takes: what it took. Nothing where it never ran."""
    if not took:
        return ""
    if len(took) == 1:
        return f"Its last good run took {words.duration(took[0])}."
    return f"Its last {len(took)} good runs took {words.duration(median(took))} (median)."


def _diff(verdict: FlowVerdict) -> str:
    return plan_text.diff_markdown(verdict.plan_diff, verdict.code_changed) if verdict.plan_diff else ""


def _plan_sections(verdict: FlowVerdict) -> list[Section]:
    if verdict.plan is None:
        return []
    missing = [(words.code(path), words.prose(why)) for path, why in verdict.will_run.items() if why]
    table = words.table(("Op", "Why it runs"), missing) if missing else ""
    return [
        Section(words.folded("Why ops run again", table, len(missing)) if table else "", rank=1),
        *plan_text.folded_sections(verdict.plan),
    ]


def _flow_row(verdict: FlowVerdict) -> tuple[str, ...]:
    if verdict.errors:
        merge = words.count(verdict.errors, "error")
    elif verdict.removed:
        merge = "retired"
    else:
        merge = "starts a run" if verdict.starts else words.prose(verdict.reason or NO_EFFECT)
    reused = str(len(verdict.will_reuse)) if verdict.starts else ""
    return (words.code(verdict.flow), words.code(verdict.file), merge, str(_to_run(verdict)), reused)


def _conflict_list(conflicts: Sequence[str]) -> str:
    return words.table(("Files that conflict",), [(words.code(file),) for file in conflicts]) if conflicts else ""


def _spoken_of(proposed: Proposed, plan: Plan | None = None) -> str:
    base = words.short(proposed.base) if len(proposed.base) == 40 else proposed.base
    said = f"Judged: {words.code(words.short(proposed.sha))} merged into {words.code(base)}"
    return said + (f", plan {words.code(plan.hash[:12])}." if plan is not None and plan.hash else ".")
