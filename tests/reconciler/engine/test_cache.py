"""The cache: which ops ask it, what a hit is, what a key depends on. And joins, the other question."""

from dataclasses import replace

import pytest

from reconciler.engine.decisions import Limits, LookUpCache
from reconciler.engine.model import AttemptPaths, CacheAnswer
from reconciler.flows.model import IO, Cache
from reconciler.plan.model import PlannedJoin, PlannedMatrix, Source
from tests.reconciler.engine import driver
from tests.reconciler.engine.driver import Driver, op, plan, single, succeeded

HIT = CacheAnswer("", "old-attempt", {"loss": 5}, "old-artifacts")


def cached(name, *args, **fields):
    return op(name, *args, cache=fields.pop("cache", Cache()), **fields)


def key_of(*ops, path="a", **fields):
    """The key that an op asks the cache with."""
    run = Driver(plan(*ops), {"up": succeeded(y=1)}, **fields).settle()
    return next(each.key for each in run.asked if each.path == path)


def test_a_hit_succeeds_with_the_outputs_and_artifacts_of_the_earlier_attempt():
    reader = cached("z", reads=["a"], sources={"l": Source("op", op=0, field="outputs.loss")})
    run = Driver(plan(cached("a"), reader), cache={key_of(cached("a")): HIT}).settle()

    state = run.rows["a"]
    assert (state.status, state.reason, state.cached_from) == ("succeeded", "CacheHit", "old-attempt")
    assert (state.outputs, state.artifacts) == ({"loss": 5}, "old-artifacts")
    assert run.params("z") == {"l": 5}
    assert run.started == ["z"]


def test_a_miss_starts_the_op_and_keeps_its_key():
    run = Driver(plan(cached("a"))).settle()

    assert run.started == ["a"]
    assert run.rows["a"].cache_key == key_of(cached("a"))


def test_children_of_a_dag_ask_and_a_root_op_does_not():
    assert Driver(plan(cached("a"))).step().asked != []
    assert Driver(single(cached("a"))).step().asked == []
    assert Driver(single(cached("a", cache=Cache(disable=False)))).step().asked != []
    assert Driver(plan(cached("a", cache=Cache(disable=True)))).step().asked == []


def test_children_of_a_sweep_ask_as_they_are_made():
    tune = cached("tune", matrix=PlannedMatrix("mapping", values=[{"x": i} for i in range(1000)]))
    run = Driver(single(tune), limits=Limits(slots=2)).step()

    assert [each.path for each in run.asked] == ["tune[0]", "tune[1]"]
    assert run.started == ["tune[0]", "tune[1]"]


@pytest.mark.parametrize("crashes", [False, True])
def test_hits_of_a_sweep_free_their_places_at_once(crashes):
    tune = cached("tune", matrix=PlannedMatrix("mapping", values=[{"x": i} for i in range(6)]))
    known = Driver(single(tune)).settle().asked
    cache = {each.key: HIT for each in known[:4]}
    run = Driver(single(tune), cache=cache, limits=Limits(slots=1), crashes=crashes).step()

    assert run.started == ["tune[4]"]
    assert run.settle().run.status == "succeeded"


def test_slots_are_counted_once_though_answers_come_in_between():
    run = Driver(plan(*[cached(f"o{i}") for i in range(9)]), limits=Limits(slots=2)).settle()

    assert run.most_live == 2


def test_a_ttl_limits_how_old_a_hit_may_be():
    run = Driver(plan(cached("a", cache=Cache(ttl=30)))).step()

    assert [each.not_before for each in run.asked] == [70.0]


BASE = {"container": {"image": "i", "args": ["{{ globals.uuid }}"], "env": [{"name": "A", "value": "1"}]}}


@pytest.mark.parametrize(
    "other",
    [
        {"run": {"container": {**BASE["container"], "image": "j"}}},
        {"run": {"container": {**BASE["container"], "args": ["x"]}}},
        {"run": {"container": {**BASE["container"], "env": []}}},
        {"run": {**BASE, "init": [{"paths": ["a"]}]}},
        {"sources": {"x": Source("value", 2)}},
        {"kind": "tfjob"},
    ],
)
def test_a_key_depends_on_what_the_result_depends_on(other):
    fields = {"run": BASE, "sources": {"x": Source("value", 1)}}

    assert key_of(cached("a", **fields)) != key_of(cached("a", **{**fields, **other}))


@pytest.mark.parametrize(
    "other", [{"max_retries": 3}, {"timeout": 9}, {"queue": "q"}, {"tags": ("t",)}, {"critical": 4}]
)
def test_a_key_does_not_depend_on_how_the_op_is_scheduled(other):
    assert key_of(cached("a", run=BASE)) == key_of(cached("a", run=BASE, **other))


