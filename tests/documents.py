"""Flow files from a few words, for tests: ops that behave as their command says (see fakes.FakeExecutor)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def exits(code: int, **fields: Any) -> dict[str, Any]:
    """An op that exits with a code."""
    return op("exit", str(code), **fields)


def writes(outputs: Mapping[str, str], **fields: Any) -> dict[str, Any]:
    """An op that succeeds with outputs; each is declared as an int or a float."""
    whole = {name: "int" if value.isdigit() else "float" for name, value in outputs.items()}
    declared = [{"name": name, "type": kind} for name, kind in whole.items()]
    made = op("write", *(f"{name}={value}" for name, value in outputs.items()), **fields)
    made["component"]["outputs"] = declared
    return made


def runs_forever(**fields: Any) -> dict[str, Any]:
    """An op that ends only when it is stopped."""
    return op("forever", **fields)


def op(*command: str, inputs: Sequence[Mapping[str, Any]] = (), **fields: Any) -> dict[str, Any]:
    """An op with an inline job; `fields` belong to the operation."""
    component: dict[str, Any] = {"run": {"kind": "job", "container": {"image": "any", "command": list(command)}}}
    if inputs:
        component["inputs"] = list(inputs)
    return {"component": component, **fields}


def dag(ops: Mapping[str, Mapping[str, Any]], **fields: Any) -> dict[str, Any]:
    """A component whose run is a dag of these ops."""
    run = {"kind": "dag", "operations": [{"name": name, **body} for name, body in ops.items()], **fields}
    return {"version": 1.1, "kind": "component", "run": run}
