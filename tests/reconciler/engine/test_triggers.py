"""The table of triggers, row by row, in every order in which upstreams can end."""

from itertools import permutations, product

import pytest

from reconciler.engine.model import Observed, Status
from reconciler.engine.triggers import TABLE, Counts, Verdict, decide
from reconciler.flows.model import Trigger
from tests.reconciler.engine.driver import Driver, failed, op, plan, succeeded

S, F, K = "succeeded", "failed", "skipped"

# trigger, how its two upstreams end, what becomes of the op
ROWS = [
    ("all_succeeded", (S, S), S),
    ("all_succeeded", (S, K), S),
    ("all_succeeded", (K, K), S),
    ("all_succeeded", (S, F), "upstream_failed"),
    ("all_succeeded", (K, F), "upstream_failed"),
    ("all_succeeded", (F, F), "upstream_failed"),
    ("all_failed", (F, F), S),
    ("all_failed", (S, F), "upstream_failed"),
    ("all_failed", (K, F), "upstream_failed"),
    ("all_failed", (S, S), "upstream_failed"),
    ("all_done", (S, S), S),
    ("all_done", (S, F), S),
    ("all_done", (K, F), S),
    ("all_done", (F, F), S),
    ("one_succeeded", (S, F), S),
    ("one_succeeded", (K, F), S),
    ("one_succeeded", (S, S), S),
    ("one_succeeded", (F, F), "upstream_failed"),
    ("one_failed", (S, F), S),
    ("one_failed", (K, F), S),
    ("one_failed", (F, F), S),
    ("one_failed", (S, S), "upstream_failed"),
    ("one_failed", (S, K), "upstream_failed"),
    ("one_done", (S, F), S),
    ("one_done", (F, F), S),
    ("one_done", (K, S), S),
]
DOES = {S: succeeded(), F: failed()}


def play(ends, order, **fields):
    """Ops `u0`, `u1`, … end so, in this order, before `op`, which has them upstream."""
    names = [f"u{number}" for number in range(len(ends))]
    does = {name: DOES[end] for name, end in zip(names, ends, strict=True) if end != K}
    ops = [op(name, is_approved=False if end == K else None) for name, end in zip(names, ends, strict=True)]
    run = Driver(plan(*ops, op("op", names, **fields)), does).step()
    for number in order:
        if ends[number] == K:
            run.ask("skip", names[number])
        else:
            run.end(names[number])
    return run


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(("trigger", "ends", "becomes"), ROWS)
def test_the_table_of_triggers(trigger, ends, becomes, order):
    run = play(ends, order, trigger=Trigger(trigger)).settle()

    assert run.status("op") == becomes


@pytest.mark.parametrize("trigger", list(Trigger))
@pytest.mark.parametrize("ends", list(product((Status.SUCCEEDED, Status.FAILED, Status.SKIPPED), repeat=3)))
@pytest.mark.parametrize("skip", [False, True])
def test_the_outcome_does_not_depend_on_the_order_of_ends(trigger, ends, skip):
    outcomes = {first_verdict(trigger, order, skip) for order in permutations(ends)}

    assert len(outcomes) == 1
    assert outcomes != {Verdict.WAIT}


def first_verdict(trigger, ends, skip):
    """The first decision that is made while these ends arrive one by one; nothing later changes it."""
    counts = Counts(len(ends))
    for upstream, end in enumerate(ends):
        counts.add(upstream, end)
        verdict = decide(trigger, counts, skip)
        if verdict is not Verdict.WAIT:
            return verdict
    return Verdict.WAIT


@pytest.mark.parametrize("trigger", list(Trigger))
def test_without_upstreams_an_op_starts_whatever_its_trigger(trigger):
    run = Driver(plan(op("a", trigger=trigger), op("b", trigger=trigger, skip_on_upstream_skip=True))).step()

    assert run.started == ["a", "b"]


def test_every_trigger_has_a_row():
    assert set(TABLE) == set(Trigger)


