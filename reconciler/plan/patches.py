"""Patches judged: what an op lays over a run must be fields of that run, and plugins must mean something to it."""

from __future__ import annotations

from reconciler.flows.kinds.table import patch_fields, takes_field
from reconciler.plan.layers import Ready
from reconciler.plan.report import Place, Report, key_place, place_of
from reconciler.plan.suggestions import near, said

_OF_SERVICES = ("sandbox", "ssh")  # plugins


def check_patches(ready: Ready, report: Report) -> None:
    """Report fields of a `runPatch`, `run` or shortcut that the run it meets does not have, and plugins likewise."""
    if ready.operation.run_patch:
        _check_fields(ready, report)
    if ready.settings.plugins:
        _check_plugins(ready, report)


def _check_fields(ready: Ready, report: Report) -> None:
    run, patch = ready.run, ready.operation.run_patch or {}
    assert run is not None
    for name in [name for name in patch if not takes_field(run.kind, name)]:
        guess = near(name, patch_fields(run.kind))
        message = f"A {run.kind} has no `{name}` to patch; {said(guess, 'remove it.')}"
        report.add("field-unknown", message, _place(ready, name), f"{ready.path}.runPatch.{name}", guess)


def _check_plugins(ready: Ready, report: Report) -> None:
    run, plugins = ready.run, ready.settings.plugins or {}
    assert run is not None
    for name in [name for name in _OF_SERVICES if plugins.get(name) is True and run.kind != "service"]:
        message = f"Remove `{name}` from the plugins of `{ready.name}`: only a service has it, not a {run.kind}."
        report.add("field-conflict", message, _plugin_place(ready, name), f"{ready.path}.plugins.{name}")


def _place(ready: Ready, name: str) -> Place:
    for file, node in ready.sources:
        for path in (("runPatch", name), (name,), ("run", name)) if node is not None else ():
            if node is not None and node.get(path[0]) is not None and node.at(*path[:-1]).get(name) is not None:
                return key_place(file, node, *path)
    return place_of(ready.operation.file, ready.operation.node)


def _plugin_place(ready: Ready, name: str) -> Place:
    own = (ready.operation.file, ready.operation.node)  # where the plugins are those of the dag around it
    return key_place(*(ready.source_of("plugins", name) or own), "plugins", name)
