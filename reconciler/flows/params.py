"""Params: every way of writing a value for an input. Whether they fit together is for the plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from reconciler.flows.composite import Table, section
from reconciler.flows.literals import quoted
from reconciler.flows.model import Param
from reconciler.flows.nodes import Node
from reconciler.flows.pods import ARTIFACTS
from reconciler.flows.report import Report
from reconciler.flows.shapes import ANYTHING, PLAIN_FLAG, TEXT, Shape, is_template, reject

_FIELDS: Final[dict[str, Shape]] = {
    "value": ANYTHING,
    "ref": TEXT,
    "contextOnly": PLAIN_FLAG,
    "connection": TEXT,
    "toInit": PLAIN_FLAG,
    "toEnv": TEXT,
}
FULL_PARAM: Final = section(_FIELDS)
_HOLDERS: Final = ("inputs", "outputs", "io", "artifacts", "globals", "params")
GLOBALS: Final = [
    "owner_name",
    "project_name",
    "project_unique_name",
    "project_uuid",
    "run_info",
    "name",
    "uuid",
    "status",
    "namespace",
    "iteration",
    "context_path",
    "artifacts_path",
    "created_at",
    "compiled_at",
    "schedule_at",
    "started_at",
    "finished_at",
    "duration",
    "cloning_kind",
    "original_uuid",
    "is_independent",
    "commit",
    "branch",
    "flow",
    "repository",
]


class _ParamShape:
    """A param: a short value, or a mapping with any of the keys of a full one."""

    takes = "a value"

    def read(self, node: Node, path: str, report: Report) -> Any:
        value = node.outline
        if not isinstance(value, dict):
            return Param(value=node.data(), has_value=True, node=node)
        if value and _FIELDS.keys().isdisjoint(value):
            return Param(value=node.data(), has_value=True, node=node)
        return self.full(node, path, report)

    def full(self, node: Node, path: str, report: Report) -> Param:
        """The param of a mapping with any of the keys of a full one."""
        values = FULL_PARAM.read(node, path, report)
        param = Param(
            value=values.get("value"),
            has_value="value" in node.outline,
            ref=values.get("ref"),
            context_only=values.get("contextOnly"),
            connection=values.get("connection"),
            to_init=values.get("toInit"),
            to_env=values.get("toEnv"),
            node=node,
        )
        return param if param.ref is None else _with_ref(param, node, path, report)


class _FullParam(_ParamShape):
    """A param where only the full form is taken, as in builds, hooks, joins and tuners."""

    takes = "a mapping such as {value: 1}"

    def __init__(self, templated: bool = False) -> None:
        self.templated = templated

    def read(self, node: Node, path: str, report: Report) -> Any:
        if self.templated and is_template(node.value):
            return Param(value=node.value, has_value=True, node=node)
        if not isinstance(node.value, dict):
            written = node.text if node.text is not None else node.value
            suggestion = f"{{value: {written}}}" if isinstance(written, str) and "\n" not in written else None
            return reject(node, path, report, self.takes, suggestion)
        return self.full(node, path, report)


PARAM: Final = _ParamShape()
PARAMS: Final = Table(PARAM, templated=False)
FULL_PARAMS: Final = Table(_FullParam(), templated=False)
BUILD_PARAMS: Final = Table(_FullParam(templated=True), templated=False)  # of builds, which may be templates too


def _with_ref(param: Param, node: Node, path: str, report: Report) -> Param:
    """The param with `value` as a plain field name, after checking that ref and field can mean something."""
    problem = ref_problem(str(param.ref))
    if problem is not None:
        report.add("param-ref-invalid", problem, node.at("ref").span, path)
        return param
    if isinstance(param.value, dict) and param.value:
        ARTIFACTS.read(node.at("value"), f"{path}.value", report)
        return param
    if not isinstance(param.value, str):
        message = "Name what to take from there as `value`, such as `outputs.loss`."
        report.add("param-ref-invalid", message, node.at("value").span, path)
        return param
    field = param.value.strip()
    if field.startswith("{{") and field.endswith("}}"):
        field = field[2:-2].strip()
    problem = _field_problem(str(param.ref), field)
    if problem is not None:
        report.add("param-ref-invalid", problem, node.at("value").span, path)
    return param if field == param.value else replace(param, value=field)


def ref_problem(ref: str) -> str | None:
    """What is wrong with the `ref` of a param, None where it names an op, the dag or a run."""
    kind, _, name = ref.partition(".")
    if ref == "dag" or (kind == "ops" and name):
        return None
    if kind == "runs" and name:
        try:
            UUID(name)
        except ValueError:
            return f"Name a run by its UUID, not `{name}`."
        return None
    return f"Refer to `ops.<name>`, `dag` or `runs.<uuid>`, not {quoted(ref)}."


def _field_problem(ref: str, field: str) -> str | None:
    parts = field.split(".")
    holder = parts[0]
    if holder not in _HOLDERS or len(parts) > 3 or not all(parts):
        return f"Take `inputs.x`, `outputs.x`, `artifacts.x` or `globals.x` from there, not {quoted(field)}."
    if len(parts) == 3 and holder != "artifacts":
        return f"Take `{holder}.{parts[1]}`, not `{field}`: only artifacts have a third part."
    if ref == "dag" and holder == "outputs":
        return "Take `inputs.x` of the dag: its outputs are not there while its ops run."
    if holder == "globals" and (len(parts) < 2 or parts[1] not in GLOBALS):
        return f"Take one of the globals such as `globals.status`, not `{field}`."
    return None