@pytest.mark.parametrize("trigger", ["all_succeeded", "all_done", "one_done", "one_succeeded", "all_failed"])
def test_an_op_is_skipped_as_soon_as_one_upstream_is_skipped_where_it_says_so(trigger):
    run = play((K, S), (0,), trigger=Trigger(trigger), skip_on_upstream_skip=True)

    assert run.status("op") == "skipped"
    assert run.rows["op"].reason == "UpstreamSkipped"


def test_nothing_is_decided_before_all_are_done_where_a_skip_could_still_come():
    run = play((S, S), (0,), trigger=Trigger.ONE_DONE, skip_on_upstream_skip=True)

    assert run.status("op") == "created"
    assert run.end("u1").settle().status("op") == "succeeded"


def test_an_op_waits_for_what_it_reads_whatever_its_trigger():
    run = Driver(plan(op("a"), op("b"), op("c", ["a"], reads=["b"], trigger=Trigger.ONE_DONE))).step()

    assert run.end("a").status("c") == "created"
    assert run.end("b").settle().status("c") == "succeeded"


# event edges


def watcher(**fields):
    """`w` starts when `a` runs; it has `b` upstream as well."""
    return Driver(plan(op("a"), op("b"), op("w", ["b"], events={"a": ["running"]}, **fields))).step()


def test_an_event_starts_an_op_whatever_its_trigger():
    run = watcher(trigger=Trigger.ALL_FAILED).runs("a")

    assert run.started == ["a", "b", "w"]


def test_nothing_else_decides_while_the_source_of_an_event_lives():
    run = watcher()
    run.does["b"] = failed()

    assert run.end("b").status("w") == "created"
    assert run.runs("a").started == ["a", "b", "w"]


def test_an_event_that_was_never_seen_is_implied_by_success():
    run = watcher(trigger=Trigger.ALL_FAILED).end("a")

    assert run.started == ["a", "b", "w"]


def test_if_the_source_ends_without_the_event_all_upstreams_decide():
    run = watcher(trigger=Trigger.ALL_DONE)
    run.does["a"] = lambda spec: Observed(spec.attempt, Status.FAILED, 100.0, "ImagePullBackOff")
    run.end("a")
    assert run.status("w") == "created"
    assert run.end("b").settle().status("w") == "succeeded"


@pytest.mark.parametrize("order", list(permutations(["run a", "end a", "fail b"])))
@pytest.mark.parametrize("trigger", list(Trigger))
def test_event_edges_do_not_depend_on_the_order_of_facts(trigger, order):
    run = watcher(trigger=trigger)
    run.does["b"] = failed()
    for fact in order:
        if fact == "run a" and "a" in [spec.op for spec in run.live.values()]:
            run.runs("a")
        elif fact != "run a":
            run.end(fact[-1])
    run.settle()

    assert run.status("w") == "succeeded"


def test_done_is_an_event_of_every_end():
    run = Driver(plan(op("a"), op("w", events={"a": ["done"]}, trigger=Trigger.ALL_SUCCEEDED)), {"a": failed()})

    assert run.settle().status("w") == "succeeded"


# how a run ends


def test_a_handler_that_succeeded_does_not_hide_the_failure():
    run = Driver(plan(op("a"), op("h", ["a"], trigger=Trigger.ONE_FAILED)), {"a": failed()}).settle()

    assert run.statuses == {"a": "failed", "h": "succeeded"}
    assert run.run.status == "failed"


def test_a_handler_of_a_healthy_run_is_upstream_failed_and_the_run_succeeds():
    run = Driver(plan(op("a"), op("h", ["a"], trigger=Trigger.ONE_FAILED))).settle()

    assert run.status("h") == "upstream_failed"
    assert run.run.status == "succeeded"


def test_a_run_whose_ops_were_all_skipped_is_skipped():
    run = Driver(plan(op("a", conditions="{{ 1 > 2 }}"))).settle()

    assert run.statuses == {"a": "skipped"}
    assert run.run.status == "skipped"
    assert run.rows["a"].condition == "{{ 1 > 2 }}"
