"""Facts about params: where they come from, whether they fit, and the edges they make."""

from __future__ import annotations

import pytest

from reconciler.flows.parse import parse
from reconciler.plan.judge import judge
from reconciler.plan.model import Source


def flow(params="{}", more="", inputs="[{name: x, type: int}]"):
    return f"""\
kind: component
name: f
inputs: [{{name: n, type: int, value: 3}}, {{name: s, type: str, value: a}}]
run:
  kind: dag
  operations:
  - name: prep-data
    dagRef: source
  - name: train
    dagRef: job
    params: {params}
    {more}
  components:
  - name: source
    outputs: [{{name: y, type: int}}, {{name: loss, type: float}}, {{name: ys, type: int, isList: true}}]
    run: {{kind: job, container: {{image: a}}}}
  - name: job
    inputs: {inputs}
    run: {{kind: job, container: {{image: a, args: ["{{{{ x }}}}"]}}}}
"""


def rules(result):
    return [(found.rule, found.suggestion) for found in result.findings]


@pytest.mark.parametrize(
    ("params", "source"),
    [
        ("{x: 1}", Source("value", value=1)),
        ("{x: '2'}", Source("value", value=2)),
        ("{x: {value: 3}}", Source("value", value=3)),
        ("{x: '{{ globals.iteration }}'}", Source("value", value="{{ globals.iteration }}")),
        ("{x: {ref: dag, value: inputs.n}}", Source("dag", field="inputs.n")),
        ("{x: '{{ dag.inputs.n }}'}", Source("dag", field="inputs.n")),
        ("{x: {ref: ops.prep-data, value: outputs.y}}", Source("op", op=0, field="outputs.y")),
        ("{x: {ref: ops.prep-data, value: '{{ outputs.y }}'}}", Source("op", op=0, field="outputs.y")),
        ("{x: '{{ ops.prep-data.outputs.y }}'}", Source("op", op=0, field="outputs.y")),
        ("{x: {ref: ops.prep-data, value: artifacts.model}}", Source("op", op=0, field="artifacts.model")),
    ],
)
def test_a_param_comes_from(built, params, source):
    result = built(flow(params))
    assert result.plan, result.findings
    train = result.plan.graph.ops[1]
    assert train.sources["x"] == source
    assert train.upstream == train.reads == ((0,) if source.op is not None else ())


@pytest.mark.parametrize(
    ("params", "rule", "suggestion"),
    [
        ("{x: abc}", "param-type", None),
        ("{}", "param-missing", None),
        ("{x: {}}", "param-missing", None),
        ("{x: null}", "param-missing", None),
        ("{xx: 1}", "param-undeclared", "x"),
        ("{x: {ref: ops.prep-date, value: outputs.y}}", "op-unknown", "prep-data"),
        ("{x: {ref: ops.prep-data, value: outputs.yy}}", "output-unknown", "y"),
        ("{x: {ref: ops.prep-data, value: outputs.loss}}", "param-type", None),
        ("{x: {ref: ops.prep-data, value: outputs.ys}}", "param-type", None),
        ("{x: {ref: dag, value: inputs.m}}", "output-unknown", None),
        ("{x: {ref: dag, value: inputs.s}}", "param-type", None),
        ("{x: '{{ ops.nope.outputs.y }}'}", "template-unknown-name", None),
        ("{x: '{{ globals.iteratio }}'}", "template-unknown-name", "iteration"),
        ("{x: '{{ x. }}'}", "template-broken", None),
    ],
)
def test_a_param_that_does_not_fit_is_one_error(built, params, rule, suggestion):
    result = built(flow(params))
    assert rules(result) == [(rule, suggestion)]
    assert result.findings[0].severity == "error"
    assert result.plan is None
    assert result.findings[0].span.line in (9, 11)


def test_an_undeclared_param_is_a_warning_and_strictly_an_error(built):
    (found,) = built(flow("{x: 1, zebra: 2}")).findings
    assert (found.rule, found.severity, found.span.line) == ("param-undeclared", "warning", 11)
    (found,) = built(flow("{x: 1, zebra: 2}", "strictParams: true")).findings
    assert found.severity == "error"
    assert built(flow("{x: 1, zebra: {value: 2, contextOnly: true}}")).findings == ()


def test_int_feeds_float_and_metric_is_float(built):
    inputs = "[{name: x, type: float}]"
    assert built(flow("{x: {ref: ops.prep-data, value: outputs.y}}", inputs=inputs)).findings == ()
    inputs = "[{name: x, type: metric}]"
    assert built(flow("{x: {ref: ops.prep-data, value: outputs.loss}}", inputs=inputs)).findings == ()


def test_an_output_in_a_template_makes_an_edge_and_a_notice(built):
    result = built(flow("{x: 1}", "conditions: \"{{ ops['prep-data'].outputs.y > 1 }}\""))
    (found,) = result.findings
    assert (found.rule, found.severity, found.span.line) == ("edge-implied", "notice", 12)
    assert result.plan.graph.ops[1].reads == (0,)


def test_an_edge_that_is_said_needs_no_notice(built):
    more = "dependencies: [prep-data]\n    conditions: \"{{ ops['prep-data'].outputs.y > 1 }}\""
    assert built(flow("{x: 1}", more)).findings == ()


def test_params_of_another_run_are_not_supported_yet(built):
    result = built(flow("{x: {ref: runs.0f1e2d3c-0000-4000-8000-000000000000, value: outputs.y}}"))
    assert "another run" in result.plan.graph.ops[1].unsupported


