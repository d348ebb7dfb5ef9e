"""Records: what is written is read back as it was, and found by what it is looked up by."""

import sqlite3
from contextlib import closing, nullcontext
from dataclasses import replace

import pytest

from reconciler.adapters.sql_store import open_store
from reconciler.engine.decisions import JoinQuery
from reconciler.engine.model import Measured, Observed, Status
from reconciler.errors import Conflict, LeaseLost
from reconciler.keys import FlowKey, RepositoryKey, RunKey
from reconciler.plan.encoding import decode, encode
from reconciler.plan.model import Graph, Plan, PlannedMatrix, PlannedOp
from reconciler.records import (
    CacheRow,
    Changes,
    CheckRow,
    EventRow,
    FlowRow,
    MetricRow,
    PlanRow,
    RepositoryRow,
    RequestRow,
    ReviewRow,
    ScheduleRow,
    ServiceRow,
    Wake,
)
from tests.reconciler.adapters.sql_world import BOTH, NOW, GivenClock, attempt_row, new_database, op_row, run_row


@pytest.fixture
def clock():
    return GivenClock()


@pytest.fixture(params=BOTH)
def store(request, tmp_path, clock):
    opened = open_store(new_database(request.param, tmp_path), clock)
    yield opened
    opened.close()


WRITER = RunKey("writer")


def write(store, changes, key=WRITER):
    store.wake([Wake(key)])
    lease = store.lease("worker", 30)
    while lease.key != key:
        store.commit(lease, Changes())
        lease = store.lease("worker", 30)
    store.commit(lease, changes)


def test_every_kind_of_row_comes_back_as_it_was_written(store):
    repository = RepositoryRow("shop", "/srv/shop.git", "main", "c0ffee", "tree", b'{"a":1}', "", "", 5.0)
    review = ReviewRow("shop", "feature", "abc", "main", "abc..def", True)
    flow = FlowRow("f1", "shop", "", "flows/churn.yaml", "churn", references=("hub/train.yaml",), settings_json=b"{}")
    plan = PlanRow("p1", "hash", 1, b'{"flow":"churn"}')
    schedule = ScheduleRow("f1", "hash", b'{"kind":"cron"}', None, NOW, 2, NOW + 60, False)
    service = ServiceRow("f1", "serve", attempt_row("a9").spec, "hash", NOW, "r1", reason="Starting")
    check = CheckRow("shop", "c0ffee", "headgate: churn", "v1", b'{"title":"x"}', "r1", "v0", False)
    event = EventRow(NOW, "r1", "status", "train", "running", "Started", "It runs.", "a1")
    cached = CacheRow("key", "a1", "r1", b'{"loss":0.1}', "a1", NOW)
    metric = MetricRow("a1", "loss", 0.25, NOW, 3)
    run, op = run_row(place="host"), op_row("train", outputs={"loss": 0.1}, passed=(Status.RUNNING,))
    attempt = attempt_row("a1", place="host", phase="started")
    write(
        store,
        Changes(
            repositories=(repository,),
            reviews=(review,),
            flows=(flow,),
            plans=(plan,),
            new_runs=(run,),
            ops=(op,),
            attempts=(attempt,),
            schedules=(schedule,),
            services=(service,),
            checks=(check,),
            events=(event,),
            cache=(cached,),
            metrics=(metric,),
        ),
    )

    assert store.repository("shop") == repository
    assert store.reviews("shop") == [review]
    assert store.flow("f1") == flow
    assert store.flows(repository="shop", scope="") == [flow]
    assert store.plan("p1") == plan
    assert store.plan_by_hash("hash") == plan
    assert replace(store.run("r1"), writer=0, made_by=0) == run
    assert store.ops("r1") == [op]
    assert store.attempt("a1") == attempt
    assert store.schedule("f1") == schedule
    assert store.services("f1") == [service]
    assert store.checks("shop", "c0ffee") == [check]
    assert store.commits_with_checks("shop") == ["c0ffee"]
    assert store.events("r1") == [event]
    assert store.cached([("key", None)], "r2") == [cached]
    assert store.metrics("a1") == [metric]


