"""What is said on a merged commit as a whole: what it did to flows and what stands in the way. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.checks import review_text, words
from reconciler.checks.actions import APPROVE
from reconciler.checks.findings_text import ordered
from reconciler.checks.model import Check, Conclusion
from reconciler.checks.names import GATE
from reconciler.checks.sections import Section, joined
from reconciler.flows.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class MergedHead:
    """What a look at the default branch found at commit `sha`. Flows are named by their names."""

    repository: str
    sha: str
    added: Sequence[str] = ()
    changed: Sequence[str] = ()
    moved: Sequence[str] = ()
    gone: Sequence[str] = ()
    frozen: Mapping[str, str] = field(default_factory=dict)  # flow -> why it stays as it was
    findings: Sequence[Finding] = ()
    settings_broken: str = ""
    held: bool = False  # more than half of the flows are gone: nothing is removed before somebody approves
    known: int = 0  # flows that were known before
    connecting: bool = False  # the first look: flows are recorded, not started
    url: str = ""


def merged_gate(head: MergedHead) -> Check:
    """The check `headgate` of a merged commit. Red for what cannot be applied, waiting for a person while held."""
    found = ordered(list(head.findings))
    errors = sum(finding.severity is Severity.ERROR for finding in found)
    title, sentences = _words(head, errors)
    rows = [(words.code(name), what, words.prose(why)) for name, what, why in _rows(head)]
    parts = [
        Section(sentences),
        Section(review_text.findings_table(found, "", "", head.url), 1, len(found)),
        Section(words.table(("Flow", "At this commit", "Why"), rows) if rows else "", rank=2),
    ]
    return Check(
        name=GATE,
        status="completed",
        title=words.title(title),
        summary=joined(parts, url=head.url),
        conclusion=_conclusion(head, errors),
        details_url=head.url,
        actions=(APPROVE,) if head.held else (),
    )


def not_touched(name: str) -> Check:
    """The check of a flow that an earlier judgement of the same commit spoke of, and the present one does not."""
    return Check(
        name=name,
        status="completed",
        title="Not touched any more",
        summary="Since the base has moved on, merging this commit changes nothing here.\nNothing needs to be done.",
        conclusion=Conclusion.SUCCESS,
    )


def not_known(name: str) -> Check:
    """The check of a flow that an earlier judgement of the same commit spoke of, and the present one cannot see."""
    return Check(
        name=name,
        status="completed",
        title=f"Not known: see {GATE}",
        summary="Since the base has moved on, a conflict or a mistake hides what merging this commit would do here.\n"
        f"The check {words.code(GATE)} says which, and what to do.",
        conclusion=Conclusion.FAILURE,
    )


def _conclusion(head: MergedHead, errors: int) -> Conclusion:
    if head.settings_broken or head.frozen or errors:
        return Conclusion.FAILURE
    return Conclusion.ACTION_REQUIRED if head.held else Conclusion.SUCCESS


def _words(head: MergedHead, errors: int) -> tuple[str, str]:
    if head.settings_broken:
        what = f"The settings of the repository cannot be read: {words.prose(head.settings_broken)}"
        frozen = "Every flow stays as it was: nothing is started, changed or removed."
        return (
            "The settings in .headgate.yaml cannot be read",
            f"{what}\n{frozen} Mend `.headgate.yaml` and merge that.",
        )
    if head.held:
        return _held_words(head)
    if head.frozen or errors:
        number = max(len(head.frozen), 1)
        what = "Files with errors are neither applied nor removed; what they declared before stays as it was."
        return f"{words.count(number, 'flow')} cannot be applied", f"{what}\nMend the lines below and merge that."
    if head.connecting:
        what = f"{words.count(len(head.added), 'flow')} known"
        return f"Connected: {what}, none started", f"{what}. From now on a merge starts what it changes."
    return _applied_words(head)


def _held_words(head: MergedHead) -> tuple[str, str]:
    title = f"{len(head.gone)} of {words.count(head.known, 'flow')} are gone: approve or revert"
    what = "More than half of the known flows are gone at this commit, so nothing is removed yet."
    command = words.code(f"headgate approve {head.repository}@{head.sha}")
    return title, f"{what}\nIf that is meant, run {command}; if not, revert the commit."


def _applied_words(head: MergedHead) -> tuple[str, str]:
    counts = [(len(head.added), "added"), (len(head.changed), "changed"), (len(head.moved), "moved")]
    said = [f"{number} {what}" for number, what in [*counts, (len(head.gone), "retired")] if number]
    if not said:
        return "No flow is touched", "The commit changes no flow, nor anything that a flow is made of."
    return f"Flows: {', '.join(said)}", "Each flow that starts a run has a check of its own on this commit."


def _rows(head: MergedHead) -> list[tuple[str, str, str]]:
    rows = [(name, "not applied", why) for name, why in head.frozen.items()]
    rows += [(name, "gone, held" if head.held else "retired", "") for name in head.gone]
    rows += [(name, "known" if head.connecting else "added", "") for name in head.added]
    rows += [(name, "changed", "") for name in head.changed]
    return rows + [(name, "moved", "") for name in head.moved]
