"""Params, conditions, templates and outputs of ops."""

import pytest

from reconciler.flows.model import IO
from reconciler.plan.model import Source
from tests.reconciler.engine.driver import Driver, failed, op, plan, succeeded


def spec_of(run, path):
    return next(spec for spec in run.live.values() if spec.op == path)


def reads_loss(**fields):
    """`b` reads the output `loss` of `a`."""
    source = {"x": Source("op", op=0, field="outputs.loss")}
    io = fields.pop("io", IO("x", "float"))
    return op("b", reads=["a"], sources=source, inputs=(io,), **fields)


def test_a_param_takes_the_output_of_an_upstream():
    run = Driver(plan(op("a"), reads_loss()), {"a": succeeded(loss=2)}).settle()

    assert run.params("b") == {"x": 2.0}


def test_a_required_input_whose_upstream_gave_nothing_fails_the_op():
    run = Driver(plan(op("a"), reads_loss()), {"a": succeeded()}).settle()

    assert (run.status("b"), run.rows["b"].reason) == ("failed", "MissingInput")
    assert run.rows["b"].message == "Input `x` has no value: op `a` ended succeeded without outputs.loss."


def test_an_optional_input_takes_its_default():
    io = IO("x", "float", is_optional=True, has_value=True, value=0.5)
    run = Driver(plan(op("a"), reads_loss(io=io)), {"a": succeeded()}).settle()

    assert run.params("b") == {"x": 0.5}


def test_a_value_of_the_wrong_type_fails_the_op_with_a_sentence():
    run = Driver(plan(op("a"), reads_loss()), {"a": succeeded(loss="much")}).settle()

    assert run.rows["b"].reason == "ConfigError"
    assert "`x`" in run.rows["b"].message


def test_templates_of_the_run_section_see_params_globals_and_upstreams():
    args = ["{{ x }}", "{{ params.x.as_arg }}", "{{ globals.run_outputs_path }}", "{{ ops.a.outputs.loss }}"]
    run = Driver(plan(op("a"), reads_loss(run={"container": {"image": "i", "args": args}})), {"a": succeeded(loss=2)})
    run.step().end("a")
    spec = spec_of(run, "b")

    assert spec.run_section["container"]["args"] == ["2.0", "--x=2.0", f"/ctx/{spec.attempt}/outputs", "2"]


def test_a_template_that_cannot_be_computed_fails_the_op():
    run = Driver(plan(op("a", run={"container": {"args": ["{{ 1 / 0 }}"]}}))).settle()

    assert (run.status("a"), run.rows["a"].reason) == ("failed", "ConfigError")
    assert "divides by zero" in run.rows["a"].message


def test_inputs_reach_the_environment_and_init_containers():
    inputs = (IO("lr", "float", to_env="LR"), IO("code", "git", to_init=True))
    sources = {"lr": Source("value", 0.1), "code": Source("value", {"url": "u"})}
    run = Driver(plan(op("a", inputs=inputs, sources=sources))).step()
    spec = spec_of(run, "a")

    assert spec.env == {"LR": "0.1"}
    assert spec.init == ({"git": {"url": "u"}},)


def test_an_op_of_a_dag_reads_the_inputs_of_the_dag():
    root = {"inputs": (IO("n", "int"),), "sources": {"n": Source("value", "3")}}
    run = Driver(plan(op("a", sources={"n": Source("dag", field="inputs.n")}), root=root)).settle()

    assert run.params("a") == {"n": 3}
    assert run.run.params == {"n": 3}


def test_artifacts_of_an_upstream_are_its_directory():
    source = {"data": Source("op", op=0, field="artifacts.model")}
    run = Driver(plan(op("a"), op("b", reads=["a"], sources=source))).settle()

    assert run.params("b") == {"data": f"/ctx/{run.rows['a'].artifacts}/model"}


@pytest.mark.parametrize(("loss", "status"), [(2, "skipped"), (0.5, "succeeded")])
def test_a_condition_that_is_false_skips_the_op(loss, status):
    run = Driver(plan(op("a"), reads_loss(conditions="x < 1")), {"a": succeeded(loss=loss)}).settle()

    assert run.status("b") == status


def test_a_false_condition_is_kept_with_its_values():
    run = Driver(plan(op("a"), reads_loss(conditions="{{ x < 1 }}")), {"a": succeeded(loss=2)}).settle()

    assert run.rows["b"].condition == "{{ x < 1 }} (with x = 2.0)"


def test_outputs_become_values_of_their_declared_types():
    run = Driver(plan(op("a", outputs=(IO("loss", "float"),))), {"a": succeeded(loss=1, more="kept")}).settle()

    assert run.rows["a"].outputs == {"loss": 1.0, "more": "kept"}


@pytest.mark.parametrize("outputs", [{}, {"loss": "much"}, {"loss": None}])
def test_missing_or_wrong_outputs_fail_the_op(outputs):
    run = Driver(plan(op("a", outputs=(IO("loss", "float"),))), {"a": succeeded(**outputs)}).settle()

    assert (run.status("a"), run.rows["a"].reason) == ("failed", "BadOutputs")


def test_a_dag_gives_the_outputs_that_it_declares():
    declared = (IO("best", "float", has_value=True, is_optional=True, value="{{ ops.a.outputs.loss }}"),)
    run = Driver(plan(op("a"), root={"outputs": declared}), {"a": succeeded(loss=2)}).settle()

    assert run.run.outputs == {"best": 2.0}


def test_a_failed_upstream_that_gave_an_output_can_be_read():
    from reconciler.flows.model import Trigger

    does = {"a": lambda spec: failed()(spec).__class__(spec.attempt, "failed", 0.0, outputs={"loss": 3})}
    run = Driver(plan(op("a"), reads_loss(trigger=Trigger.ALL_DONE)), does).settle()

    assert run.params("b") == {"x": 3.0}