@pytest.mark.parametrize("late", ["services", "services_gone"])
def test_a_service_that_has_moved_on_is_not_written(store, late):
    service = ServiceRow("f1", "serve", attempt_row("a9").spec, "hash", NOW, "r1")
    write(store, Changes(services=(service,)))
    (read,) = store.services("f1")
    write(store, Changes(services=(replace(read, attempt="a9"),)))
    (newer,) = store.services("f1")

    for row, who in ((service, "before it was there"), (read, "before it moved on")):
        with pytest.raises(Conflict):
            write(store, Changes(**{late: (row,)}), RunKey(who))
    assert store.services("f1") == [newer]
    write(store, Changes(**{late: (newer,)}))


def test_rows_are_replaced_by_their_identity(store):
    check = CheckRow("shop", "c0ffee", "gate", "v1")
    service = ServiceRow("f1", "serve", attempt_row("a9").spec, "hash", NOW, "r1")
    write(
        store,
        Changes(ops=(op_row("a"),), checks=(check,), services=(service,), reviews=(ReviewRow("shop", "1", "a", "m"),)),
    )
    write(
        store,
        Changes(
            ops=(op_row("a", status=Status.RUNNING), op_row("b")),
            checks=(replace(check, posted="v1"),),
            services_gone=tuple(store.services("f1")),
            reviews=(ReviewRow("shop", "1", "b", "m", open=False),),
        ),
    )

    assert [row.state.status for row in store.ops("r1")] == [Status.RUNNING, Status.CREATED]
    assert [row.posted for row in store.checks("shop", "c0ffee")] == ["v1"]
    assert store.services("f1") == []
    assert store.reviews("shop") == []
    assert [row.head for row in store.reviews("shop", open_only=False)] == ["b"]


def test_a_run_that_goes_on_forgets_not_what_was_posted_of_it(store):
    check = CheckRow("shop", "c0ffee", "headgate/churn", "r1:1", run="r1")
    write(store, Changes(checks=(check,)))
    write(store, Changes(posted=(replace(check, posted="digest", final=True),)))

    write(store, Changes(checks=(replace(check, desired="r1:2"),)))

    assert store.checks("shop", "c0ffee") == [replace(check, desired="r1:2", posted="digest", final=False)]


def test_what_was_posted_is_known_whatever_is_desired_by_now(store):
    check = CheckRow("shop", "c0ffee", "headgate", "good", posted="digest of good")
    write(store, Changes(checks=(check,)))

    write(store, Changes(posted=(replace(check, desired="bad", posted="digest of bad", final=True),)))
    assert store.checks("shop", "c0ffee") == [replace(check, posted="digest of bad")]


@pytest.mark.parametrize("now", [{"open": False}, {"base": "head"}, {"base": "later"}])
def test_what_is_said_of_a_proposal_that_was_closed_or_merged_meanwhile_is_a_conflict(store, now):
    read = ReviewRow("shop", "topic", "head", "base")
    verdict = Changes(judged=(replace(read, judged="ready"),), checks=(CheckRow("shop", "head", "headgate", "ready"),))
    write(store, Changes(reviews=(replace(read, **now),)))

    with nullcontext() if now == {"base": "later"} else pytest.raises(Conflict):
        write(store, verdict, RunKey("r2"))
    assert bool(store.checks("shop", "head")) is (now == {"base": "later"})


def test_a_new_run_of_a_known_id_is_ignored(store):
    write(store, Changes(new_runs=(run_row(cause="merged"),)))
    write(store, Changes(new_runs=(run_row(cause="again"),)))

    assert store.run("r1").cause == "merged"


