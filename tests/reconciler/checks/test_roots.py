"""Whom an op that was not run waited for in vain."""

from reconciler.checks.ops import views
from reconciler.checks.roots import roots_of_failure
from tests.reconciler.checks.samples import CHURN, graph, op, plan, state


def not_run(path):
    return state(path, "upstream_failed", at=(None, None))


def test_the_root_is_named_through_any_number_of_ops():
    chain = plan(op("a"), op("b", "a"), op("c", "b"))
    seen = views(chain, (state("a", "failed"), not_run("b"), not_run("c")))

    assert roots_of_failure(chain, seen) == {"b": "a", "c": "a"}


def test_of_a_failed_sweep_the_child_that_failed_first_is_the_root():
    ops = (
        state("train", "failed"),
        state("train[0]", "failed", at=(0.0, 20.0)),
        state("train[1]", "failed", at=(0.0, 10.0)),
        not_run("evaluate"),
    )

    assert roots_of_failure(CHURN, views(CHURN, ops)) == {"evaluate": "train[1]"}


def test_ops_inside_a_dag_that_was_not_run_share_its_root():
    nested = plan(op("a"), op("inner", "a", kind="dag", graph=graph(op("b"))))
    seen = views(nested, (state("a", "failed"), not_run("inner"), not_run("inner.b")))

    assert roots_of_failure(nested, seen) == {"inner": "a", "inner.b": "a"}


def test_a_chain_of_ten_thousand_ops_has_one_root():
    count = 10_000
    chain = plan(op("n0"), *(op(f"n{index}", f"n{index - 1}") for index in range(1, count)))
    seen = views(chain, (state("n0", "failed"), *(not_run(f"n{index}") for index in range(1, count))))

    assert len(roots_of_failure(chain, seen)) == count - 1
