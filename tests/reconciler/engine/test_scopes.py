"""Nested dags, sweeps, services and hooks."""

import pytest

from reconciler.engine.decisions import Limits
from reconciler.flows.model import IO, Trigger
from reconciler.plan.model import PlannedHook, PlannedMatrix, Source
from tests.reconciler.engine.driver import Driver, failed, graph, op, plan, single, succeeded

INNER = graph(op("prep"), op("train", ["prep"]))


def mapping(*values, **fields):
    return PlannedMatrix("mapping", values=list(values), **fields)


def sweep(name="tune", after=(), count=3, **fields):
    """A sweep over x = 0 … count - 1."""
    matrix = fields.pop("matrix", None) or mapping(*[{"x": i} for i in range(count)])
    inputs = fields.pop("inputs", (IO("x", "int"),))
    return op(name, after, matrix=matrix, inputs=inputs, sources={"x": Source("matrix")}, **fields)


# nested dags


@pytest.mark.parametrize("crashes", [False, True])
def test_a_nested_dag_runs_inside_its_op(crashes):
    run = Driver(plan(op("a"), op("nested", ["a"], graph=INNER), op("z", ["nested"])), crashes=crashes).settle()

    assert run.started == ["a", "nested.prep", "nested.train", "z"]
    assert run.status("nested") == "succeeded"
    assert run.run.status == "succeeded"


def test_a_nested_dag_takes_the_verdict_over_its_ops():
    run = Driver(plan(op("nested", graph=INNER), op("z", ["nested"])), {"nested.prep": failed()}).settle()

    assert run.statuses == {
        "nested": "failed",
        "nested.prep": "failed",
        "nested.train": "upstream_failed",
        "z": "upstream_failed",
    }
    assert run.rows["nested"].message == "Failed: nested.prep."


def test_ops_of_a_nested_dag_read_its_params_and_its_outputs_can_be_read():
    inner = graph(op("job", sources={"n": Source("dag", field="inputs.n")}))
    out = (IO("best", "int", has_value=True, is_optional=True, value="{{ ops.job.outputs.y }}"),)
    nested = op("nested", graph=inner, inputs=(IO("n", "int"),), sources={"n": Source("value", 4)}, outputs=out)
    reader = op("z", reads=["nested"], sources={"y": Source("op", op=0, field="outputs.best")})
    run = Driver(plan(nested, reader), {"nested.job": succeeded(y=7)}).settle()

    assert run.params("nested.job") == {"n": 4}
    assert run.params("z") == {"y": 7}


def test_a_stop_reaches_nested_ops():
    run = Driver(plan(op("nested", graph=INNER))).step().ask("stop", "nested").settle()

    assert run.statuses == {"nested": "stopped", "nested.prep": "stopped", "nested.train": "stopped"}


def test_a_nested_op_can_be_skipped_before_its_dag_is_reached():
    run = Driver(plan(op("a"), op("nested", ["a"], graph=INNER))).step().ask("skip", "nested.prep").settle()

    assert run.status("nested.prep") == "skipped"
    assert run.status("nested.train") == "succeeded"


def test_a_nested_dag_counts_as_one_in_the_concurrency_around_it():
    wide = graph(*[op(f"o{i}") for i in range(4)])
    run = Driver(plan(op("one", graph=wide), op("two", graph=wide), concurrency=1)).step()

    assert {path.partition(".")[0] for path in run.started} == {"one"}
    assert len(run.started) == 4
    assert run.settle().run.status == "succeeded"


def test_a_nested_dag_has_a_deadline():
    run = Driver(plan(op("nested", graph=INNER, timeout=5))).step().wait(5).settle()

    assert (run.status("nested"), run.rows["nested"].reason) == ("failed", "DeadlineExceeded")


# sweeps


@pytest.mark.parametrize("crashes", [False, True])
def test_a_sweep_runs_one_child_per_combination(crashes):
    run = Driver(plan(sweep()), crashes=crashes).settle()

    assert run.started == ["tune[0]", "tune[1]", "tune[2]"]
    assert [run.params(f"tune[{i}]") for i in range(3)] == [{"x": 0}, {"x": 1}, {"x": 2}]
    assert run.status("tune") == "succeeded"


