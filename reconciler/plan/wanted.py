"""What flows want of elsewhere: texts that are locked, texts that are not, and references that may not be followed.

It is asked of the same code that judges, so that what is locked is what judging needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.flows.findings import Finding
from reconciler.flows.model import Flow
from reconciler.flows.pins import Pin
from reconciler.flows.remotes import RemoteSettings
from reconciler.plan.dags import Judge
from reconciler.plan.locked import Said
from reconciler.plan.references import Read
from reconciler.plan.report import Report


@dataclass(frozen=True, slots=True)
class Wanted:
    """Pins whose texts are there; references whose texts are not, by the pins of which any one would do; findings
    about references to what is not allowed."""

    used: frozenset[Pin] = frozenset()
    missing: Mapping[tuple[Pin, ...], Said] = field(default_factory=dict)
    refused: tuple[Finding, ...] = ()


def wanted(flow: Flow, read: Read, remote: RemoteSettings) -> Wanted:
    """What a flow wants of elsewhere, as far as it can be known: texts that are missing may want more."""
    if flow.operation.is_preset:
        return Wanted()
    report = Report(None, read)
    judge = Judge(read, report, remote)
    judge.root(replace(flow.operation, name=flow.operation.name or flow.name), flow.name, False)
    refused = tuple(one for one in report.sorted() if one.rule == "ref-not-allowed")
    locked = judge.references.locked
    return Wanted(frozenset(locked.used), locked.missing, refused)
