"""`schedule:` of any kind. When the next tick comes is computed by the engine."""

from __future__ import annotations

from typing import Any, Final

from reconciler.flows.composite import section
from reconciler.flows.cron import cron_expression
from reconciler.flows.durations import seconds
from reconciler.flows.literals import moment_of
from reconciler.flows.model import Schedule
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.scalars import resolve
from reconciler.flows.shapes import BAD, FLAG, POSITIVE, TEXT, Shape, Words, described, is_template, reject


class _Time:
    """A moment as ISO 8601, or a template."""

    takes = "a time such as 2026-01-31T08:00:00Z"

    def read(self, node: Node, path: str, report: Report) -> Any:
        if is_template(node.value):
            return node.value
        moment = moment_of(node.text or node.value)
        return reject(node, path, report, self.takes) if moment is None else moment


class _Frequency:
    """Seconds, or an ISO 8601 duration, or a template."""

    takes = "seconds or a duration such as PT30M"

    def read(self, node: Node, path: str, report: Report) -> Any:
        if is_template(node.value):
            return node.value
        frequency = None if _is_number(node.value) else seconds(node.value)
        if frequency is None:
            return reject(node, path, report, self.takes)
        if frequency <= 0:
            message = f"Give `frequency` more than 0 seconds, not {described(node)}."
            report.add("value-not-allowed", message, node.span, path)
            return BAD
        return frequency


def _is_number(value: Any) -> bool:
    """Whether a text is a bare number: of seconds, or a mistake for one."""
    return type(value) is str and type(resolve(value)) in (int, float)


class _Cron:
    """A cron expression of five fields or a preset."""

    takes = "a cron expression"

    def read(self, node: Node, path: str, report: Report) -> Any:
        value = TEXT.read(node, path, report)
        if value is BAD or is_template(value):
            return value
        try:
            return cron_expression(value)
        except ValueError as error:
            report.add("cron-invalid", str(error), node.span, path)
            return BAD


class _Timezone:
    """A name of the time zone database."""

    takes = "a time zone"

    def read(self, node: Node, path: str, report: Report) -> Any:
        value = TEXT.read(node, path, report)
        if value is BAD or known_timezone(value):
            return value
        message = f"Name a time zone such as Europe/Berlin, not {described(node)}."
        report.add("value-not-allowed", message, node.span, path)
        return BAD


def known_timezone(name: str) -> bool:
    """Whether the time zone database has a zone of this name."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # slow to load, and few schedules name a zone

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


_TIME: Final = _Time()
_REPEATED: Final[dict[str, Shape]] = {
    "kind": TEXT,
    "startAt": _TIME,
    "endAt": _TIME,
    "maxRuns": POSITIVE,
    "dependsOnPast": FLAG,
    "timezone": _Timezone(),
    "overlap": Words("allow", "skip", "replace"),
    "missed": Words("skip", "one", "all"),
}
KINDS: Final = {
    "cron": section({**_REPEATED, "cron": _Cron()}, required=("cron",)),
    "interval": section({**_REPEATED, "frequency": _Frequency()}, required=("frequency",)),
    "datetime": section(
        {key: _REPEATED[key] for key in ("kind", "startAt", "timezone", "overlap", "missed")},
        required=("startAt",),
    ),
}


class _ScheduleShape:
    """A schedule; its `kind` says which fields it has."""

    takes = "a mapping"

    def read(self, node: Node, path: str, report: Report) -> Any:
        if not isinstance(node.value, dict):
            return reject(node, path, report, self.takes)
        kind = node.get("kind")
        record = KINDS.get(kind.value) if kind is not None and type(kind.value) is str else None
        if record is None:
            return _reject_kind(node, path, report)
        before = len(report.findings)
        values = record.read(node, path, report)
        return _schedule(values, node) if len(report.findings) == before else BAD


def _reject_kind(node: Node, path: str, report: Report) -> Any:
    kind = node.get("kind")
    if kind is None:
        report.add("field-missing", "Add `kind: cron`, `interval` or `datetime` to `schedule`.", node.span, path)
        return BAD
    suggestion = report.near(str(kind.value), KINDS)
    message = f"Give the schedule one of the kinds {', '.join(KINDS)}, not {described(kind)}."
    report.add("kind-unknown", message, kind.span, path, suggestion=suggestion)
    return BAD


def _schedule(values: dict[str, Any], node: Node) -> Schedule:
    return Schedule(
        kind=values["kind"],
        cron=values.get("cron"),
        frequency=values.get("frequency"),
        start_at=values.get("startAt"),
        end_at=values.get("endAt"),
        max_runs=values.get("maxRuns"),
        depends_on_past=values.get("dependsOnPast") is True,
        timezone=values.get("timezone", "UTC"),
        overlap=values.get("overlap", "skip"),
        missed=values.get("missed", "one"),
        node=node,
    )


SCHEDULE: Final = _ScheduleShape()
