"""Pruning in both databases: what goes, what is a conflict, and that a piece at a time is enough."""

from contextlib import closing
from dataclasses import replace
from itertools import count

import pytest
from sqlalchemy import text

from reconciler.adapters.sql import pruning
from reconciler.adapters.sql_store import open_store
from reconciler.engine.model import Observed, Status
from reconciler.errors import Conflict
from reconciler.keys import CheckKey, FlowKey, RemainsKey, RunKey
from reconciler.records import (
    CacheRow,
    Changes,
    CheckRow,
    ConversationRow,
    DeliveryRow,
    EventRow,
    FlowRow,
    Gone,
    MetricRow,
    PlanRow,
    RequestRow,
    ReviewRow,
    ScheduleRow,
    UseRow,
    Wake,
)
from reconciler.store import Bounds, Delivery
from tests.reconciler.adapters.sql_world import BOTH, NOW, GivenClock, attempt_row, new_database, op_row, run_row

COUNT = count()
_OF_ATTEMPTS = ("attempts", "observations", "metrics")


@pytest.fixture(params=BOTH)
def store(request, tmp_path):
    store = open_store(new_database(request.param, tmp_path), GivenClock())
    yield store
    store.close()


def write(store, **rows):
    """Commit rows as a step would."""
    key = RemainsKey(str(next(COUNT)))  # a key of its own, as one that met a conflict stays with its holder
    store.wake([Wake(key)])
    lease = store.lease("me", 30)
    store.commit(lease, Changes(**rows))


def ended(run="r1", **fields):
    return run_row(run, status=Status.SUCCEEDED, finished_at=NOW, **fields)


def test_a_run_goes_and_then_what_is_left_of_it(store):
    write(
        store,
        new_runs=(ended(),),
        ops=(op_row("a"), op_row("b")),
        attempts=(attempt_row("a1", phase="ended"),),
        events=(EventRow(NOW, "r1", "status"), EventRow(NOW, "r1", "pruned"), EventRow(NOW, "r2", "status")),
    )
    store.observe([MetricRow("a1", "loss", 0.5, NOW), Observed("a1", Status.RUNNING, NOW)])
    write(store, gone=Gone(runs=(("r1", store.run("r1").version),)))
    assert store.run("r1") is None
    assert store.has_remains("r1")

    while store.has_remains("r1"):
        write(store, gone=Gone(remains=("r1",)))
    assert (store.ops("r1"), store.attempt("a1"), store.metrics("a1"), store.observations("r1")) == ([], None, [], [])
    assert [event.kind for event in store.events("r1")] == ["pruned"]
    assert len(store.events("r2")) == 1


def test_an_instance_of_a_service_goes_with_what_was_seen_of_it(store):
    write(store, attempts=(attempt_row("s1", run="", flow="f1", phase="ended"),))
    store.observe([MetricRow("s1", "loss", 0.5, NOW), Observed("s1", Status.RUNNING, NOW)])  # late
    write(store, gone=Gone(attempts=("s1",)))

    with store._database.read() as connection:
        left = [connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() for table in _OF_ATTEMPTS]
    assert left == [0, 0, 0]


def test_a_large_run_goes_in_pieces(store, monkeypatch):
    monkeypatch.setattr(pruning, "PIECE", 10)
    write(
        store,
        ops=tuple(op_row(f"op{n}") for n in range(35)),
        attempts=tuple(attempt_row(f"a{n}", phase="ended") for n in range(35)),
        metrics=tuple(MetricRow(f"a{n}", "loss", 0.5, NOW + point) for n in range(35) for point in range(3)),
    )
    pieces = 0
    while store.has_remains("r1"):
        write(store, gone=Gone(remains=("r1",)))
        pieces += 1

    assert 10 <= pieces <= 60
    assert store.metrics("a7") == []


def test_a_run_that_moved_on_is_not_pruned(store):
    write(store, new_runs=(ended(),))
    read = store.run("r1")
    write(store, runs=(read,))

    with pytest.raises(Conflict):
        write(store, gone=Gone(runs=(("r1", read.version),)))
    assert store.run("r1") is not None


def test_a_run_that_is_used_or_asked_something_is_not_pruned(store):
    write(store, new_runs=(ended("r1"), ended("r2"), ended("r3")))
    write(store, uses=(UseRow("r1", "r2", NOW),))
    store.ask(RequestRow("q", RunKey("r3"), "resume", "ada", NOW, "r3"))

    for run in ("r1", "r3"):
        with pytest.raises(Conflict):
            write(store, gone=Gone(runs=((run, store.run(run).version),)))
    assert store.needs(store.finished_runs((0.0, ""), NOW + 1, (), 9), 1, 9).used == {"r1"}

    write(store, gone=Gone(runs=(("r2", 0),)))
    write(store, gone=Gone(runs=(("r1", 0),)))
    assert [run.id for run in store.runs()] == ["r3"]