def test_outputs_of_a_sweep_are_lists_in_order_of_the_index():
    reader = op("z", reads=["tune"], sources={"l": Source("op", op=0, field="outputs.loss")}, trigger=Trigger.ALL_DONE)
    does = {"tune[0]": succeeded(loss=5), "tune[1]": failed(), "tune[2]": succeeded(loss=7)}
    run = Driver(plan(sweep(), reader), does).settle()

    assert run.params("z") == {"l": [5, None, 7]}
    assert run.status("tune") == "failed"


def test_artifacts_of_a_sweep_are_a_list_too():
    reader = op("z", reads=["tune"], sources={"a": Source("op", op=0, field="artifacts")})
    run = Driver(plan(sweep(count=2), reader)).settle()

    assert run.params("z") == {"a": [f"/ctx/{run.rows[f'tune[{i}]'].attempt}" for i in range(2)]}


def test_values_of_a_mapping_come_from_an_upstream_and_are_kept():
    matrix = PlannedMatrix("mapping", values="{{ ops.a.outputs.list }}")
    run = Driver(plan(op("a"), sweep(after=["a"], matrix=matrix)), {"a": succeeded(list=[{"x": 8}, {"x": 9}])}).settle()

    assert run.rows["tune"].sweep["values"] == [{"x": 8}, {"x": 9}]
    assert run.params("tune[1]") == {"x": 9}


def test_an_input_that_no_combination_gives_fails_the_child():
    matrix = PlannedMatrix("mapping", values="{{ [{'x': 1}, {'y': 2}] }}")
    tune = op("tune", matrix=matrix, inputs=(IO("x", "int"),))
    run = Driver(plan(tune)).settle()

    assert (run.status("tune[0]"), run.status("tune[1]")) == ("succeeded", "failed")
    assert run.rows["tune[1]"].reason == "MissingInput"


def test_an_empty_mapping_succeeds():
    run = Driver(plan(sweep(matrix=mapping()), op("z", ["tune"]))).settle()

    assert run.statuses == {"tune": "succeeded", "z": "succeeded"}


def test_a_mapping_that_is_no_list_is_a_config_error():
    run = Driver(plan(sweep(matrix=PlannedMatrix("mapping", values="{{ 3 }}")))).settle()

    assert (run.status("tune"), run.rows["tune"].reason) == ("failed", "ConfigError")


def test_a_large_sweep_makes_no_rows_before_there_is_a_place():
    run = Driver(plan(sweep(count=10_000)), limits=Limits(slots=3)).step()

    assert sorted(run.rows) == ["tune", "tune[0]", "tune[1]", "tune[2]"]
    assert run.starved
    run.end("tune[1]")
    assert "tune[3]" in run.rows
    assert "tune[4]" not in run.rows


def test_a_sweep_has_a_concurrency_of_its_own():
    run = Driver(plan(sweep(matrix=mapping(*[{"x": i} for i in range(6)], concurrency=2)))).settle()

    assert run.most_live == 2
    assert run.status("tune") == "succeeded"


@pytest.mark.parametrize("crashes", [False, True])
def test_a_child_that_is_tried_again_keeps_its_place(crashes):
    matrix = mapping(*[{"x": i} for i in range(4)], concurrency=1)
    run = Driver(plan(sweep(matrix=matrix, max_retries=1)), {"tune[0]": failed()}, crashes=crashes).settle()

    assert run.started == ["tune[0]", "tune[0]", "tune[1]", "tune[2]", "tune[3]"]


@pytest.mark.parametrize("crashes", [False, True])
def test_a_sweep_of_dags_makes_one_dag_per_combination(crashes):
    inner = graph(op("prep", sources={"x": Source("dag", field="inputs.x")}), op("train", ["prep"]))
    run = Driver(plan(sweep(graph=inner, count=2)), limits=Limits(slots=1), crashes=crashes).settle()

    assert run.started == ["tune[0].prep", "tune[0].train", "tune[1].prep", "tune[1].train"]
    assert run.params("tune[1].prep") == {"x": 1}
    assert run.statuses["tune[1]"] == run.statuses["tune"] == "succeeded"


