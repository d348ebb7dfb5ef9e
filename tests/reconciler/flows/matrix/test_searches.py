"""Facts about searches: all fields of every kind are read, and those that nothing runs yet do not start."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.flows.matrix.table import MATRICES
from tests.reconciler.engine.driver import Driver
from tests.reconciler.flows.said import CONTAINER, built, rules

INPUTS = [
    {"name": "lr", "type": "float"},
    {"name": "layers", "type": "int"},
    {"name": "steps", "type": "int", "value": 1},
]
OUTPUTS = [{"name": "loss", "type": "float"}]
INTERVALS = {"evaluationInterval": 2, "minInterval": 1, "minSamples": 3}
STOPPING: list[dict[str, Any]] = [
    {
        "kind": "metric_early_stopping",
        "metric": "loss",
        "value": 0.1,
        "optimization": "minimize",
        "policy": {"kind": "median", **INTERVALS},
    },
    {
        "kind": "metric_early_stopping",
        "metric": "loss",
        "value": 0.2,
        "optimization": "maximize",
        "policy": {"kind": "truncation", "percent": 50, "includeSucceeded": True, **INTERVALS},
    },
    {
        "kind": "metric_early_stopping",
        "metric": "loss",
        "value": 0.3,
        "optimization": "minimize",
        "policy": {"kind": "diff", "percent": 5.5, **INTERVALS},
    },
    {"kind": "failure_early_stopping", "percent": 50},
]
PARAMS = {
    "lr": {"kind": "uniform", "value": {"low": 0, "high": 1}},
    "layers": {"kind": "range", "value": {"start": 1, "stop": 5, "step": 1}},
}
COUNTED = {"lr": {"kind": "choice", "value": [0.1, 0.2]}, "layers": {"kind": "range", "value": [1, 5, 1]}}
SHARED = {"concurrency": 2, "earlyStopping": STOPPING}
TUNER = {
    "hubRef": "my-tuner:1",
    "presets": ["small"],
    "queue": "agent/tuners",
    "namespace": "tuning",
    "params": {"depth": {"value": 3}},
}
METRIC = {"name": "loss", "optimization": "minimize"}
RESOURCE = {"name": "steps", "type": "int"}
FUNCTION = {
    "acquisitionFunction": "ucb",
    "gaussianProcess": {"kernel": "rbf", "lengthScale": 1.5, "nu": 2.5, "numRestartsOptimizer": 2},
    "kappa": 2.5,
    "eps": 0.1,
    "numWarmup": 10,
    "numIterations": 5,
}
ITERATED = {"params": PARAMS, "maxIterations": 9, "metric": METRIC, "seed": 1, "tuner": TUNER, **SHARED}
ALL_FIELDS: dict[str, dict[str, Any]] = {
    "mapping": {"values": [{"lr": 0.1, "layers": 1}, {"lr": 0.2, "layers": 2}], **SHARED},
    "grid": {"params": COUNTED, "numRuns": 4, **SHARED},
    "random": {"params": PARAMS, "numRuns": 4, "seed": 1, **SHARED},
    "hyperband": {**ITERATED, "eta": 3, "resource": RESOURCE, "resume": True},
    "bayes": {**ITERATED, "numInitialRuns": 3, "utilityFunction": FUNCTION},
    "tpe": {**ITERATED, "numRuns": 4},
    "hyperopt": {**ITERATED, "numRuns": 4, "algorithm": "anneal"},
    "iterative": {key: value for key, value in ITERATED.items() if key != "metric"},
    "asha": {**ITERATED, "numRuns": 20, "minIterations": 1, "eta": 3, "resource": RESOURCE},
}
LATER = [name for name, kind in MATRICES.items() if not kind.runs]


def sweep(matrix: dict[str, Any], **fields: Any) -> dict[str, Any]:
    run = {"kind": "job", "container": {**CONTAINER, "args": ["{{ lr }}", "{{ layers }}", "{{ steps }}"]}}
    component = {"inputs": INPUTS, "outputs": OUTPUTS, "run": run, **fields}
    return {"kind": "operation", "name": "tune", "matrix": matrix, "component": component}


def search(kind: str, **fields: Any) -> dict[str, Any]:
    return sweep({"kind": kind, **ALL_FIELDS[kind], **fields})


def without(kind: str, name: str) -> dict[str, Any]:
    return sweep({"kind": kind, **{key: value for key, value in ALL_FIELDS[kind].items() if key != name}})


def test_every_kind_is_tried_here() -> None:
    assert set(ALL_FIELDS) == set(MATRICES)


@pytest.mark.parametrize("kind", ALL_FIELDS)
def test_all_fields_of_a_kind_are_read(kind: str) -> None:
    made, findings = built(search(kind))
    later = [("kind-unsupported", "warning", 5)] if kind in LATER else []

    assert [(one.rule, str(one.severity), one.span.line) for one in findings] == later
    assert made.plan is not None
    assert made.plan.root.matrix is not None
    known = {"values", "params", "numRuns", "seed", "concurrency", "earlyStopping"}
    assert made.plan.root.matrix.extra == {key: value for key, value in ALL_FIELDS[kind].items() if key not in known}
    assert len(made.plan.root.matrix.early_stopping) == len(STOPPING)


@pytest.mark.parametrize("kind", LATER)
def test_a_search_that_nothing_runs_does_not_start(kind: str) -> None:
    made, _ = built(search(kind))
    assert made.plan is not None
    driver = Driver(made.plan).step()

    assert (driver.run.status, driver.run.reason) == ("failed", "Unsupported")
    assert driver.run.message == (
        f"tune: Searches of kind `{kind}` cannot be run yet; mapping, grid, random can. (flow.yaml:1)"
    )
    assert driver.started == []


@pytest.mark.parametrize("kind", ALL_FIELDS)
def test_a_field_that_a_kind_does_not_have_is_told(kind: str) -> None:
    assert rules(search(kind, iterations=3)) == [("error", "field-unknown")]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("mapping", "values"),
        ("grid", "params"),
        ("random", "numRuns"),
        ("bayes", "numInitialRuns"),
        ("bayes", "maxIterations"),
        ("bayes", "metric"),
        ("tpe", "metric"),
        ("hyperopt", "numRuns"),
        ("iterative", "maxIterations"),
        ("asha", "metric"),
        ("asha", "resource"),
        ("asha", "maxIterations"),
    ],
)
def test_a_field_that_a_kind_needs_is_missed(kind: str, name: str) -> None:
    assert ("error", "field-missing") in rules(without(kind, name))


@pytest.mark.parametrize(
    ("kind", "name"),
    [*(("hyperband", name) for name in ("maxIterations", "eta", "resource", "metric")), ("iterative", "tuner")],
)
def test_what_the_language_does_not_ask_for_and_a_search_cannot_do_without_is_a_warning(kind: str, name: str) -> None:
    assert ("warning", "field-missing") in rules(without(kind, name))


@pytest.mark.parametrize(
    ("kind", "fields", "rule"),
    [
        ("grid", {"params": PARAMS}, "matrix-param-invalid"),
        ("bayes", {"params": {**PARAMS, "lr": {"kind": "normal", "value": [0, 1]}}}, "matrix-param-invalid"),
        ("bayes", {"params": {**PARAMS, "lr": {"kind": "pchoice", "value": [[1, 0.5]]}}}, "matrix-param-invalid"),
        ("bayes", {"utilityFunction": {"acquisitionFunction": "ucb"}}, "field-missing"),
        ("bayes", {"utilityFunction": {"acquisitionFunction": "ei", "kappa": 1}}, "field-missing"),
        ("bayes", {"utilityFunction": {}}, "field-missing"),
        ("bayes", {"utilityFunction": {**FUNCTION, "acquisitionFunction": "eii"}}, "value-not-allowed"),
        ("bayes", {"utilityFunction": {**FUNCTION, "gaussianProcess": {"kernel": "cubic"}}}, "value-not-allowed"),
        ("bayes", {"numInitialRuns": 0}, "value-not-allowed"),
        ("hyperband", {"eta": -1}, "value-not-allowed"),
        ("hyperband", {"maxIterations": 0}, "value-not-allowed"),
        ("hyperband", {"resource": {"name": "steps", "type": "text"}}, "value-not-allowed"),
        ("hyperband", {"metric": {"name": "loss", "optimization": "less"}}, "value-not-allowed"),
        ("hyperband", {"metric": {"optimization": "minimize"}}, "field-missing"),
        ("hyperopt", {"algorithm": "grid"}, "value-not-allowed"),
        ("tpe", {"algorithm": "tpe"}, "field-unknown"),
        ("tpe", {"tuner": {"queue": "a"}}, "field-missing"),
        ("tpe", {"tuner": {"hubRef": "a", "params": {"depth": 3}}}, "field-type"),
        ("asha", {"eta": 1}, "value-not-allowed"),
        ("asha", {"minIterations": 20}, "value-not-allowed"),
        ("random", {"concurrency": 0}, "value-not-allowed"),
        ("random", {"earlyStopping": [{"kind": "median"}]}, "kind-unknown"),
        ("random", {"earlyStopping": [{"kind": "failure_early_stopping"}]}, "field-missing"),
        ("random", {"earlyStopping": [{**STOPPING[0], "optimization": "least"}]}, "value-not-allowed"),
        ("random", {"earlyStopping": [{**STOPPING[0], "policy": {"kind": "mean"}}]}, "kind-unknown"),
        ("random", {"earlyStopping": [{**STOPPING[0], "policy": {"kind": "diff", "percent": 5}}]}, "field-missing"),
        ("random", {"earlyStopping": [{**STOPPING[0], "policy": {"kind": "median", "percent": 5}}]}, "field-unknown"),
    ],
)
def test_a_wrong_use_is_one_finding(kind: str, fields: dict[str, Any], rule: str) -> None:
    assert rules(search(kind, **fields)) == [("error", rule)]


def test_an_eta_that_leaves_nothing_out_is_a_warning() -> None:
    assert rules(search("hyperband", eta=1)) == [("warning", "value-not-allowed")]


def test_a_matrix_of_a_kind_that_is_almost_one_is_told_which() -> None:
    _, findings = built({**search("bayes"), "matrix": {**ALL_FIELDS["bayes"], "kind": "bayse"}})

    assert ("kind-unknown", "bayes") in [(one.rule, one.suggestion) for one in findings]


def test_a_metric_that_is_almost_an_output_is_noticed() -> None:
    _, findings = built(search("tpe", metric={"name": "los"}))

    assert [(one.rule, str(one.severity), one.suggestion) for one in findings if one.rule == "output-unknown"] == [
        ("output-unknown", "notice", "loss")
    ]


def test_a_metric_that_no_output_is_near_to_may_be_sent_while_the_op_runs() -> None:
    assert rules(search("tpe", metric={"name": "accuracy"})) == []


def test_a_resource_is_a_param_of_the_children() -> None:
    assert rules(search("hyperband", resource={"name": "epochs", "type": "int"})) == [("error", "matrix-param-unknown")]