def test_what_is_gone_cannot_be_used_any_more(store):
    """A step that read a run or a result before it went begins anew."""
    write(store, new_runs=(ended("r1"), ended("r2")), cache=(CacheRow("k", "a1", "r1", b"{}", "a1", NOW),))
    write(store, uses=(UseRow("r1", "r2", NOW, (("k", "a1"),)),))
    write(store, gone=Gone(cache=(("k", "a1"),)))

    with pytest.raises(Conflict):
        write(store, uses=(UseRow("r1", "r2", NOW, (("k", "a1"),)),))
    with pytest.raises(Conflict):
        write(store, uses=(UseRow("r0", "r2", NOW),))


def test_pruning_twice_is_pruning_once(store):
    write(store, new_runs=(ended(),))
    for _ in range(2):
        write(store, gone=Gone(runs=(("r1", 0),), cache=(("k", "a"),), events=(17,), flows=("f",)))

    assert store.run("r1") is None


def test_files_are_marked_unless_their_run_has_just_been_taken_over(store):
    write(store, new_runs=(ended("r1"), ended("r2")), attempts=(attempt_row("a1", phase="ended"), attempt_row("a2")))
    write(store, gone=Gone(files=(("a1", "r1"), ("a2", "r1"), ("gone", "r1")), read_at=NOW))
    assert store.attempt("a1").pruned_at == NOW
    assert store.attempt("a2").pruned_at is None  # it lives
    assert store.attempt("gone") is None

    write(store, uses=(UseRow("r1", "r2", NOW),))
    with pytest.raises(Conflict):
        write(store, gone=Gone(files=(("a1", "r1"),), read_at=NOW))


def test_who_takes_over_what_a_run_has_reused_needs_the_files_of_it_too(store):
    write(store, new_runs=(ended("r1"), ended("r2"), run_row("r3")), attempts=(attempt_row("a1", phase="ended"),))
    write(store, uses=(UseRow("r1", "r2", NOW - 2 * pruning.MEANWHILE),))
    assert [row.id for row in store.users(["r1"])["r1"]] == ["r2"]

    write(store, uses=(UseRow("r2", "r3", NOW),))
    found = store.users(["r1", "r2"])
    assert {run: {row.id for row in by} for run, by in found.items()} == {"r1": {"r2", "r3"}, "r2": {"r3"}}
    with pytest.raises(Conflict):
        write(store, gone=Gone(files=(("a1", "r1"),), read_at=NOW))


def test_a_flow_that_is_retired_keeps_none_of_its_runs(store):
    write(store, new_runs=tuple(ended(f"r{n}", created_at=NOW + n) for n in range(5)))
    marks = store.finished_runs((0.0, ""), NOW + 99, (), 3)

    assert [mark.id for mark in marks] == ["r0", "r1", "r2"]
    assert store.needs(marks, 1, 2).flows["f1"].newest_from == float("inf")
    assert store.needs(marks, 1, 2).flows["f1"].most_from == NOW + 3
    assert store.crowded_flows(4) == ["f1"]
    assert [mark.id for mark in store.finished_runs((NOW + 3, "r3"), 0.0, ["f1"], 9)] == ["r4"]


def test_plans_that_a_run_has_are_told_from_those_that_none_has(store):
    used, unused = "a" * 32, "b" * 32
    write(store, new_runs=(ended(plan=used),), plans=(PlanRow(used, "h", 1, b"{}"), PlanRow(unused, "i", 1, b"{}")))
    assert store.references().unneeded_plans == (unused,)

    write(store, new_runs=(ended("r2", plan=unused),))  # meanwhile
    write(store, gone=Gone(plans=(unused,), read_at=NOW))
    assert store.plan(unused) is not None


def test_a_plan_that_a_flow_or_somebody_wants_meanwhile_stays(store):
    asked, applied, unused = (PlanRow(one * 32, one, 1, b"{}") for one in "abc")
    plans = tuple(row.id for row in (asked, applied, unused))
    write(store, plans=(applied, unused))
    wanted = RequestRow("q", FlowKey("f1"), "run", "ada", NOW, target="f1", arguments={"plan": asked.id})
    store.submit(FlowRow("f1", "shop", "local", "a.yaml", "a"), asked, wanted)
    write(store, flows=(FlowRow("f2", "shop", "", "b.yaml", "b", applied_plan=applied.hash),))

    write(store, gone=Gone(plans=plans, read_at=NOW))
    assert [store.plan(plan) is not None for plan in plans] == [True, True, False]


def test_a_flow_that_came_back_meanwhile_stays_with_its_schedule(store):
    gone, back = (FlowRow(name, "shop", "", f"{name}.yaml", name, retired=True) for name in ("gone", "back"))
    write(store, flows=(gone, back), schedules=(ScheduleRow("gone", "s", b"{}"), ScheduleRow("back", "s", b"{}")))
    assert set(store.aged(Bounds(NOW, NOW, NOW), 9).flows) == {"gone", "back"}

    write(store, flows=(replace(store.flow("back"), retired=False),))
    write(store, gone=Gone(flows=("gone", "back")))
    assert [store.flow(name) is not None for name in ("gone", "back")] == [False, True]
    assert [store.schedule(name) is not None for name in ("gone", "back")] == [False, True]


