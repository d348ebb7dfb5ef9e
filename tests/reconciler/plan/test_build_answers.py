"""Whatever a part of a flow is replaced by: there is a plan, or an error that says why there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml

from reconciler.flows.parse import parse
from reconciler.plan.build import build

FLOW = """\
name: f
tags: [a]
cache: {disable: false, ttl: 3, io: [x], sections: [init]}
termination: {maxRetries: 1, timeout: 5, culling: {timeout: 3}}
plugins: {auth: true, notifications: [{connections: [c], trigger: done}]}
inputs: [{name: top, type: int, value: 1, isOptional: true, validation: {ge: 0}}]
schedule: {kind: cron, cron: '0 0 * * *'}
run:
  kind: dag
  concurrency: 2
  earlyStopping: [{kind: failure_early_stopping, percent: 50}]
  components:
  - name: part
    inputs: [{name: rate, type: float, isOptional: true}]
    outputs: [{name: loss, type: float}]
    run: {kind: job, init: [{git: {url: a}}], container: {image: a, args: ['{{ rate }}']}}
  operations:
  - name: a
    dagRef: part
    params: {rate: 0.5}
    hooks: [{hubRef: told, trigger: failed, params: {x: {value: 1}}}]
  - name: b
    dagRef: part
    dependencies: [a]
    trigger: all_done
    conditions: '{{ true }}'
    params: {rate: {ref: ops.a, value: outputs.loss}}
  - name: c
    dagRef: part
    presets: [patient]
    matrix: {kind: mapping, values: [{rate: 1}, {rate: 2}], concurrency: 1}
    events: [{ref: ops.a, kinds: [run_status_running]}]
  - name: d
    hubRef: told
    matrix: {kind: grid, numRuns: 3, params: {x: {kind: choice, value: [1, 2]}}}
    joins: [{query: 'status: succeeded', sort: '-metrics.loss', limit: 3, params: {all: {value: outputs.loss}}}]
  - name: e
    runPatch: {container: {image: b}}
    patchStrategy: replace
    component: {run: {kind: service, ports: [80], replicas: 1, container: {image: a}}}
"""
DATA = yaml.safe_load(FLOW)
QUICK: tuple[Any, ...] = (None, [], "{{ x }}")
MORE: tuple[Any, ...] = ({}, "", 3, "x")
FILES = {
    "hub/told.yaml": b"name: told\ninputs: [{name: x, isOptional: true}, {name: all, isOptional: true}]\n"
    b"run: {kind: job, container: {image: a, args: ['{{ x }}']}}\n",
    "presets/patient.yaml": b"termination: {maxRetries: 9}\n",
}


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def with_value(path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    inner = whole = deepcopy(DATA)
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return whole


def outcome(data: bytes) -> tuple[bool, list[str]]:
    """Whether every flow of a file has a plan, and the rules of the errors."""
    parsed = parse(data, "f.yaml")
    built = [build(flow, FILES.get, start=False) for flow in parsed.flows if not flow.operation.is_preset]
    found = [*parsed.findings, *(one for each in built for one in each.findings)]
    return all(each.plan for each in built), [one.rule for one in found if one.severity == "error"]


def test_the_flow_itself_has_a_plan():
    assert outcome(FLOW.encode()) == (True, [])


@pytest.mark.parametrize("value", [*QUICK, *(pytest.param(value, marks=pytest.mark.slow) for value in MORE)], ids=repr)
def test_no_plan_means_an_error(value):
    silent = []
    for path in places(DATA):
        has_plan, errors = outcome(json.dumps(with_value(path, value)).encode())
        if not has_plan and not errors:
            silent.append(path)
    assert silent == []
