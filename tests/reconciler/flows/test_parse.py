"""Flow files to flows: the forms of the language and what is found in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.flows.findings import Severity, Span
from reconciler.flows.model import Flow, Param, Ref, Trigger
from reconciler.flows.parse import default_name, parse, parse_preset

SEED = """\
version: 1
kind: component
name: test-pipeline

ops:
  - name: job1
    dagRef: job-template
    params:
      bucket: s3://bucket-with-data
  - name: deep-wide-experiment
    hubRef: deep-wide-model
    dependencies: [job1]
    params:
      lr: 0.05

components:
  - name: job-template
    inputs:
    - name: input-bucket
      type: s3
    environment:
      nodeSelector: {polyaxon: experiments}
      serviceAccount: my-service
    run:
      kind: job
      container:
        name: data-processing-image
        command: [run.sh]
        args: ["--input-bucket"]
"""


def flow(text: str, file: str = "churn.polyaxon.yaml") -> Flow:
    parsed = parse(text.encode(), file)
    assert parsed.findings == ()
    return parsed.flows[0]


def found(text: str) -> list[tuple[str, int, int, str | None]]:
    findings = parse(text.encode(), "f.yaml").findings
    return [(one.rule, one.span.line, one.span.column, one.suggestion) for one in findings]


def job(extra: str = "") -> str:
    return f"kind: component\nname: a\n{extra}run: {{kind: job, container: {{image: x}}}}\n"


def test_the_example_of_the_page_is_a_dag_with_a_component_and_nothing_is_wrong_with_its_form() -> None:
    root = flow(SEED)

    assert (root.name, root.is_component) == ("test-pipeline", True)
    assert root.operation.component is not None
    run = root.operation.component.run
    assert run is not None
    assert [op.ref for op in run.operations] == [Ref("dag", "job-template"), Ref("hub", "deep-wide-model")]
    assert run.operations[1].dependencies == ("job1",)
    assert run.operations[1].params == {"lr": Param(value=0.05, has_value=True)}
    template = run.components[0].run
    assert template is not None
    assert template.data["environment"]["serviceAccountName"] == "my-service"


def test_dags_nest_as_deep_as_they_go_and_each_level_is_read() -> None:
    inner = "{kind: job, container: {image: x, foo: 1}}"
    for _ in range(8):
        inner = f"{{kind: dag, operations: [{{name: o, component: {{run: {inner}}}}}]}}"

    (one,) = parse(f"name: deep\nrun: {inner}\n".encode(), "f.yaml").findings

    assert one.rule == "field-unknown"
    assert one.path == "deep" + ".ops.o" * 8 + ".run.container.foo"


def test_several_documents_are_several_flows() -> None:
    flows = parse(f"{job()}---\n{job()}".encode(), "f.yaml").flows

    assert [(one.name, one.document) for one in flows] == [("a", 0), ("a", 1)]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("flows/churn.polyaxon.yaml", "churn"),
        ("train/polyaxonfile.yml", "train"),
        ("polyaxonfile.yml", "polyaxonfile"),
        ("flows/my flow.yaml", "my-flow"),
    ],
)
def test_a_flow_without_a_name_is_called_after_its_file(file: str, name: str) -> None:
    assert default_name(file) == name
    assert flow("run: {kind: job, container: {image: x}}", file).name == name


def test_root_shortcuts_make_a_job() -> None:
    text = "cmd: python train.py\ncontainer: {image: x}\nenv: {A: '1'}\nresources: {cpu: 1..4, memory: 8Gi, gpu: 1}\n"
    component = flow(text).operation.component

    assert component is not None
    assert component.run is not None
    assert component.run.kind == "job"
    assert component.run.data["container"] == {
        "image": "x",
        "command": ["/bin/sh", "-c"],
        "args": ["set -e\npython train.py"],
        "env": [{"name": "A", "value": "1"}],
        "resources": {
            "requests": {"cpu": "1", "memory": "8Gi", "nvidia.com/gpu": "1"},
            "limits": {"cpu": "4", "nvidia.com/gpu": "1"},
        },
    }


def test_ports_at_the_root_make_a_service() -> None:
    component = flow("ports: [80]\ncontainer: {image: x}\n").operation.component

    assert component is not None
    assert component.run is not None
    assert (component.run.kind, component.run.data["ports"]) == ("service", [80])


def test_shortcuts_of_an_operation_with_a_reference_are_patches() -> None:
    op = flow("kind: operation\npathRef: ./a.yaml\nenv: {A: '1'}\nrunPatch: {environment: {nodeName: n}}\n").operation

    assert op.run_patch == {"env": {"A": "1"}, "environment": {"nodeName": "n"}}


def test_a_component_at_the_root_keeps_its_matrix_and_params_in_the_operation() -> None:
    op = flow(job("params: {x: 1}\nmatrix: {kind: mapping, values: [{a: 1}]}\n")).operation

    assert op.params == {"x": Param(value=1, has_value=True)}
    assert op.matrix is not None
    assert op.matrix.values == [{"a": 1}]
    assert op.component is not None
    assert op.component.defaults is None


def test_what_an_inline_component_says_of_operations_is_lifted_and_the_operation_wins() -> None:
    text = (
        "kind: operation\nparams: {a: 1}\n"
        "component: {params: {a: 2, b: 3}, strictParams: true, run: {kind: job, container: {image: x}}}\n"
    )
    op = flow(text).operation

    assert {name: param.value for name, param in op.params.items()} == {"a": 1, "b": 3}
    assert op.strict_params is True


@pytest.mark.parametrize(
    ("written", "param"),
    [
        ("0.1", Param(0.1, True)),
        ("{value: 0.1}", Param(0.1, True)),
        ("{a: 1}", Param({"a": 1}, True)),
        ("[1, 2]", Param([1, 2], True)),
        ("{}", Param()),
        ("{ref: ops.a, value: outputs.x}", Param("outputs.x", True, "ops.a")),
        ("{ref: ops.a, value: '{{ outputs.x }}'}", Param("outputs.x", True, "ops.a")),
        ("{ref: dag, value: inputs.x}", Param("inputs.x", True, "dag")),
        ("{value: 1, contextOnly: yes, toEnv: X}", Param(1, True, context_only=True, to_env="X")),
    ],
)
def test_params_in_every_form(written: str, param: Param) -> None:
    assert flow(job(f"params: {{x: {written}}}\n")).operation.params == {"x": param}


@pytest.mark.parametrize(
    "written",
    [
        "{ref: foo, value: outputs.x}",
        "{ref: dag, value: outputs.x}",
        "{ref: ops.a}",
        "{ref: ops.a, value: nothing.x}",
        "{ref: ops.a, value: outputs.x.y}",
        "{ref: runs.abc, value: outputs.x}",
        "{ref: ops.a, value: globals.nope}",
    ],
)
def test_a_ref_that_cannot_mean_anything_is_found_once(written: str) -> None:
    assert [one[0] for one in found(job(f"params: {{x: {written}}}\n"))] == ["param-ref-invalid"]


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("foo: 1\n", ("field-unknown", 3, 1, None)),
        ("run_patch: {}\n", ("field-unknown", 3, 1, "runPatch")),
        ("tags: {a: x}\n", ("field-type", 3, 7, None)),
        ("queue: 1\n", ("field-type", 3, 8, '"1"')),
        ("trigger: '{{ t }}'\n", ("template-not-allowed", 3, 10, None)),
        ("cmd: [echo, ' ']\n", ("value-not-allowed", 3, 6, None)),
        ("env: '{{ e }}'\n", ("template-not-allowed", 3, 6, None)),
        ("resources: {tpu: 1}\n", ("value-not-allowed", 3, 18, None)),
        ("resources: {cpu: 2..1}\n", ("value-not-allowed", 3, 18, None)),
        ("resources: {memory: 8GiB}\n", ("value-not-allowed", 3, 21, None)),
        ("resources: {gpu: 0.5}\n", ("value-not-allowed", 3, 18, None)),
        ("schedule: {kind: interval, frequency: '60'}\n", ("field-type", 3, 39, None)),
        ("inputs: [{name: a, isFlag: true}]\n", ("field-conflict", 3, 20, None)),
        ("termination: {maxRetries: '2'}\n", ("field-type", 3, 27, None)),
        ("trigger: all_done_\n", ("value-not-allowed", 3, 10, "all_done")),
        ("inputs: [{type: int}]\n", ("field-missing", 3, 11, None)),
        ("inputs: [{nmae: x}]\n", ("field-unknown", 3, 11, "name")),
        ("inputs: [{name: a, type: intt}]\n", ("type-unknown", 3, 26, "int")),
        ("inputs: [{name: a}, {name: a}]\n", ("input-duplicate", 3, 28, None)),
        ("inputs: [{name: a, value: 1, isOptional: false}]\n", ("input-optional-conflict", 3, 42, None)),
        ("inputs: [{name: a, type: int, value: foo}]\n", ("input-value-invalid", 3, 38, None)),
        ("inputs: [{name: a, type: int, isFlag: true}]\n", ("field-conflict", 3, 31, None)),
        ("inputs: [{name: globals}]\n", ("name-invalid", 3, 17, None)),
        ("schedule: {kind: cron, cron: '61 * * * *'}\n", ("cron-invalid", 3, 30, None)),
        ("schedule: {kind: repeatable}\n", ("kind-unknown", 3, 18, None)),
        ("schedule: {kind: datetime}\n", ("field-missing", 3, 12, None)),
        ("hooks: [{hubRef: a, trigger: running}]\n", ("value-not-allowed", 3, 30, None)),
        ("events: [{ref: ops.a, kinds: [nope]}]\n", ("value-not-allowed", 3, 31, None)),
        ("joins: [{query: a, limit: '5'}]\n", ("field-type", 3, 27, None)),
        ("matrix: {kind: grid, params: {a: {kind: uniform, value: [0, 1]}}}\n", ("matrix-param-invalid", 3, 41, None)),
        ("matrix: {kind: grid, params: {a: {kind: range, value: [5, 1, 1]}}}\n", ("matrix-param-invalid", 3, 55, None)),
        ("matrix: {kind: hyperbnd}\n", ("kind-unknown", 3, 16, "hyperband")),
        ("matrix: {kind: mapping, values: [], concurrency: 0}\n", ("value-not-allowed", 3, 50, None)),
        ("hubRef: a\npathRef: b\n", ("field-conflict", 4, 1, None)),
        ("ops: []\n", ("field-conflict", 3, 1, None)),
        ("cache: '{{ c }}'\n", ("template-not-allowed", 3, 8, None)),
        ("termination: '{{ t }}'\n", ("template-not-allowed", 3, 14, None)),
        ("plugins: '{{ p }}'\n", ("template-not-allowed", 3, 10, None)),
        ("hooks: '{{ h }}'\n", ("template-not-allowed", 3, 8, None)),
        ("matrix: {kind: grid, params: '{{ p }}'}\n", ("template-not-allowed", 3, 30, None)),
        ("inputs: [{name: a, isOptional: '{{ o }}'}]\n", ("template-not-allowed", 3, 32, None)),
    ],
)
def test_each_mistake_is_one_finding_at_its_place(extra: str, expected: tuple[str, int, int, str | None]) -> None:
    assert found(job(extra)) == [expected]


@pytest.mark.parametrize(
    ("run", "rule"),
    [
        ("{kind: jobb}", "kind-unknown"),
        ("{kind: tfjobs}", "kind-unknown"),
        ("{kind: builder}", "kind-unknown"),
        ("{container: {image: x}}", "field-missing"),
        ("{}", "field-missing"),
        ("{kind: }", "kind-unknown"),
        ("", "run-missing"),
        ("{kind: dag}", "dag-empty"),
        ("{kind: dag, operations: }", "dag-empty"),
        ("{kind: dag, operations: [{name: a, component: {run: }}]}", "run-missing"),
        ("{kind: dag, operations: [{name: a, component: }]}", "run-missing"),
        ("{kind: dag, operations: [{name: a, hubRef: }]}", "run-missing"),
        ("{kind: dag, operations: []}", "dag-empty"),
        ("{kind: dag, operations: [{name: a}]}", "run-missing"),
        ("{kind: dag, operations: [{hubRef: a}]}", "field-missing"),
        ("{kind: dag, operations: [{name: a.b, hubRef: a}]}", "name-invalid"),
        ("{kind: dag, operations: [{name: a, hubRef: a}, {name: a, hubRef: a}]}", "op-duplicate"),
        ("{kind: dag, concurrency: 0, operations: [{name: a, hubRef: a}]}", "value-not-allowed"),
        ("{kind: service, ports: ['80']}", "field-type"),
        ("{kind: job, init: [{git: {}}]}", "field-missing"),
        ("{kind: job, init: [{git: {url: a}, paths: b}]}", "field-conflict"),
        ("{kind: job, container: {image: x, foo: 1}}", "field-unknown"),
    ],
)
def test_each_mistake_in_a_run_is_one_finding(run: str, rule: str) -> None:
    assert [one[0] for one in found(f"kind: component\nname: a\nrun: {run}\n")] == [rule]


@pytest.mark.parametrize("kind", ["notifier", "cleaner", "tuner"])
def test_kinds_that_look_like_a_job_are_read_as_one(kind: str) -> None:
    run = f"name: a\nrun: {{kind: {kind}, init: [{{paths: x}}], container: {{image: b}}}}\n"

    assert found(run) == []
    assert [one[::3] for one in found(run.replace("image", "imag"))] == [("field-unknown", "image")]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name: a\nrun:\n", (2, 1)),
        ("kind: operation\ncomponent:\n", (2, 1)),
        ("name: a\nhubRef:\n", (2, 1)),
        ("name: a\nrun: ~\npresets: [p]\n", (2, 1)),
    ],
)
def test_a_run_that_is_null_is_not_said(text: str, place: tuple[int, int]) -> None:
    assert found(text) == [("run-missing", *place, None)]


def test_a_run_that_is_null_makes_room_for_shortcuts() -> None:
    assert found("name: a\nrun:\ncontainer: {image: b}\n") == []


def test_an_operation_that_says_not_what_it_runs_is_found() -> None:
    assert [one[0] for one in found("kind: operation\nname: a\n")] == ["run-missing"]


def test_all_findings_come_at_once_sorted_by_place() -> None:
    rules = [one[:2] for one in found("kind: component\nname: a b\ntags: 3\nfoo: 1\nrun: {kind: nope}\n")]

    assert rules == [("name-invalid", 2), ("field-type", 3), ("field-unknown", 4), ("kind-unknown", 5)]


def test_a_wrong_kind_of_document_is_named() -> None:
    assert found("kind: operations\nhubRef: a\n") == [("kind-unknown", 1, 7, "operation")]
    assert [one[0] for one in found("")] == ["document-empty"]
    assert [one[0] for one in found("- a\n")] == ["field-type"]


@pytest.mark.parametrize(("text", "line"), [("---", 1), ("---\n# nothing\n---\n" + job(), 1), (job() + "---  ", 4)])
def test_an_empty_document_is_told_at_its_dashes(text: str, line: int) -> None:
    (only,) = (one for one in parse(text.encode(), "f.yaml").findings if one.rule == "document-empty")

    assert text.splitlines()[only.span.line - 1][only.span.column - 1 : only.span.end_column - 1] == "---"
    assert only.span.line == line


def test_a_repository_sets_the_severity_of_lowerable_rules_only() -> None:
    text = job("schedule: {kind: cron, cron: x}\nfoo: 1\n").encode()
    lowered = {"cron-invalid": Severity.NOTICE, "field-unknown": Severity.NOTICE}

    findings = parse(text, "f.yaml", lowered).findings

    assert [(one.rule, one.severity) for one in findings] == [
        ("cron-invalid", Severity.NOTICE),
        ("field-unknown", Severity.ERROR),
    ]


def test_a_patch_of_a_component_kept_elsewhere_is_only_warned_about() -> None:
    (remote,) = parse(b"kind: operation\nhubRef: a\nrunPatch: {foo: 1}\n", "f.yaml").findings
    (near,) = parse(b"kind: operation\npathRef: a\nrunPatch: {foo: 1}\n", "f.yaml").findings

    assert (remote.severity, near.severity) == (Severity.WARNING, Severity.ERROR)


def test_edges_conditions_and_triggers_are_kept() -> None:
    text = (
        "kind: operation\nhubRef: a\ndependencies: [x]\ntrigger: one_done\nconditions: x == 3\n"
        "skipOnUpstreamSkip: on\nevents: [{ref: ops.x, kinds: [run_status_running]}]\nisApproved: no\n"
    )
    op = flow(text).operation

    assert (op.dependencies, op.trigger, op.conditions) == (("x",), Trigger.ONE_DONE, "x == 3")
    assert (op.skip_on_upstream_skip, op.settings.is_approved) == (True, False)
    assert (op.events[0].ref, op.events[0].kinds) == ("ops.x", ("run_status_running",))


def test_a_schedule_has_our_timezone_overlap_and_missed() -> None:
    text = "kind: operation\nhubRef: a\nschedule: {kind: cron, cron: '@daily', timezone: Europe/Berlin, missed: all}\n"
    schedule = flow(text).operation.schedule

    assert schedule is not None
    assert (schedule.cron, schedule.timezone, schedule.overlap, schedule.missed) == (
        "0 0 * * *",
        "Europe/Berlin",
        "skip",
        "all",
    )


def test_a_frequency_is_in_seconds() -> None:
    schedule = flow("kind: operation\nhubRef: a\nschedule: {kind: interval, frequency: PT30M}\n").operation.schedule

    assert schedule is not None
    assert schedule.frequency == 1800.0


def test_a_preset_needs_no_run_and_refers_to_no_component() -> None:
    preset, findings = parse_preset(b"runPatch: {environment: {nodeName: a}}\nqueue: gpu\n", "presets/gpu.yaml")
    _, refused = parse_preset(b"hubRef: a\n", "presets/gpu.yaml")

    assert findings == ()
    assert preset is not None
    assert (preset.is_preset, preset.settings.queue) == (True, "gpu")
    assert preset.run_patch == {"environment": {"nodeName": "a"}}
    assert [one.rule for one in refused] == ["field-conflict"]


def test_the_span_of_a_missing_field_is_the_head_of_what_misses_it() -> None:
    (one,) = parse(b"kind: operation\nhubRef: a\nhooks:\n- trigger: done\n  queue: a\n", "f.yaml").findings

    assert (one.rule, one.span) == ("field-missing", Span(4, 3, 4, 10))


@given(st.text("abkindruo:{}[]-,& *\n#'\"|", max_size=200))
def test_no_text_raises(text: str) -> None:
    parse(text.encode(), "f.yaml")
    parse_preset(text.encode(), "f.yaml")


@pytest.mark.parametrize(
    ("given", "kept"), [("'{{ x }}'", []), ("['{{ x }}']", ["{{ x }}"]), ("[{name: A, value: old}]", [])]
)
def test_the_env_shortcut_stands_above_variables_and_templates_of_the_container(given, kept):
    text = f"env: {{A: b}}\nrun: {{kind: job, container: {{image: i, env: {given}}}}}\n"
    flow = parse(text.encode(), "flows/a.yaml").flows[0]

    assert flow.operation.component.run.data["container"]["env"] == [*kept, {"name": "A", "value": "b"}]