def test_runs_are_found_newest_first_by_what_they_belong_to(store):
    rows = [run_row(f"r{n}", created_at=NOW + n, flow=f"f{n % 2}", sha=f"c{n}") for n in range(4)]
    rows.append(run_row("s", created_at=NOW - 1, status=Status.SUCCEEDED))
    write(store, Changes(new_runs=tuple(rows)))

    def ids(**wanted):
        return [row.id for row in store.runs(**wanted)]

    assert ids() == ["r3", "r2", "r1", "r0", "s"]
    assert ids(flow="f1") == ["r3", "r1", "s"]
    assert ids(sha="c2") == ["r2"]
    assert ids(live=False) == ["s"]
    assert ids(repository="shop", live=True, limit=2) == ["r3", "r2"]
    assert ids(prefix="r") == ["r3", "r2", "r1", "r0"]
    assert ids(prefix="%") == []


def test_live_attempts_are_found_by_run_place_queue_and_flow(store):
    rows = (
        attempt_row("a1", place="here", queue="gpu"),
        attempt_row("a2", place="here", phase="ended", queue="gpu"),
        attempt_row("a3", run="r2", place="there", queue="gpu"),
        attempt_row("a4", run="", flow="f1", place="here"),
    )
    write(store, Changes(attempts=rows))

    def ids(found):
        return [row.id for row in found]

    assert ids(store.attempts("r1")) == ["a1"]
    assert ids(store.attempts("r1", live=False)) == ["a1", "a2"]
    assert ids(store.service_attempts("f1")) == ["a4"]
    assert ids(store.live_attempts("here")) == ["a1", "a4"]
    assert store.queue_load("gpu") == 2


def test_an_attempt_in_a_queue_that_was_filled_meanwhile_is_a_conflict(store):
    first, second = (attempt_row(one, queue="gpu") for one in ("a1", "a2"))
    limits = (("gpu", 1),)
    write(store, Changes(attempts=(first,), limits=limits))

    with pytest.raises(Conflict):
        write(store, Changes(attempts=(second,), limits=limits), RunKey("r2"))
    assert store.attempt("a2") is None
    write(store, Changes(attempts=(replace(first, phase="ended"), second), limits=limits))
    assert store.queue_load("gpu") == 1


def test_an_observation_is_kept_until_it_is_folded_and_wakes_the_run(store):
    write(store, Changes(attempts=(attempt_row("a1"),)))
    seen = Observed("a1", Status.RUNNING, NOW)
    store.observe([seen, MetricRow("a1", "loss", 0.5, NOW, 1), MetricRow("a1", "loss", 0.5, NOW, 1)])

    first, *measured = store.observations(run="r1")
    assert [row.key for row in store.pending()] == [RunKey("r1")]
    assert decode(first.body_json, Observed) == seen
    assert {row.kind for row in measured} == {"measured"}
    assert decode(measured[0].body_json, Measured) == Measured("a1", "loss", 0.5, NOW, 1)
    assert len(store.metrics("a1")) == 1, "a point that is reported twice is one point"
    write(store, Changes(folded=(first.seq,)))
    assert [row.seq for row in store.observations(run="r1")] == [row.seq for row in measured]


def test_an_observation_of_a_service_wakes_its_flow(store):
    write(store, Changes(attempts=(attempt_row("a1", run="", flow="f1"),)))
    store.observe([Observed("a1", Status.RUNNING, NOW)])

    assert [row.key for row in store.pending()] == [FlowKey("f1")]
    assert len(store.observations(flow="f1")) == 1


def test_an_attempt_that_changed_hands_reports_to_its_new_owner(store):
    write(store, Changes(attempts=(attempt_row("a1"),)))
    store.observe([Observed("a1", Status.RUNNING, NOW)])
    write(store, Changes(attempts=(attempt_row("a1", run="r2"),)))
    store.observe([Observed("a1", Status.SUCCEEDED, NOW)])

    assert store.observations(run="r1") == []
    assert len(store.observations(run="r2")) == 2
    assert RunKey("r2") in [row.key for row in store.pending()]


def test_what_is_observed_of_an_unknown_attempt_is_dropped(store):
    store.observe([Observed("nobody", Status.RUNNING, NOW)])

    assert store.pending() == []


