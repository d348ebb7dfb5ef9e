"""Root shortcuts (`container`, `cmd`, `env`, `resources`, `ports` …) of a document: their fields and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from reconciler.flows.composite import TEXTS, Built, Either, Listing, Table
from reconciler.flows.kinds.service import PORTS
from reconciler.flows.kube import CONTAINER, QUANTITY, VOLUME
from reconciler.flows.literals import quoted
from reconciler.flows.merging import Objects, merge
from reconciler.flows.model import Json
from reconciler.flows.nodes import Node
from reconciler.flows.pods import ENVIRONMENT, INIT
from reconciler.flows.quantities import number_of
from reconciler.flows.report import Report
from reconciler.flows.shapes import BAD, TEXT, Shape

_OF_CONTAINER: Final = ("cmd", "env", "resources")
POD_OBJECTS: Final[Objects] = {"container": {}, "environment": {"securityContext": {}, "dnsConfig": {}, "affinity": {}}}
_NAMES: Final = {"gpu": "nvidia.com/gpu"}
_COUNT = re.compile(r"\d{1,18}\Z")
_CPU = re.compile(r"(?:\d+\.?\d*|\.\d+)m?\Z")
_MEMORY = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+|[mkMGTPE]|[KMGTPE]i)?\Z")
_PATTERNS: Final = {"cpu": _CPU, "memory": _MEMORY}  # all other amounts are counts


def _cmd(value: Any, node: Node, path: str, report: Report) -> Any:
    lines = value if isinstance(value, list) else [value]
    if not lines or not all(line.strip() for line in lines):
        report.add("value-not-allowed", "Write a command into `cmd`, and no blank line as one.", node.span, path)
        return BAD
    return value


def _amounts(amounts: Any, node: Node, path: str, report: Report) -> Any:
    """`{cpu: 1..4, memory: 8Gi, gpu: 1}`, after checking that each amount can be asked for."""
    for name, amount in amounts.items():
        problem = _problem(name, amount)
        if problem is not None:
            report.add("value-not-allowed", problem, node.at(name).span, f"{path}.{name}")
    return amounts


def _problem(name: str, amount: str) -> str | None:
    if (name not in ("cpu", "memory", "gpu") and "/" not in name) or name == _NAMES["gpu"]:
        return f"Ask for cpu, memory, gpu or a resource such as google.com/tpu, not `{name}`."
    parts = [part.strip() for part in amount.split("..", 1)]
    pattern = _PATTERNS.get(name, _COUNT)
    if not any(parts) or not all(not part or pattern.match(part) for part in parts):
        return f"Give `{name}` an amount such as {_EXAMPLES.get(name, '1')} or a range, not {quoted(amount)}."
    low, high = number_of(parts[0]), number_of(parts[-1])
    if low is not None and high is not None and low > high:
        return f"Raise the limit of `{name}`: {quoted(amount)} asks for more than it allows."
    return None


_EXAMPLES: Final = {"cpu": "500m", "memory": "8Gi"}
SHORTCUT_FIELDS: Final[dict[str, Shape]] = {
    "ports": PORTS,
    "container": CONTAINER,
    "cmd": Built(Either("a command or a list of commands", str=TEXT, list=TEXTS), _cmd),
    "env": Table(TEXT, templated=False),
    "resources": Built(Table(QUANTITY, templated=False), _amounts),
    "environment": ENVIRONMENT,
    "init": Listing(INIT),
    "connections": TEXTS,
    "sidecars": Listing(CONTAINER),
    "volumes": Listing(VOLUME),
}


def made_kind(shortcuts: Mapping[str, Json]) -> str | None:
    """The kind of run that shortcuts make where a document has no run of its own."""
    if "ports" in shortcuts:
        return "service"
    return "job" if shortcuts else None


def applied(data: Mapping[str, Json], shortcuts: Mapping[str, Json], strategy: str) -> dict[str, Json]:
    """A run section with the shortcuts on top, in their fixed order; other keys of `shortcuts` are plain fields."""
    plain = {key: value for key, value in shortcuts.items() if key not in _OF_CONTAINER}
    merged: dict[str, Json] = merge(dict(data), plain, strategy, POD_OBJECTS)
    if any(key in shortcuts for key in _OF_CONTAINER):
        container = merged.get("container")
        merged["container"] = _container(dict(container) if isinstance(container, dict) else {}, shortcuts, strategy)
    return merged


def _container(container: dict[str, Any], shortcuts: Mapping[str, Json], strategy: str) -> dict[str, Any]:
    is_low = strategy in ("pre_merge", "isnull")  # what the container says itself stays
    if "cmd" in shortcuts and not (is_low and (container.get("command") or container.get("args"))):
        cmd = shortcuts["cmd"]
        lines = cmd if isinstance(cmd, str) else "\n".join(cmd)
        container["command"] = ["/bin/sh", "-c"]
        container["args"] = [f"set -e\n{lines}"]
    if isinstance(env := shortcuts.get("env"), dict):
        container["env"] = _variables(container.get("env"), env, strategy)
    if isinstance(resources := shortcuts.get("resources"), dict):
        patch = {"resources": _resources(resources)}
        container["resources"] = merge({"resources": container.get("resources")}, patch, strategy)["resources"]
    return container


def _variables(given: Json, env: Mapping[str, str], strategy: str) -> list[Json]:
    """The variables of a container with those of a shortcut; of the same name the one with the higher layer's value."""
    listed = given if isinstance(given, list) else []  # a template for the whole of it gives way
    said = [{"name": name, "value": value} for name, value in env.items()]
    if strategy == "replace" or not listed:
        return said
    if strategy == "isnull":
        return listed
    low, high = (listed, said) if strategy == "post_merge" else (said, listed)
    names = {one.get("name") for one in high if isinstance(one, dict)}
    return [*(one for one in low if not isinstance(one, dict) or one.get("name") not in names), *high]


def _resources(amounts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """`{cpu: 1..4, memory: 8Gi, gpu: 1}`: a range is request and limit, a plain cpu or memory asks, a count is both."""
    requests: dict[str, str] = {}
    limits: dict[str, str] = {}
    for name, amount in amounts.items():
        low, dots, high = (part.strip() for part in amount.partition(".."))
        key = _NAMES.get(name, name)
        if low:
            requests[key] = low
        if high or (not dots and name not in ("cpu", "memory")):
            limits[key] = high if dots else low
    return {side: values for side, values in (("requests", requests), ("limits", limits)) if values}