def test_a_flow_can_be_a_sweep():
    run = Driver(single(sweep(count=2))).settle()

    assert run.statuses == {"tune": "succeeded", "tune[0]": "succeeded", "tune[1]": "succeeded"}


def test_a_stopped_sweep_makes_no_more_children():
    run = Driver(plan(sweep(count=5)), limits=Limits(slots=1)).step().ask("stop", "tune").settle()

    assert run.statuses == {"tune": "stopped", "tune[0]": "stopped"}


# services


def test_a_service_is_declared_and_ends_when_it_is_ready():
    serve = op("serve", kind="service", run={"container": {"image": "i"}, "ports": [8000]})
    run = Driver(plan(serve, op("z", ["serve"])), crashes=True).step()
    assert [each.path for each in run.services] == ["serve"]
    assert run.services[0].spec.ports == (8000,)
    assert run.status("serve") == "running"

    run.service("serve")
    assert (run.status("serve"), run.rows["serve"].reason) == ("succeeded", "Ready")
    assert run.settle().run.status == "succeeded"
    assert len(run.services) == 1


def test_a_service_that_fails_fails_its_op():
    run = Driver(plan(op("serve", kind="service"))).step().service("serve", False, reason="ImagePullBackOff")

    assert (run.status("serve"), run.rows["serve"].reason) == ("failed", "ImagePullBackOff")


# hooks


def hooked(trigger="done", conditions=None, **fields):
    return op("a", hooks=(PlannedHook(op("a-hook")[0], trigger, conditions),), **fields)


@pytest.mark.parametrize("crashes", [False, True])
def test_a_hook_runs_after_its_op_and_never_changes_its_result(crashes):
    run = Driver(plan(hooked()), {"a!0": failed()}, crashes=crashes).settle()

    assert run.statuses == {"a": "succeeded", "a!0": "failed"}
    assert run.run.status == "succeeded"


@pytest.mark.parametrize(("trigger", "runs"), [("failed", True), ("done", True), ("succeeded", False)])
def test_a_hook_follows_the_status_it_is_meant_for(trigger, runs):
    run = Driver(plan(hooked(trigger)), {"a": failed()}).settle()

    assert ("a!0" in run.rows) is runs


def test_a_hook_is_told_of_its_op():
    run = Driver(plan(hooked()), {"a": succeeded(loss=2)}).settle()

    assert run.params("a!0")["status"] == "succeeded"
    assert run.params("a!0")["outputs"] == {"loss": 2}


def test_a_hook_whose_condition_is_false_is_skipped():
    run = Driver(plan(hooked(conditions="{{ outputs.loss < 1 }}")), {"a": succeeded(loss=2)}).settle()

    assert run.status("a!0") == "skipped"
    assert run.run.status == "succeeded"


def test_no_hook_starts_after_a_stop():
    run = Driver(plan(hooked())).step().ask("stop").settle()

    assert run.statuses == {"a": "stopped"}


@pytest.mark.parametrize("crashes", [False, True])
def test_a_hook_may_be_a_dag(crashes):
    hook = PlannedHook(op("a-hook", graph=INNER)[0], "done")
    run = Driver(plan(op("a", hooks=(hook,))), crashes=crashes).settle()

    assert run.started == ["a", "a!0.prep", "a!0.train"]
    assert run.status("a!0") == run.run.status == "succeeded"


@pytest.mark.parametrize("crashes", [False, True])
def test_hooks_of_the_flow_run_at_its_end(crashes):
    root = {"hooks": (PlannedHook(op("flow-hook")[0], "done"),)}
    run = Driver(plan(op("a"), root=root), crashes=crashes).settle()

    assert run.started == ["a", "!0"]
    assert run.params("!0")["status"] == "succeeded"
    assert run.run.status == "succeeded"
