"""Records to the columns of their tables and back. No statement is made here."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

from sqlalchemy import RowMapping

from reconciler.engine.model import FINAL, Observed, OpState
from reconciler.keys import key_of, text_of
from reconciler.plan.encoding import decode, encode
from reconciler.records import (
    AttemptRow,
    CheckRow,
    ConversationRow,
    FlowRow,
    MetricRow,
    ObservationRow,
    OpRow,
    RequestRow,
    RunRow,
    ServiceRow,
)

Row = TypeVar("Row")
Values = dict[str, Any]
Found = RowMapping | dict[str, Any]  # columns by name, however they were read

_NAMES: dict[Any, tuple[str, ...]] = {}  # fields of each kind of row, found out once


def _names(kind: Any) -> tuple[str, ...]:
    known = _NAMES.get(kind)
    if known is None:
        known = _NAMES[kind] = tuple(field.name for field in fields(kind))
    return known


def flat(row: Any) -> Values:
    """A column per field, for rows that hold scalars only."""
    return {name: getattr(row, name) for name in _names(type(row))}


def of_flat(kind: type[Row], values: Found) -> Row:
    """The row that `flat` spread out."""
    return kind(**{name: values[name] for name in _names(kind)})


def of_body(kind: type[Row], values: Found) -> Row:
    """The row that was kept whole."""
    return decode(values["body"], kind)


def flow_values(row: FlowRow) -> Values:
    """Columns of `flows`."""
    return {"id": row.id, "repository": row.repository, "scope": row.scope, "version": 1, "body": encode(row)}


def flow_of(values: Found) -> FlowRow:
    """The flow, with the version that it has in the store."""
    row = decode(values["body"], FlowRow)
    object.__setattr__(row, "version", values["version"])  # nobody else has it yet; a copy of thousands takes long
    return row


def run_values(row: RunRow) -> Values:
    """Columns of `runs`; the version is its writer's business."""
    state = row.state
    return {
        "id": state.id,
        "flow": state.flow,
        "repository": row.repository,
        "sha": row.sha,
        "status": state.status.value,
        "live": state.status not in FINAL,
        "created_at": state.created_at,
        "body": encode(row),
    }


def run_of(values: Found) -> RunRow:
    """The run, with the version that it has in the store."""
    row = decode(values["body"], RunRow)
    return row if row.version == values["version"] else replace(row, version=values["version"])


def op_values(row: OpRow) -> Values:
    """Columns of `ops`."""
    return {"run": row.run, "path": row.state.path, "status": row.state.status.value, "body": encode(row.state)}


def op_of(values: Found) -> OpRow:
    """The op of a run."""
    return OpRow(values["run"], decode(values["body"], OpState))


def attempt_values(row: AttemptRow) -> Values:
    """Columns of `attempts`."""
    return {
        "id": row.id,
        "run": row.run,
        "flow": row.flow,
        "op": row.op,
        "place": row.place,
        "queue": row.spec.queue or "",
        "live": row.phase != "ended",
        "created_at": row.created_at,
        "body": encode(row),
    }


def attempt_of(values: Found) -> AttemptRow:
    """The attempt."""
    return of_body(AttemptRow, values)


def observation_values(seen: Observed | MetricRow) -> Values:
    """Columns of `observations`, without the seq that the store gives. A metric's fields are those of `Measured`."""
    kind = "observed" if isinstance(seen, Observed) else "measured"
    return {"attempt": seen.attempt, "kind": kind, "body_json": encode(seen)}


def observation_of(values: Found) -> ObservationRow:
    """The observation."""
    return of_flat(ObservationRow, values)


def request_values(row: RequestRow) -> Values:
    """Columns of `requests`, without the seq that the store gives."""
    return {**flat(row), "key": text_of(row.key), "arguments": encode(row.arguments)}


def approval_values(row: RequestRow) -> Values:
    """Columns of `approvals`, of a request that approves a commit."""
    name, _, sha = row.target.rpartition("@")
    return {"repository": name, "sha": sha, "by": row.by, "at": row.at, "request": row.id}


def conversation_values(row: ConversationRow) -> Values:
    """Columns of `conversations`."""
    return {"repository": row.repository, "proposal": row.proposal, "body": encode(row)}


def request_of(values: Found) -> RequestRow:
    """The request."""
    columns = {name: values[name] for name in _names(RequestRow)}
    nested = {"key": key_of(values["key"]), "arguments": decode(values["arguments"], dict[str, Any])}
    return RequestRow(**{**columns, **nested})


def service_values(row: ServiceRow) -> Values:
    """Columns of `services`."""
    return {"flow": row.flow, "op": row.op, "body": encode(row), "version": 1}


def service_of(values: Found) -> ServiceRow:
    """The service, with the version that it has in the store."""
    return replace(decode(values["body"], ServiceRow), version=values["version"])


def check_values(row: CheckRow, now: float) -> Values:
    """Columns of `checks`; `noted_at` is when its commit first had it."""
    return {**flat(row), "external_id": "", "noted_at": now}


def metric_values(row: MetricRow) -> Values:
    """Columns of `metrics`: a point that is reported twice is one row."""
    return {**flat(row), "mark": "" if row.step is None else str(row.step)}