def test_a_request_is_stored_once_and_wakes_its_key(store):
    request = RequestRow("q1", RunKey("r1"), "stop", "ann", NOW, target="r1", arguments={"why": ["late"]})

    assert store.ask(request)
    assert not store.ask(request)
    assert store.requests(RunKey("r1")) == [request]
    assert [row.key for row in store.pending()] == [RunKey("r1")]
    write(store, Changes(answered=(replace(request, done_at=NOW, answer="Stopped."),)))
    assert store.requests(RunKey("r1")) == []
    assert store.request("q1").answer == "Stopped."


def test_an_approval_is_bound_to_its_commit(store):
    store.ask(RequestRow("q1", RepositoryKey("a/b"), "approve", "ann", NOW, target="a/b@c0ffee"))
    store.ask(RequestRow("q2", RunKey("r1"), "approve", "ann", NOW, target="r1", op="deploy"))

    assert store.approved("a/b", "c0ffee")
    assert not store.approved("a/b", "beef")


def test_a_repository_that_is_added_again_keeps_what_was_seen(store):
    store.add_repository(RepositoryRow("shop", "/old"))
    write(store, Changes(repositories=(RepositoryRow("shop", "/old", head="c0ffee"),)))
    store.add_repository(RepositoryRow("shop", "/new"))

    assert store.repositories() == [RepositoryRow("shop", "/new", head="c0ffee")]
    assert RepositoryKey("shop") in [row.key for row in store.pending()]


def test_a_look_at_a_repository_does_not_take_back_its_new_address(store):
    store.add_repository(RepositoryRow("shop", "/old"))
    lease = store.lease("me", 30)
    read = store.repository("shop")
    store.add_repository(RepositoryRow("shop", "/new"))

    with pytest.raises(LeaseLost):
        store.commit(lease, Changes(repositories=(replace(read, head="c0ffee"),)))
    assert store.repository("shop") == RepositoryRow("shop", "/new")
    assert store.idle_for() >= 0, "no clock was set back"
    assert store.lease("me", 30).key == RepositoryKey("shop"), "it is looked at there at once"


def test_a_repository_that_was_looked_at_is_never_a_new_one_again(store):
    looked_at = RepositoryRow("shop", "/srv/shop.git", head="c0ffee")
    write(store, Changes(repositories=(looked_at,)))

    write(store, Changes(repositories=(RepositoryRow("shop", "https://github.com/a/shop"),)))
    assert store.repository("shop") == looked_at


def test_a_repository_that_is_added_again_as_it_is_is_woken_and_not_written(tmp_path, clock):
    store = open_store(tmp_path / "headgate.db", clock)
    store.add_repository(RepositoryRow("shop", "/srv/shop.git"))
    with closing(sqlite3.connect(tmp_path / "headgate.db")) as connection, connection:
        connection.execute("CREATE TABLE written (what TEXT)")
        for verb in ("INSERT", "UPDATE"):
            connection.execute(
                f"CREATE TRIGGER t_{verb} AFTER {verb} ON repositories BEGIN INSERT INTO written VALUES ('{verb}'); END"
            )
    store.commit(store.lease("test", 30.0), Changes())
    assert store.queued(RepositoryKey("shop")) is None
    store.add_repository(RepositoryRow("shop", "/srv/shop.git"))
    with closing(sqlite3.connect(tmp_path / "headgate.db")) as connection:
        unchanged = connection.execute("SELECT what FROM written").fetchall()
    woken = store.queued(RepositoryKey("shop"))
    store.add_repository(RepositoryRow("shop", "/srv/moved.git"))
    with closing(sqlite3.connect(tmp_path / "headgate.db")) as connection:
        moved = connection.execute("SELECT what FROM written").fetchall()
    store.close()

    assert (unchanged, moved) == ([], [("UPDATE",)])
    assert woken is not None


def test_only_results_of_other_runs_that_are_new_enough_are_hits(store):
    rows = tuple(CacheRow("k", f"a{n}", f"r{n}", b"{}", f"a{n}", NOW + n) for n in range(3))
    write(store, Changes(cache=rows))

    found = store.cached([("k", None), ("other", None), ("k", NOW + 1.5)], "r2")
    assert [one and one.attempt for one in found] == ["a1", None, None]
    assert store.cached([("k", None)], "")[0].attempt == "a2"
    assert store.cached([], "") == []


