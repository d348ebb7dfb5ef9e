"""Facts about references: hub, paths, presets, cycles."""

from __future__ import annotations

import pytest

JOB = "kind: component\nname: job\ninputs: [{name: x, type: int, value: 1}]\nrun: {kind: job, container: {image: a}}\n"


def op(ref, more=""):
    return f"kind: operation\nname: f\n{ref}\n{more}\n"


def test_a_path_is_relative_to_the_file(built):
    result = built(op("pathRef: ../parts/job.yaml"), {"parts/job.yaml": JOB}, file="flows/f.yaml")
    assert (result.plan.root.component, result.references) == ("job", ("parts/job.yaml",))


@pytest.mark.parametrize("path", ["../job.yaml", "/etc/passwd", "a/../../x.yaml"])
def test_a_path_never_leaves_the_repository(built, path):
    result = built(op(f"pathRef: {path}"))
    assert [found.rule for found in result.findings] == ["ref-outside"]
    assert result.references == ()


@pytest.mark.parametrize(
    ("ref", "file"),
    [("job", "hub/job.yaml"), ("job", "hub/job.yml"), ("job:v1", "hub/job/v1.yaml"), ("org/job", "hub/org/job.yaml")],
)
def test_the_hub_is_a_folder(built, ref, file):
    result = built(op(f"hubRef: {ref}"), {file: JOB})
    assert result.plan is not None
    assert file in result.references


@pytest.mark.parametrize(
    ("ref", "rule"),
    [
        ("hubRef: nope", "ref-not-found"),
        ("hubRef: ../nope", "ref-not-found"),
        ("pathRef: ./nope.yaml", "ref-not-found"),
        ("urlRef: https://example.org/c.yaml", "ref-not-allowed"),
    ],
)
def test_what_is_not_there_is_one_error(built, ref, rule):
    result = built(op(ref))
    assert [found.rule for found in result.findings] == [rule]


def test_a_cycle_across_files_is_named_in_full(built):
    files = {"a.yaml": op("pathRef: ./b.yaml"), "b.yaml": op("pathRef: ./a.yaml")}
    (found,) = built(op("pathRef: ./a.yaml"), files).findings
    assert found.rule == "ref-cycle"
    assert "a.yaml → b.yaml → a.yaml" in found.message


def test_a_component_that_contains_itself_is_a_cycle(built):
    text = """\
    kind: component
    name: f
    run:
      kind: dag
      operations: [{name: top, dagRef: loop}]
      components:
      - name: loop
        run: {kind: dag, operations: [{name: again, dagRef: loop}]}
    """
    (found,) = built(text).findings
    assert found.rule == "ref-cycle"
    assert "loop → loop" in found.message


def test_a_nested_dag_reaches_the_components_around_it(built):
    text = """\
    kind: component
    name: f
    run:
      kind: dag
      operations: [{name: top, dagRef: inner}]
      components:
      - name: inner
        run: {kind: dag, operations: [{name: deep, dagRef: job}]}
      - name: job
        run: {kind: job, container: {image: a}}
    """
    assert built(text).plan.graph.ops[0].graph.ops[0].component == "job"


def test_a_file_brings_its_own_params_and_matrix(built):
    part = JOB + "matrix: {kind: mapping, values: [{x: 1}, {x: 2}]}\ntermination: {timeout: 5}\n"
    root = built(op("pathRef: ./job.yaml"), {"job.yaml": part}).plan.root
    assert (root.matrix.values, root.timeout) == ([{"x": 1}, {"x": 2}], 5)


def test_mistakes_of_a_referenced_file_are_told_in_that_file(built):
    part = JOB.replace("image: a", "image: a, args: ['{{ nope }}']")
    (found,) = built(op("pathRef: ./job.yaml"), {"job.yaml": part}).findings
    assert (found.rule, found.file, found.span.line) == ("template-unknown-name", "job.yaml", 4)


def test_a_preset_has_its_say_before_the_image_is_missed(built):
    part = JOB.replace("container: {image: a}", "container: {command: [x]}")
    preset = "isPreset: true\nrunPatch: {container: {image: b}}\nqueue: gpu\n"
    files = {"job.yaml": part, "presets/gpu.yaml": preset}
    result = built(op("pathRef: ./job.yaml", "presets: [gpu]"), files)
    assert result.findings == ()
    assert (result.plan.root.run["container"]["image"], result.plan.root.queue) == ("b", "gpu")
    assert "presets/gpu.yaml" in result.references


def test_a_preset_that_is_not_there_is_an_error(built):
    (found,) = built(op("pathRef: ./job.yaml", "presets: [cpu]"), {"job.yaml": JOB}).findings
    assert (found.rule, found.span.line) == ("ref-not-found", 4)