def test_a_trigger_that_may_leave_an_input_empty_is_a_warning(built):
    result = built(flow("{x: {ref: ops.prep-data, value: outputs.y}}", "trigger: all_done"))
    assert [(found.rule, found.severity) for found in result.findings] == [("input-may-be-missing", "warning")]
    result = built(flow("{x: '{{ ops.prep-data.outputs.y }}'}", "trigger: one_failed"))
    assert [found.rule for found in result.findings] == ["input-may-be-missing", "edge-implied"]
    inputs = "[{name: x, type: int, value: 1}]"
    assert built(flow("{x: {ref: ops.prep-data, value: outputs.y}}", "trigger: all_done", inputs)).findings == ()


COMPONENT = """\
kind: component
name: c
inputs: [{name: lr, type: float}]
run: {kind: job, container: {image: a, args: ["{{ lr }}"]}}
"""


def test_a_required_input_is_an_error_only_when_started(built):
    result = built(COMPONENT, start=False)
    assert (result.findings, result.unbound) == ((), ("lr",))
    assert result.plan is not None
    result = built(COMPONENT)
    assert rules(result) == [("param-missing", None)]
    assert result.plan is None


def test_params_given_from_outside_stand_above_the_file(built):
    result = built(COMPONENT, params={"lr": "0.5"})
    assert result.plan.root.sources["lr"].value == 0.5
    assert rules(built(COMPONENT, params={"lr": "fast"})) == [("param-type", None)]
    assert rules(built(COMPONENT, params={"lrr": 1})) == [("param-undeclared", "lr")]


@pytest.mark.parametrize(
    ("matrix", "found"),
    [
        ("{kind: grid, params: {x: {kind: choice, value: [1]}}}", []),
        ("{kind: mapping, values: [{x: 1}]}", []),
        ("{kind: mapping, values: \"{{ ops['prep-data'].outputs.ys }}\"}", ["edge-implied"]),
        ("{kind: mapping, values: [{xx: 1, x: 1}]}", ["matrix-param-unknown"]),
        ("{kind: mapping, values: [{y: 1}]}", ["param-missing", "matrix-param-unknown"]),
    ],
)
def test_a_matrix_gives_values_for_inputs(built, matrix, found):
    result = built(flow("{}", f"matrix: {matrix}"))
    assert sorted(rule for rule, _ in rules(result)) == sorted(found)


def test_a_numeric_search_needs_a_numeric_input(built):
    matrix = "matrix: {kind: random, numRuns: 2, params: {x: {kind: uniform, value: [0, 1]}}}"
    assert built(flow("{}", matrix, "[{name: x, type: float}]")).findings == ()
    assert rules(built(flow("{}", matrix, "[{name: x, type: str}]"))) == [("param-type", None)]


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ("{kind: mapping, values: [{x: 1}, {x: b}]}", (12, 50)),
        ("{kind: grid, params: {x: {kind: choice, value: [1, 2.5]}}}", (12, 64)),
        ("{kind: random, numRuns: 1, params: {x: {kind: pchoice, value: [[b, 1]]}}}", (12, 77)),
    ],
)
def test_a_matrix_value_that_its_input_does_not_take_is_found_where_it_stands(built, matrix, expected):
    (found,) = built(flow("{}", f"matrix: {matrix}")).findings
    assert (found.rule, (found.span.line, found.span.column)) == ("matrix-param-invalid", expected)


@pytest.mark.parametrize(
    ("matrix", "values"),
    [
        ("{kind: mapping, values: [{x: '1'}, {x: 2.0}]}", [{"x": 1}, {"x": 2}]),
        ("{kind: mapping, values: [{x: '{{ dag.inputs.n }}'}]}", [{"x": "{{ dag.inputs.n }}"}]),
        ("{kind: grid, params: {x: {kind: choice, value: ['3', 4]}}}", [3, 4]),
        ("{kind: random, numRuns: 1, params: {x: {kind: pchoice, value: [['3', 1]]}}}", [[3, 1]]),
    ],
)
def test_matrix_values_have_the_types_of_their_inputs(built, matrix, values):
    result = built(flow("{}", f"matrix: {matrix}"))
    assert result.plan, result.findings
    planned = result.plan.graph.ops[1].matrix
    assert (planned.values or planned.params[0][1]["value"]) == values


@pytest.mark.parametrize(
    "more",
    [
        "matrix: {kind: random, numRuns: 0, params: {x: {kind: choice, value: [1]}}}",
        'matrix: {kind: random, numRuns: 2, params: {x: {kind: linspace, value: "0:1"}}}',
        "matrix: {kind: gridd, params: {x: {kind: choice, value: [1]}}}",
        "params: {x: {ref: runs.a1b2, value: outputs.x}}",
    ],
)
def test_what_could_not_be_read_is_told_once(more):
    text = f"kind: operation\nname: f\n{more}\ncomponent:\n  inputs: [{{name: x, type: int}}]\n"
    text += "  run: {kind: job, container: {image: a}}\n"
    parsed = parse(text.encode(), "f.yaml")
    found = {one.place for flow in parsed.flows for one in judge(flow, {}.get).findings}
    assert len({one.place for one in parsed.findings} | found) == 1


@pytest.mark.parametrize("params", ["{x: ten}", "{x: {value: ten}}"])
def test_the_value_that_does_not_fit_is_pointed_at(built, params):
    text = flow(params)
    (found,) = built(text).findings
    span = found.span
    assert text.splitlines()[span.line - 1][span.column - 1 : span.end_column - 1] == "ten"
