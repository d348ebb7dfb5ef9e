"""Root shortcuts (`container`, `cmd`, `env`, `resources`, `ports` …) of a document: their fields and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reconciler.flows.kinds.service import PORTS
from reconciler.flows.kube import CONTAINER, QUANTITY, VOLUME
from reconciler.flows.merging import merge
from reconciler.flows.model import Json
from reconciler.flows.pods import ENVIRONMENT, INIT
from reconciler.flows.shapes import TEXT, TEXTS, Either, Listing, Shape, Table

SHORTCUT_FIELDS: Final[dict[str, Shape]] = {
    "ports": PORTS,
    "container": CONTAINER,
    "cmd": Either("a command or a list of commands", str=TEXT, list=TEXTS),
    "env": Table(TEXT),
    "resources": Table(QUANTITY),
    "environment": ENVIRONMENT,
    "init": Listing(INIT),
    "connections": TEXTS,
    "sidecars": Listing(CONTAINER),
    "volumes": Listing(VOLUME),
}
_MAKE_A_JOB: Final = ("container", "cmd", "env", "resources")
_OF_CONTAINER: Final = ("cmd", "env", "resources")
_NAMES: Final = {"gpu": "nvidia.com/gpu"}


def made_kind(shortcuts: Mapping[str, Json]) -> str | None:
    """The kind of run that shortcuts make where a document has no run of its own."""
    if "ports" in shortcuts:
        return "service"
    return "job" if any(name in shortcuts for name in _MAKE_A_JOB) else None


def applied(data: Mapping[str, Json], shortcuts: Mapping[str, Json], strategy: str) -> dict[str, Json]:
    """A run section with the shortcuts on top, in their fixed order; other keys of `shortcuts` are plain fields."""
    plain = {key: value for key, value in shortcuts.items() if key not in _OF_CONTAINER}
    merged: dict[str, Json] = merge(dict(data), plain, strategy)
    if any(key in shortcuts for key in _OF_CONTAINER):
        container = merged.get("container")
        merged["container"] = _container(dict(container) if isinstance(container, dict) else {}, shortcuts)
    return merged


def _container(container: dict[str, Any], shortcuts: Mapping[str, Json]) -> dict[str, Any]:
    if "cmd" in shortcuts:
        cmd = shortcuts["cmd"]
        lines = cmd if isinstance(cmd, str) else "\n".join(cmd)
        container["command"] = ["/bin/sh", "-c"]
        container["args"] = [f"set -e\n{lines}"]
    env = shortcuts.get("env")
    if isinstance(env, dict):
        kept = [one for one in container.get("env", ()) if one.get("name") not in env]
        container["env"] = [*kept, *({"name": name, "value": value} for name, value in env.items())]
    resources = shortcuts.get("resources")
    if isinstance(resources, dict):
        container["resources"] = merge(container.get("resources", {}), _resources(resources), "post_merge")
    return container


def _resources(amounts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """`{cpu: 1..4, memory: 8Gi, gpu: 1}`: a range is request and limit, a plain cpu or memory asks, a count is both."""
    requests: dict[str, str] = {}
    limits: dict[str, str] = {}
    for name, amount in amounts.items():
        low, dots, high = amount.partition("..")
        key = _NAMES.get(name, name)
        requests[key] = low
        if dots or name not in ("cpu", "memory"):
            limits[key] = high if dots else low
    return {"requests": requests, "limits": limits} if limits else {"requests": requests}