def test_a_proposal_that_was_opened_again_meanwhile_keeps_its_review(store):
    closed = [ReviewRow("shop", proposal, "a", "b", open=False) for proposal in ("1", "2")]
    write(store, reviews=tuple(closed), conversations=tuple(ConversationRow("shop", one) for one in ("1", "2")))
    write(store, reviews=(replace(closed[1], open=True),))

    write(store, gone=Gone(reviews=(("shop", "1"), ("shop", "2"))))
    assert [row.proposal for row in store.reviews("shop", open_only=False)] == ["2"]
    assert [store.conversation("shop", one) is not None for one in ("1", "2")] == [False, True]


def test_what_is_about_to_be_said_of_a_commit_stays(store):
    write(store, checks=(CheckRow("shop", "c1", "gate", "v1"),))
    store.wake([Wake(CheckKey("shop", "c1"), NOW + 60)])

    with pytest.raises(Conflict):
        write(store, gone=Gone(commits=(("shop", "c1"),)))
    assert len(store.checks("shop", "c1")) == 1


def test_what_was_said_where_something_stands_stays_however_much_stands(store):
    standing = [f"a{n:03}" for n in range(600)]
    write(
        store,
        flows=tuple(FlowRow(sha, "shop", "", f"{sha}.yaml", sha, applied_sha=sha) for sha in standing),
        checks=tuple(CheckRow("shop", sha, "gate", "v1") for sha in [*standing, "b1", "b2", "b3"]),
    )
    write(store, checks=(CheckRow("other", standing[0], "gate", "v1"),))

    assert store.aged(Bounds(NOW, NOW + 1, NOW), 99).commits == (
        ("other", "a000"),
        ("shop", "b1"),
        ("shop", "b2"),
        ("shop", "b3"),
    )
    assert store.aged(Bounds(NOW, NOW + 1, NOW), 1).commits == (("other", "a000"),)


@pytest.mark.parametrize("dialect", BOTH)
def test_of_too_many_webhooks_the_oldest_go_that_cannot_come_again(tmp_path, dialect):
    with closing(open_store(new_database(dialect, tmp_path), GivenClock())) as store:
        arrived = [DeliveryRow(f"d{age}", f"digest{age}", "push", "shop", NOW - age, "") for age in range(1, 10)]
        store.deliver([Delivery(row) for row in arrived])

        assert store.aged(Bounds(0.0, 0.0, NOW - 8), 99).deliveries == ("d9",), "by their age alone"
        assert store.aged(Bounds(0.0, 0.0, NOW - 8, 9, NOW), 99).deliveries == ("d9",), "there are no more than that"
        assert store.aged(Bounds(0.0, 0.0, NOW - 8, 6, NOW), 99).deliveries == ("d9", "d8", "d7")
        assert store.aged(Bounds(0.0, 0.0, NOW - 8, 1, NOW - 7), 99).deliveries == ("d9", "d8"), "others may come again"
        assert store.aged(Bounds(0.0, 0.0, NOW - 8, 1, NOW), 2).deliveries == ("d9", "d8")


def test_of_too_many_events_the_oldest_go_that_are_of_no_run_and_no_trace(store):
    written = [("shop", "status"), ("r1", "status"), ("r2", "pruned"), ("shop", "status"), ("shop", "status")]
    write(store, new_runs=(ended(),), events=tuple(EventRow(NOW, subject, kind) for subject, kind in written))

    def old(most, traces=NOW):
        return store.old_events(0, Bounds(history=NOW, events=most, traces=traces), 99)[0]

    assert old(None) == old(5) == old(4)[1:] == []
    (first,) = old(4)
    assert old(1) == [first, first + 3]
    assert old(1, NOW + 1) == [first, first + 2, first + 3], "a trace goes by its own age"
    assert store.old_events(0, Bounds(history=NOW, events=1), 1) == ([first], first)


def test_a_file_gives_space_back(tmp_path):
    store = open_store(str(tmp_path / "headgate.db"), GivenClock())
    for number in range(40):
        rows = tuple(EventRow(NOW, "r1", "status", message="x" * 5000) for _ in range(100))
        write(store, events=rows if number < 39 else rows[:1])
    before = (tmp_path / "headgate.db").stat().st_size
    while store.has_remains("r1"):
        write(store, gone=Gone(remains=("r1",)))
    while store.give_back():
        pass
    store.close()

    assert (tmp_path / "headgate.db").stat().st_size < before / 2


def test_results_are_asked_for_by_the_place_of_their_files(store):
    write(
        store,
        attempts=(attempt_row("a1", phase="ended", place="one"), attempt_row("b1", phase="ended", place="two")),
        cache=(CacheRow("k", "a1", "r1", b"{}", "a1", NOW - 9), CacheRow("k", "b1", "r1", b"{}", "b1", NOW - 5)),
    )

    assert (store.cached_since("one"), store.cached_since("two")) == (NOW - 9, NOW - 5)
    assert store.cached_since("three") == float("inf")
    assert store.crowded_results("two", NOW, 9) == (("k", "b1"),)
    assert store.crowded_results("one", NOW - 9, 9) == ()
