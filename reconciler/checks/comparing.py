"""A number of this run beside the same number of the last run of the flow that succeeded."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.checks.evidence import RunEvidence


@dataclass(frozen=True, slots=True)
class Compared:
    """A metric, or an output that is a number, of an op; `before` is None where the last good run had none."""

    path: str
    name: str
    now: float
    before: float | None

    @property
    def cells(self) -> tuple[str, str, str]:
        """This run, the last good run, and the change, in words for a table."""
        now, before = self.now, self.before
        if before is None:
            return f"{now:.6g}", "", ""
        if now == before:
            return f"{now:.6g}", f"{before:.6g}", "none"
        change = f"{now - before:+.4g}" + (f" ({(now - before) / abs(before):+.1%})" if before else "")
        return f"{now:.6g}", f"{before:.6g}", change


def compared(evidence: RunEvidence) -> list[Compared]:
    """All numbers of the run, those that changed first, then by op and name."""
    found = [
        Compared(path, name, now, evidence.last_good.get(path, {}).get(name))
        for path, values in sorted(evidence.metrics.items())
        for name, now in sorted(values.items())
    ]
    return sorted(found, key=lambda one: one.now == one.before)
