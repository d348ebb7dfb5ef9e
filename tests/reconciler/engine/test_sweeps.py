"""The values of a sweep's children: grids, random draws, every distribution."""

import pytest

from reconciler.engine import draws
from reconciler.engine.sweeps import child_values, permuted
from reconciler.plan.model import PlannedMatrix
from tests.reconciler.engine.driver import Driver, op, plan


def space(kind, seed="s", **params):
    return {
        "kind": kind,
        "seed": seed,
        "params": [[name, of, draws.fields(of, value)] for name, (of, value) in params.items()],
    }


def children(sweep, count):
    return [dict(child_values(sweep, index)) for index in range(count)]


def test_a_grid_goes_through_the_product_in_declared_order():
    sweep = space("grid", b=("choice", ["x", "y"]), a=("range", "0:3:1"))

    assert children(sweep, 6) == [
        *({"b": "x", "a": 0}, {"b": "x", "a": 1}, {"b": "x", "a": 2}),
        *({"b": "y", "a": 0}, {"b": "y", "a": 1}, {"b": "y", "a": 2}),
    ]


def test_a_grid_is_never_materialised():
    sweep = space("grid", **{name: ("range", [0, 1000, 1]) for name in "abcd"})

    assert child_values(sweep, 10**12 - 1) == dict.fromkeys("abcd", 999)


@pytest.mark.parametrize("seed", range(20))
def test_random_draws_of_a_discrete_space_are_distinct_and_cover_it(seed):
    sweep = space("random", seed=str(seed), a=("range", [0, 7, 1]), b=("choice", ["x", "y", "z"]))
    drawn = {tuple(child.values()) for child in children(sweep, 21)}

    assert len(drawn) == 21


def test_random_draws_are_functions_of_seed_and_index():
    one, other = space("random", "1", a=("uniform", [0, 1])), space("random", "2", a=("uniform", [0, 1]))

    assert children(one, 5) == children(one, 5)
    assert child_values(one, 3) == children(one, 5)[3]
    assert children(one, 5) != children(other, 5)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 16, 17, 1000])
def test_a_permutation_takes_every_index_somewhere_else(size):
    assert sorted(permuted(size, "seed", index) for index in range(size)) == list(range(size))


def test_likely_values_come_first_and_none_comes_twice():
    pairs = [["often", 0.98], ["rarely", 0.01], ["never", 0.0]]
    first = [child_values(space("random", str(seed), a=("pchoice", pairs)), 0)["a"] for seed in range(100)]

    assert first.count("often") > 90
    drawn = children(space("random", "s", a=("pchoice", pairs)), 3)
    assert {child["a"] for child in drawn} == {"often", "rarely", "never"}
    assert drawn[2]["a"] == "never"


@pytest.mark.parametrize(
    ("kind", "value", "items"),
    [
        ("choice", [1, "a", None], [1, "a", None]),
        ("range", {"start": 1, "stop": 4, "step": 2}, [1, 3]),
        ("range", [0.0, 0.3, 0.1], [0.0, 0.1, 0.2]),
        ("range", "2:8:3", [2, 5]),
        ("linspace", [0, 1, 5], [0, 0.25, 0.5, 0.75, 1.0]),
        ("linspace", [3, 4, 1], [3]),
        ("geomspace", [1, 100, 3], [1, 10, 100]),
        ("logspace", [0, 2, 3], [1, 10, 100]),
        ("logspace", [0, 2, 3, 2], [1, 2, 4]),
        ("daterange", ["2026-01-30", "2026-02-02", 1], ["2026-01-30", "2026-01-31", "2026-02-01"]),
        (
            "datetimerange",
            ["2026-01-01T00:00:00", "2026-01-01T02:00:00", 3600],
            ["2026-01-01T00:00:00", "2026-01-01T01:00:00"],
        ),
    ],
)
def test_discrete_params(kind, value, items):
    values = draws.fields(kind, value)

    assert draws.size(kind, values) == len(items)
    found = [draws.item(kind, values, index) for index in range(len(items))]
    assert found == [pytest.approx(item) if isinstance(item, float) else item for item in items] or found == (
        pytest.approx(items)
    )


@pytest.mark.parametrize(
    ("kind", "value", "low", "high"),
    [
        ("uniform", [2, 3], 2, 3),
        ("uniform", "2:3", 2, 3),
        ("quniform", {"low": 0, "high": 10, "q": 2.5}, 0, 10),
        ("loguniform", [0, 1], 1, 2.71829),
        ("qloguniform", [0, 3, 1], 1, 21),
        ("normal", [100, 1], 90, 110),
        ("qnormal", [100, 1, 5], 90, 110),
        ("lognormal", [0, 0.1], 0.5, 2),
        ("qlognormal", [2, 0.1, 1], 4, 12),
    ],
)
def test_continuous_params(kind, value, low, high):
    values = draws.fields(kind, value)
    drawn = [draws.draw(kind, values, f"seed{index}") for index in range(200)]

    assert draws.size(kind, values) is None
    assert all(low <= one <= high for one in drawn)
    assert len(set(drawn)) > 1


def test_quantised_draws_are_multiples():
    values = draws.fields("quniform", [0, 10, 2.5])

    assert {draws.draw("quniform", values, str(index)) for index in range(100)} <= {0.0, 2.5, 5.0, 7.5, 10.0}


def test_a_draw_may_be_a_list():
    assert len(draws.draw("uniform", draws.fields("uniform", [0, 1, 4]), "s")) == 4


@pytest.mark.parametrize(("kind", "value"), [("uniform", [1]), ("range", "a:b:c"), ("choice", []), ("nope", [1])])
def test_what_cannot_be_read_is_said(kind, value):
    with pytest.raises(ValueError):
        draws.fields(kind, value)


def matrix_op(kind, num_runs=None, seed=None, **params):
    searched = tuple((name, {"kind": of, "value": value}) for name, (of, value) in params.items())
    return op("tune", matrix=PlannedMatrix(kind, params=searched, num_runs=num_runs, seed=seed))


@pytest.mark.parametrize(("kind", "num_runs", "planned"), [("grid", None, 6), ("grid", 4, 4), ("random", 100, 6)])
def test_the_number_of_children_is_bounded_by_the_space(kind, num_runs, planned):
    tune = matrix_op(kind, num_runs, a=("choice", [1, 2]), b=("choice", [1, 2, 3]))
    run = Driver(plan(tune)).settle()

    assert run.rows["tune"].sweep["planned"] == planned
    assert len(run.started) == planned


def test_the_seed_is_the_first_run_of_the_chain_unless_given():
    tune = matrix_op("random", 2, a=("uniform", [0, 1]))
    assert Driver(plan(tune)).settle().rows["tune"].sweep["seed"] == "run1"
    tune = matrix_op("random", 2, seed=7, a=("uniform", [0, 1]))
    assert Driver(plan(tune)).settle().rows["tune"].sweep["seed"] == "7"


def test_a_grid_of_a_distribution_is_a_config_error():
    run = Driver(plan(matrix_op("grid", a=("uniform", [0, 1])))).settle()

    assert (run.status("tune"), run.rows["tune"].reason) == ("failed", "ConfigError")