def test_a_key_depends_on_the_code_id():
    one, other = Driver(plan(cached("a"))).step(), Driver(replace(plan(cached("a")), code="c0de")).step()

    assert one.asked[0].key != other.asked[0].key


def test_a_key_depends_on_upstream_values_and_artifacts_not_on_their_ops():
    reads = {"sources": {"x": Source("op", op=0, field="outputs.y")}}

    def key(value, **fields):
        ops = plan(cached("up"), cached("a", reads=["up"], **fields))
        run = Driver(ops, {"up": succeeded(y=value)}).settle()
        return next(each.key for each in run.asked if each.path == "a")

    assert key(1, **reads) != key(2, **reads)
    template = {"run": {"container": {"args": ["{{ ops.up.outputs.y }}"]}}}
    assert key(1, **template) != key(2, **template)
    artifacts = {"sources": {"x": Source("op", op=0, field="artifacts")}}
    assert key(1, **artifacts) == key(2, **artifacts)


def test_a_key_does_not_depend_on_the_place_of_artifacts_in_a_sweep_either(monkeypatch):
    sources = {"x": Source("op", op=0, field="artifacts.base")}
    tune = cached("tune", matrix=PlannedMatrix("mapping", values=[{"k": 1}]), reads=["up"], sources=sources)

    def key():
        return key_of(op("up"), tune, path="tune[0]")

    here = key()
    monkeypatch.setattr(driver, "paths", lambda attempt: AttemptPaths("", f"/there/{attempt}", "", ""))
    assert key() == here


def test_io_and_sections_narrow_the_key():
    sources = {"x": Source("value", 1), "y": Source("value", 2)}
    changed = {**sources, "y": Source("value", 3)}
    only_x = Cache(io=("x",))
    assert key_of(cached("a", sources=sources, cache=only_x)) == key_of(cached("a", sources=changed, cache=only_x))
    init_only = Cache(sections=("init",))
    assert key_of(cached("a", run=BASE, cache=init_only)) == key_of(cached("a", run={"container": {}}, cache=init_only))


def test_the_same_op_asks_with_the_same_key_in_another_run():
    from reconciler.engine.model import RunState

    one = Driver(plan(cached("a"))).step()
    other = Driver(plan(cached("a")), run=RunState("run2", "flow1")).step()

    assert one.asked[0] == other.asked[0]
    assert isinstance(one.asked[0], LookUpCache)


# joins


def joined(**fields):
    sources = {
        "losses": Source("join", join=0, field="outputs.loss"),
        "limit": Source("value", 3),
    }
    join = PlannedJoin("metrics.loss:<{{ limit }}, status:succeeded", op=0, sort="-outputs.loss", limit="{{ limit }}")
    return op("z", ["tune"], sources=sources, joins=(join,), **fields)


@pytest.mark.parametrize("crashes", [False, True])
def test_a_join_becomes_a_list_of_values(crashes):
    rows = [{"outputs.loss": 1}, {"outputs.loss": None}, {"outputs.loss": 3}]
    io = (IO("losses", "float", is_list=False), IO("limit", "int"))
    fields = {"inputs": io[1:]}
    run = Driver(plan(op("tune"), joined(**fields)), answer_join=lambda query: rows, crashes=crashes).settle()

    assert run.params("z") == {"losses": [1, None, 3], "limit": 3}


def test_queries_are_rendered_and_narrowed():
    seen = []
    Driver(plan(op("tune"), joined()), answer_join=lambda query: seen.append(query) or ()).settle()

    assert seen[0].query == "metrics.loss:<3, status:succeeded"
    assert (seen[0].sort, seen[0].limit, seen[0].offset) == ("-outputs.loss", 3, 0)
    assert (seen[0].fields, seen[0].within) == (("outputs.loss",), "tune")


def test_a_query_that_cannot_be_read_fails_the_op():
    run = Driver(plan(op("z", joins=(PlannedJoin("nonsense"),)))).settle()

    assert (run.status("z"), run.rows["z"].reason) == ("failed", "ConfigError")


def test_a_join_belongs_to_the_key_as_it_was_resolved():
    def key(rows):
        run = Driver(plan(op("tune"), joined(cache=Cache())), answer_join=lambda query: rows).settle()
        return next(each.key for each in run.asked if isinstance(each, LookUpCache))

    assert key([{"outputs.loss": 1}]) != key([{"outputs.loss": 2}])