def test_the_last_events_are_told_oldest_first(store):
    write(store, Changes(events=tuple(EventRow(NOW + n, "r1", "status") for n in range(5))))

    assert [row.at - NOW for row in store.events("r1", limit=2)] == [3.0, 4.0]


def test_commits_are_listed_as_they_were_first_spoken_of(store, clock):
    for sha in ("c1", "c2", "c3"):
        clock.advance(1)
        write(store, Changes(checks=(CheckRow("shop", sha, "gate", "v1"),)))
    clock.advance(1)
    write(store, Changes(checks=(CheckRow("shop", "c1", "gate", "v2"),)))

    assert store.commits_with_checks("shop", limit=2) == ["c3", "c2"]


# --- joins

SWEEP = Plan(
    "churn",
    "churn.yaml",
    PlannedOp(
        "churn",
        "dag",
        {},
        graph=Graph(
            (
                PlannedOp("prepare", "job", {}, tags=("data",)),
                PlannedOp("tune", "job", {}, matrix=PlannedMatrix("grid")),
            ),
            (0, 1),
        ),
    ),
)


def sweep(store, run="r1", **fields):
    done = {"status": Status.SUCCEEDED, "started_at": NOW, "finished_at": NOW + 60}
    children = [
        op_row(f"tune[{n}]", run, attempt=f"{run}-{n}", params={"lr": n / 100}, outputs={"loss": 1 - n / 100}, **done)
        for n in range(12)
    ]
    write(
        store,
        Changes(
            plans=(PlanRow("p1", "hash", 1, encode(SWEEP)),),
            new_runs=(run_row(run, **fields),),
            ops=(op_row("prepare", run, **done), op_row("tune", run, status=Status.RUNNING), *children),
        ),
    )


def join(store, query, sort=None, limit=100, offset=0, fields=("inputs.lr",), within=None, run="r1"):
    return store.join("shop", run, JoinQuery(query, sort, limit, offset, tuple(fields), within))


def test_a_join_may_ask_for_the_name_of_the_repository(store):
    sweep(store)

    assert len(join(store, "project.name: shop, name: tune")) == 12
    assert join(store, "project.name: other") == []


def test_the_best_children_of_a_sweep_are_joined_in_order(store):
    sweep(store)

    rows = join(
        store, "status:succeeded", sort="outputs.loss", limit=2, fields=("inputs.lr", "outputs.loss"), within="tune"
    )
    assert rows == [{"inputs.lr": 0.11, "outputs.loss": 0.89}, {"inputs.lr": 0.1, "outputs.loss": 0.9}]


def test_children_stand_in_their_order_if_nothing_else_is_asked(store):
    sweep(store)

    assert [row["inputs.lr"] for row in join(store, "", within="tune", offset=8)] == [0.08, 0.09, 0.1, 0.11]


def test_rows_without_any_asked_value_are_left_out_only_for_what_holds_others(store):
    sweep(store)

    assert len(join(store, "name:tune")) == 12, "the sweep itself has no learning rate"
    assert [row["globals.name"] for row in join(store, "kind:dag|matrix", fields=("globals.name",))] == [
        "churn",
        "tune",
    ]


def test_joins_see_runs_of_their_repository_alone(store):
    sweep(store)
    sweep(store, "r2", created_at=NOW + 5)
    write(store, Changes(new_runs=(replace(run_row("r3"), repository="other"),), ops=(op_row("tune[0]", "r3"),)))

    found = join(store, "params.lr:>=0.1", fields=("globals.original_uuid",))
    assert [row["globals.original_uuid"] for row in found] == ["r1", "r1", "r2", "r2"]
    assert len(join(store, "pipeline:r2, tags:data", fields=("globals.uuid",))) == 1