def test_the_preset_of_a_list_that_is_not_there_is_pointed_at(built):
    text = op("pathRef: ./job.yaml", "presets: [gpu, cpu]")
    (found,) = built(text, {"job.yaml": JOB, "presets/gpu.yaml": "isPreset: true\nqueue: gpu\n"}).findings
    span = found.span
    assert text.splitlines()[span.line - 1][span.column - 1 : span.end_column - 1] == "cpu"


def test_a_run_patch_changes_the_run(built):
    patch = "runPatch: {container: {resources: {limits: {cpu: 2}}}}"
    root = built(op("pathRef: ./job.yaml", patch), {"job.yaml": JOB}).plan.root
    assert root.run["container"] == {"image": "a", "resources": {"limits": {"cpu": "2"}}}


def test_a_hook_is_an_op_with_the_facts_of_its_parent(built):
    hub = JOB.replace("x, type: int, value: 1", "status, type: str").replace(
        "{image: a}", "{image: a, args: ['{{ status }} {{ uuid }}']}"
    )
    result = built(
        op("pathRef: ./job.yaml", "hooks: [{hubRef: say, trigger: failed}]"), {"job.yaml": JOB, "hub/say.yaml": hub}
    )
    assert result.findings == ()
    (hook,) = result.plan.root.hooks
    assert (hook.trigger, hook.op.component) == ("failed", "job")


def test_a_severity_of_the_repository_lets_a_plan_pass(built):
    text = "kind: component\nname: f\nrun: {kind: job, container: {command: [x]}}"
    assert built(text).plan is None
    assert built(text, severities={"image-missing": "warning"}).plan is not None


def test_an_inner_component_may_have_the_name_of_an_outer_one(built):
    text = """\
    kind: component
    name: f
    run:
      kind: dag
      operations: [{name: top, dagRef: train}]
      components:
      - name: train
        run:
          kind: dag
          operations: [{name: deep, dagRef: train}]
          components:
          - {name: train, run: {kind: job, container: {image: a}}}
    """
    assert built(text).plan.graph.ops[0].graph.ops[0].kind == "job"


def test_a_broken_preset_is_told_in_its_file_and_is_not_missing(built):
    files = {"job.yaml": JOB, "presets/gpu.yaml": "queue: [1"}
    found = built(op("pathRef: ./job.yaml", "presets: [gpu]"), files).findings
    assert {one.file for one in found} == {"presets/gpu.yaml"}


def test_a_hook_whose_component_calls_itself_is_a_cycle(built):
    hub = JOB + "hooks: [{hubRef: say}]\n"
    found = built(op("pathRef: ./job.yaml", "hooks: [{hubRef: say}]"), {"job.yaml": JOB, "hub/say.yaml": hub}).findings
    assert [one.rule for one in found] == ["ref-cycle"]


def test_a_referenced_file_brings_its_schedule(built):
    part = JOB + "schedule: {kind: cron, cron: '0 1 * * *'}\n"
    assert built(op("pathRef: ./job.yaml"), {"job.yaml": part}).plan.schedule.cron == "0 1 * * *"


HUB_JOB = "name: {name}\n{hooks}run: {{kind: job, container: {{image: a}}}}\n"


def hub(**hooks):
    """Components of the hub by name, each with the hubRefs of its own hooks."""
    lists = {name: ", ".join(f"{{hubRef: {ref}}}" for ref in refs) for name, refs in hooks.items()}
    return {f"hub/{name}.yaml": HUB_JOB.format(name=name, hooks=f"hooks: [{refs}]\n") for name, refs in lists.items()}


@pytest.mark.parametrize("text", [op("hubRef: x", "hooks: [{hubRef: x}]"), op("hubRef: outer", "hooks: [{hubRef: x}]")])
def test_an_op_may_be_followed_by_the_component_that_it_runs(built, text):
    files = hub(x=[]) | {"hub/outer.yaml": "name: outer\nops: [{name: a, hubRef: x, hooks: [{hubRef: x}]}]\n"}
    result = built(text, files)
    assert [found.rule for found in result.findings] == []
    assert [hook.op.component for hook in result.plan.root.hooks] == ["x"]


@pytest.mark.parametrize(
    ("files", "file", "names"),
    [(hub(x=["x"]), "hub/x.yaml", "x → x"), (hub(x=["y"], y=["x"]), "hub/x.yaml", "x → y → x")],
)
def test_hooks_that_lead_to_themselves_are_found_in_their_file(built, files, file, names):
    (found,) = built(op("hubRef: x"), files).findings
    assert (found.rule, found.file, found.span.line) == ("ref-cycle", file, 2)
    assert names in found.message


@pytest.mark.slow
def test_hooks_that_multiply_come_to_an_end(built):
    names = [f"c{number}" for number in range(9)]
    files = hub(**{name: [other for other in names if other != name] for name in names})
    assert "yaml-too-large" in {found.rule for found in built(op("hubRef: c0"), files).findings}
