"""A flow file as people write it, from its bytes to the end of its run."""

from textwrap import dedent

import pytest

from reconciler.flows.parse import parse
from reconciler.plan.build import build
from tests.reconciler.engine.driver import Driver, failed, succeeded

NOTIFY = """
version: 1.1
kind: component
name: notify
inputs: [{name: status, type: str}, {name: text, type: str, value: "", isOptional: true}]
run: {kind: job, container: {image: busybox, args: ["{{ status }}", "{{ text }}"]}}
"""

FLOW = """
version: 1.1
kind: component
name: flow
inputs: [{name: n, type: int, value: 3}]
outputs: [{name: best, type: "List[float]", value: "{{ ops.tune.outputs.loss }}"}]
run:
  kind: dag
  operations:
  - name: prep
    dagRef: job
    params: {x: {ref: dag, value: inputs.n}}
  - name: tune
    dagRef: job
    params: {x: {ref: ops.prep, value: outputs.y}}
    matrix: {kind: grid, params: {lr: {kind: choice, value: [0.1, 0.2]}}}
    conditions: '{{ x > 1 }}'
  - name: watch
    dagRef: job
    params: {x: {value: 1}}
    events: [{ref: ops.prep, kinds: [run_status_running]}]
  - name: inner
    dependencies: [prep]
    component:
      kind: component
      name: inner
      run:
        kind: dag
        operations:
        - {name: one, dagRef: part}
        - {name: two, dagRef: part, dependencies: [one]}
        components:
        - {name: part, run: {kind: job, container: {image: busybox, args: [hello]}}}
  - name: report
    dagRef: job
    params: {x: {value: 1}}
    dependencies: [tune, inner]
    trigger: all_done
    hooks: [{hubRef: notify, trigger: succeeded, params: {text: {value: bye}}}]
  components:
  - name: job
    inputs: [{name: x, type: int}, {name: lr, type: float, value: 1.0, isOptional: true}]
    outputs: [{name: y, type: int, isOptional: true}, {name: loss, type: float, isOptional: true}]
    run: {kind: job, container: {image: busybox, args: ["{{ params.x.as_arg }}", "{{ lr }}"]}}
"""


def planned(text):
    files = {"hub/notify.yaml": NOTIFY.encode(), "hub/notify/latest.yaml": NOTIFY.encode()}
    parsed = parse(dedent(text).encode(), "flow.yaml")
    assert parsed.findings == ()
    built = build(parsed.flows[0], lambda path, *_: files.get(path))
    assert built.plan is not None, built.findings
    return built.plan


DOES = {"prep": succeeded(y=4), "tune[0]": succeeded(loss=0.5), "tune[1]": succeeded(loss=0.25)}


@pytest.mark.parametrize("crashes", [False, True])
def test_a_flow_from_its_file_to_its_end(crashes):
    run = Driver(planned(FLOW), DOES, crashes=crashes).settle()

    assert run.statuses == dict.fromkeys(
        ["prep", "tune", "tune[0]", "tune[1]", "watch", "inner", "inner.one", "inner.two", "report", "report!0"],
        "succeeded",
    )
    assert run.params("tune[1]") == {"x": 4, "lr": 0.2}
    assert run.params("report!0")["text"] == "bye"
    assert run.run.outputs == {"best": [0.5, 0.25]}
    assert run.run.status == "succeeded"


def test_what_follows_a_failure():
    run = Driver(planned(FLOW), {**DOES, "inner.one": failed(), "prep": succeeded(y=0)}).settle()

    assert run.status("tune") == "skipped"
    assert run.rows["tune"].condition == "{{ x > 1 }} (with x = 0)"
    assert run.status("inner") == "failed"
    assert run.status("report") == "succeeded"
    assert run.run.message == "Failed: inner."