def test_metrics_are_the_last_that_were_reported(store):
    sweep(store)
    points = [MetricRow("r1-3", "auc", value, NOW + at) for at, value in ((2, 0.7), (1, 0.9))]
    write(store, Changes(metrics=tuple(points)))

    assert join(store, "metrics.auc:>0", fields=("metrics.auc",)) == [{"metrics.auc": 0.7}]


def test_a_query_that_cannot_be_read_says_why(store):
    with pytest.raises(ValueError, match=r"`statsu`.*did you mean `status`"):
        join(store, "statsu:succeeded")


def test_a_flow_that_somebody_else_wrote_is_not_overwritten(store):
    write(store, Changes(flows=(FlowRow("f1", "shop", "", "flows/churn.yaml", "churn"),)))
    read = store.flow("f1")
    write(store, Changes(flows=(replace(read, generation=1),)))

    with pytest.raises(Conflict):
        write(store, Changes(flows=(replace(read, at_head=False),), wakes=(Wake(WRITER),)))

    assert (store.flow("f1").generation, store.flow("f1").at_head) == (1, True)


def test_the_last_good_run_is_the_newest_earlier_one_of_the_flow_that_succeeded(store):
    made = [
        run_row("a", status=Status.SUCCEEDED, created_at=NOW - 3),
        run_row("b", status=Status.SUCCEEDED, created_at=NOW - 2),
        run_row("c", status=Status.FAILED, created_at=NOW - 1),
        run_row("other", flow="f2", status=Status.SUCCEEDED, created_at=NOW - 1),
        run_row("later", status=Status.SUCCEEDED, created_at=NOW + 1),
    ]
    asking = run_row("now", created_at=NOW)
    write(store, Changes(new_runs=(*made, asking)))

    assert store.last_good(store.run("now")).id == "b"
    assert store.last_good(store.run("a")) is None


def test_a_run_that_had_not_succeeded_yet_when_this_one_was_made_is_no_last_good_run_of_it(store):
    early = run_row("a", status=Status.SUCCEEDED, created_at=NOW - 3, finished_at=NOW - 2)
    late = run_row("b", status=Status.SUCCEEDED, created_at=NOW - 2, finished_at=NOW + 2)
    asking = run_row("c", status=Status.STOPPED, created_at=NOW, finished_at=NOW + 3)
    write(store, Changes(new_runs=(early, late, asking)))

    assert store.last_good(store.run("c")).id == "a"


def test_of_runs_made_at_the_same_instant_none_is_the_last_good_one_of_the_other(store):
    one, two = (run_row(name, status=Status.SUCCEEDED) for name in ("a", "b"))
    write(store, Changes(new_runs=(one, two)))

    assert store.last_good(store.run("a")) is None
    assert store.last_good(store.run("b")) is None


def test_many_attempts_ops_and_metrics_are_read_at_once(store):
    names = [f"a{index:04}" for index in range(1_100)]
    points = [MetricRow(name, "loss", float(index), NOW, None) for index, name in enumerate(names)]
    newer = [MetricRow("a0000", "loss", 7.0, NOW + 1, 0), MetricRow("a0000", "loss", 9.0, NOW + 1, 10)]
    write(
        store,
        Changes(
            attempts=tuple(attempt_row(name) for name in names),
            ops=tuple(op_row(name) for name in names),
            metrics=(*points, *newer),
        ),
    )

    assert sorted(store.attempts_by_id([*names, "none"])) == names
    assert [row.state.path for row in store.ops("r1", [*names[5:2:-1], "none"])] == names[3:6]
    last = store.last_metrics([*names, "none"])
    assert (len(last), last["a0000"], last["a1099"]) == (1_100, {"loss": 9.0}, {"loss": 1099.0})
    assert store.last_metrics([]) == {}


def test_the_attempts_of_one_op_of_a_run_are_found(store):
    others = (attempt_row("other", run="r2"), replace(attempt_row("report"), op="report"))
    write(store, Changes(attempts=(attempt_row("a1"), attempt_row("a2"), *others)))

    assert [row.id for row in store.attempts("r1", op="train")] == ["a1", "a2"]
