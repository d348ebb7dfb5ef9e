"""Pruning in a whole Headgate: what is old goes, what is needed stays, a death at any moment leaves nothing over."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from reconciler.engine.model import AttemptSpec
from reconciler.engine.retention import DAY, Policy
from reconciler.keys import RetentionKey, SweepKey
from reconciler.loop import Loop
from reconciler.ports import CheckTerms, World
from reconciler.records import AttemptRow, CacheRow, Changes, DeliveryRow, PlaceRow, Wake
from reconciler.steps.wiring import steps_of
from reconciler.store import Delivery
from tests.fake_files import FakeFiles
from tests.fakes import Ending, FakeChecks, FakeExecutor, FakeLogs
from tests.world import REPOSITORY, TestWorld, exits, op, runs_forever, writes

POLICY = Policy(runs=90 * DAY, failed_runs=90 * DAY, newest=1)
CHAIN = {"prepare": writes({"rows": "3"}), "train": exits(0, dependencies=["prepare"])}


LEASE = 31.0  # s until what a dead process held is free again


class Death(BaseException):
    """The process is gone; nothing may catch this."""


class Fuse:
    """Burns down by one with every call that is watched, then ends the process."""

    def __init__(self, calls):
        self.left = calls

    def burn(self):
        self.left -= 1
        if self.left == 0:
            raise Death


class Watched:
    """A port whose calls burn a fuse once they are done."""

    def __init__(self, port, names, fuse):
        self._port, self._names, self._fuse = port, names, fuse

    def __getattr__(self, name):
        found = getattr(self._port, name)

        def called(*arguments, **named):
            result = found(*arguments, **named)
            self._fuse.burn()
            return result

        return called if name in self._names else found


class KeepingWorld(TestWorld):
    """A world that forgets."""

    def __init__(self, directory):
        self.policy, self.files_of = POLICY, None
        super().__init__(directory)

    def new_loop(self, owner, **ports):
        self.files_of = self.files_of or FakeFiles(self.executor)
        given = {"store": self.store, "source": self.source, "executor": self.executor, "checks": self.checks}
        wired = World(
            **(given | {"files": self.files_of} | ports),
            clock=self.clock,
            logs=FakeLogs(),
            queues=self.queues,
            retention=self.policy,
        )
        loop = Loop(wired.store, steps_of(wired), self.clock, owner=owner, workers=1)
        self.loops.append(loop)
        return loop

    def with_policy(self, **fields):
        self.policy = replace(self.policy, **fields)
        self.restart()

    def prune(self, days=0.0):
        """Let time pass, and everything be looked at that may be past its time."""
        self.clock.time += days * DAY
        for _ in range(3):  # one look decides, the next removes
            self.store.wake([Wake(RetentionKey()), Wake(SweepKey(self.executor.place))])
            self.settle()
            self.clock.time += 2 * 3600.0

    def run_twice(self, first=CHAIN):
        """Two runs of `churn`, far apart; the older one is returned."""
        self.merge(ops=first)
        self.settle()
        older = self.run()
        self.prune(days=100)
        self.merge(ops={**first, "more": exits(0)})
        self.settle()
        return older

    def answer_to(self, verb, run, op=None, **arguments):
        """What is answered to somebody who asks this of a run."""
        request = self.ask(verb, run, op, **arguments)
        self.settle()
        return self.answer(request)

    def left_of(self, run):
        """Every row that speaks of a run."""
        attempts = [row[0] for row in self.rows()["attempts"] if row[1] == run.id]
        wanted = {run.id, *attempts}
        return {
            table: [row for row in rows if wanted & {value for value in row if isinstance(value, str)}]
            for table, rows in self.rows().items()
        }


@pytest.fixture
def world(tmp_path):
    return KeepingWorld(tmp_path)


def test_an_old_run_goes_with_all_that_belongs_to_it(world):
    old = world.run_twice()
    attempts = {row.id for row in world.store.attempts(old.id, live=False)}
    world.prune(days=31)

    left = {table: rows for table, rows in world.left_of(old).items() if rows}
    assert attempts <= world.files_of.removed
    assert list(left) == ["events"]
    assert [row.kind for row in world.store.events(old.id)] == ["pruned"]
    assert world.store.checks(old.repository, old.sha) == []
    assert world.faults() == 0


def test_a_trace_says_when_a_run_was_pruned_and_goes_later(world):
    old = world.run_twice()
    world.prune(days=31)
    assert world.store.pruned(old.id[:6]).message == "It ended succeeded."

    world.prune(days=400)
    assert world.store.pruned(old.id[:6]) is None


def test_what_was_said_at_the_end_stays_when_the_last_good_run_goes(world):
    old = world.run_twice(first={"prepare": writes({"rows": "3"})})
    said = world.check()
    assert old.id[:7] in said.summary
    world.prune(days=31)
    assert world.store.run(old.id) is None
    posts = world.checks.posts
    world.wake_everything()
    world.settle()

    assert world.check() == said
    assert world.checks.posts == posts


class ElsewhereChecks(FakeChecks):
    """Where others can change what was posted, so that it is looked at whenever somebody asks."""

    def terms(self, repository):
        return CheckTerms(op_budget=25, lasting=False)

    def post(self, repository, sha, checks, lease, posted=()):
        self.posted[sha] = {**self.posted.get(sha, {}), **{check.name: check for check in checks}}


def test_it_stays_as_well_where_it_is_looked_at_again(world):
    world.checks = ElsewhereChecks()
    world.restart()
    old = world.run_twice(first={"prepare": writes({"rows": "3"})})
    said = world.check()
    assert old.id[:7] in said.summary
    world.prune(days=31)
    assert world.store.run(old.id) is None
    world.wake_everything()
    world.settle()

    assert world.check() == said


def test_a_last_word_that_could_not_be_said_yet_is_kept_until_it_is(world):
    world.merge(ops={"train": runs_forever()})
    world.settle()
    waiting = world.merge(ops={"train": exits(0)})
    world.settle()
    assert world.check(sha=waiting).status == "queued"

    world.clock.time += 3 * 365 * DAY
    world.checks.away = True
    world.merge(ops=CHAIN)
    world.prune()
    world.checks.away = False
    world.settle(60)

    assert world.check(sha=waiting).status == "completed"


def test_a_secret_that_becomes_known_later_is_taken_out_of_a_final_word(world):
    world.checks = ElsewhereChecks()
    world.restart()
    world.merge(ops={"canary-value": exits(1)})
    world.settle()
    assert "canary-value" in world.check().summary

    world.loop = world.new_loop("test", known_secrets=lambda: ["canary-value"])
    world.wake_everything()
    world.settle()

    assert "canary-value" not in world.check().summary


def test_the_newest_run_and_the_last_good_one_stay(world):
    world.run_twice()
    world.executor.endings["train"] = [Ending(1)] * 5
    world.merge(ops={**CHAIN, "yet-more": exits(0), "train": exits(1)})
    world.settle()
    good, bad = world.runs()[-2:]
    world.prune(days=1000)

    assert [run.id for run in world.runs()] == [good.id, bad.id]
    assert (good.state.status, bad.state.status) == ("succeeded", "failed")


def test_a_run_whose_results_were_reused_stays_as_long_as_their_user(world):
    world.merge(ops=CHAIN)
    world.settle()
    first = world.run()
    world.clock.time += 20 * DAY
    world.merge(ops={**CHAIN, "more": exits(0)})
    world.settle()
    second = world.run()
    assert world.ops()["prepare"].cached_from
    world.clock.time += 20 * DAY
    world.merge(ops={"other": writes({"y": "9"})})
    world.settle()
    world.prune(days=60)  # the first is 100 days old, the second 80

    assert {first.id, second.id} <= {run.id for run in world.runs()}
    world.prune(days=40)
    world.prune()
    assert len(world.runs()) == 1


def test_a_run_that_a_restart_took_over_from_stays_until_the_new_one_goes(world):
    world.executor.endings["train"] = [Ending(1)]
    world.merge(ops=CHAIN)
    world.settle()
    first = world.run()
    world.clock.time += 85 * DAY
    world.ask("restart", first.id, failed=True)
    world.settle()
    world.prune(days=10)

    assert world.store.run(first.id) is not None
    assert world.run().state.status == "succeeded"


def test_a_kept_run_is_restarted_and_resumed_after_pruning(world):
    world.run_twice()
    world.executor.endings["late"] = [Ending(1), Ending(1)]
    world.merge(ops={**CHAIN, "late": exits(0, dependencies=["train"])})
    world.settle()
    failed = world.run()
    world.prune(days=20)
    world.ask("restart", failed.id, failed=True)
    world.settle()
    again = world.run()
    world.ask("resume", failed.id)
    world.settle()

    assert again.id != failed.id
    assert world.store.run(failed.id).state.status == "succeeded"
    assert world.faults() == 0


def test_a_live_run_keeps_what_it_reused_however_long_it_lasts(world):
    world.merge(ops=CHAIN)
    world.settle()
    first = world.run()
    world.clock.time += 10 * DAY
    world.merge(ops={**CHAIN, "train": runs_forever(dependencies=["prepare"])})
    world.settle()
    used = world.ops()["prepare"].cached_from
    world.prune(days=500)

    assert used
    assert used not in world.files_of.removed
    assert world.store.run(first.id) is not None


def test_files_go_before_their_run_and_it_is_written_down(world):
    world.merge(ops=CHAIN)
    world.settle()
    world.prune(days=31)

    rows = world.store.attempts(world.run().id, live=False)
    assert {row.id for row in rows} <= world.files_of.removed
    assert all(row.pruned_at for row in rows)


def test_what_may_be_reused_is_reused_with_its_files(world):
    """Whatever the ages say, a hit finds what it hits."""
    world.with_policy(files=DAY, cache=40 * DAY)
    world.merge(ops=CHAIN)
    world.settle()
    world.prune(days=39)
    world.merge(ops={**CHAIN, "more": exits(0)})
    world.settle()

    hit = world.ops()["prepare"].cached_from
    assert hit
    assert hit not in world.files_of.removed


def test_a_result_past_its_time_is_not_reused(world):
    world.merge(ops=CHAIN)
    world.settle()
    world.prune(days=31)
    world.merge(ops={**CHAIN, "more": exits(0)})
    world.settle()

    assert world.starts("prepare") == 2


def test_a_flow_has_at_most_so_many_runs(world):
    world.with_policy(most=3, cache=3600.0)
    for number in range(8):
        world.merge(ops={f"op{number}": writes({"x": str(number)})})
        world.settle()
        world.clock.time += 60.0
    world.prune(days=1)

    assert [list(world.ops(run)) for run in world.runs()] == [["op5"], ["op6"], ["op7"]]


def test_files_that_have_no_room_go_oldest_first(world):
    world.with_policy(files_size=250.0, cache=3600.0)
    for number in range(6):
        world.merge(ops={f"op{number}": writes({"x": str(number)})})
        world.settle()
        world.clock.time += DAY
    world.prune()
    world.prune()

    left = world.files_of.there()
    assert {path for _, path, attempt in world.executor.started if attempt in left} == {"op4", "op5"}


def test_files_of_an_attempt_that_nobody_knows_stay_while_it_runs_and_some_days(world):
    world.merge(ops=CHAIN)
    world.settle()
    world.files_of.strange["f00d"] = world.clock.time
    world.prune(days=1)
    assert "f00d" not in world.files_of.removed

    world.prune(days=3)
    assert "f00d" in world.files_of.removed


def test_a_retired_flow_goes_with_its_last_run(world):
    world.merge(ops=CHAIN)
    world.settle()
    world.merge("other", ops={"other": writes({"y": "9"})})
    world.settle()
    flow = world.flow("churn").id
    world.push(churn=None)
    world.settle()
    world.prune(days=100)

    assert world.store.flow(flow) is None
    assert world.flow("other") is not None
    assert world.store.runs(flow=flow) == []


def test_what_is_kept_can_be_applied_and_started_again(world):
    world.run_twice()
    world.prune(days=200)
    world.ask_flow("run", "churn")
    world.settle()

    assert world.run().state.status == "succeeded"
    assert world.faults() == 0


def test_kept_commits_and_plans_that_nobody_needs_go(world):
    old = world.run_twice()
    head = world.source.branches["main"]
    world.prune(days=31)
    world.prune()

    assert world.source.kept_commits == {head}
    assert world.store.plan(old.plan) is None
    assert world.store.plan(world.run().plan) is not None


def test_the_commit_at_which_the_branch_stands_is_kept_though_no_run_holds_it(world):
    world.merge("spare", CHAIN)
    world.settle()
    head = world.push(spare=None)
    world.settle()
    world.source.keep(REPOSITORY, head)
    world.prune(days=31)
    world.prune()

    assert head in world.source.kept_commits


def test_answered_requests_and_old_history_go(world):
    world.merge(ops=CHAIN)
    world.settle()
    request = world.ask("stop", world.run().id)
    world.settle()
    world.prune(days=100)

    assert world.store.request(request) is None


def test_what_may_come_again_is_remembered_however_short_the_history_is(world):
    world.with_policy(history=3600.0)
    world.merge(ops=CHAIN)
    world.settle()
    request = world.ask("stop", world.run().id)
    row = DeliveryRow("guid", "digest", "check_run", "r", world.clock.now(), "button:1")
    world.store.deliver([Delivery(row)])
    world.settle()
    world.prune(days=7.5)  # a week is how long forges send again, and comments are acted on

    assert world.store.request(request) is not None
    assert world.store.known_deliveries(["guid"])
    world.prune(days=1)
    assert world.store.request(request) is None
    assert not world.store.known_deliveries(["guid"])


def test_of_many_webhooks_the_newest_are_kept_and_those_that_may_come_again(world):
    world.with_policy(deliveries=2)
    for day in range(5):
        row = DeliveryRow(f"guid-{day}", f"digest-{day}", "push", "r", world.clock.now(), "")
        world.store.deliver([Delivery(row)])
        world.clock.time += DAY
    world.prune(days=1)
    assert len(world.store.known_deliveries([f"guid-{day}" for day in range(5)])) == 5

    world.prune(days=7)

    assert world.store.known_deliveries([f"guid-{day}" for day in range(5)]) == {"guid-3", "guid-4"}
    assert world.faults() == 0


def test_of_many_events_those_of_no_run_go(world):
    world.merge("keep", ops=CHAIN)
    world.merge(ops=CHAIN)
    world.settle()
    flow, run = world.run().state.flow, world.run().id
    of_run = world.store.events(run)
    world.push(churn=None)
    world.settle()
    world.merge(ops=CHAIN | {"more": exits(0)})
    world.settle()
    world.prune()
    assert [row.reason for row in world.store.events(flow)] == ["Retired"]

    world.with_policy(events=1)
    world.prune()

    assert world.store.events(flow) == []
    assert world.store.events(run) == of_run
    assert world.faults() == 0


def test_a_press_is_remembered_as_long_as_there_is_a_run_of_its_commit(world):
    world.merge(ops=CHAIN)
    world.settle()
    sha = world.source.branches["main"]
    request, elsewhere = world.press("rerequested", sha), world.press("rerequested", "0" * 40)
    world.settle()
    world.prune(days=100)

    assert world.runs()
    assert world.store.request(request) is not None
    assert world.store.request(elsewhere) is None
    world.merge(ops={"train": exits(0)})
    world.prune(days=100)
    world.prune(days=100)
    assert len(world.runs()) == 1
    assert world.store.request(request) is None


def test_what_is_asked_of_a_pruned_run_is_answered(world):
    old = world.run_twice()
    world.prune(days=31)
    request = world.ask("resume", old.id)
    world.settle()

    assert "pruned" in world.answer(request)


def test_an_open_request_keeps_its_run(world):
    old = world.run_twice()
    world.clock.time += 31 * DAY
    world.ask("resume", old.id)  # nobody has looked at it yet
    needs = world.store.needs(world.store.finished_runs((0.0, ""), 1e12, (), 10), 1, 10)

    assert old.id in needs.asked


def test_a_quiet_world_is_written_to_no_more(world):
    world.run_twice()
    world.prune(days=31)
    before = world.rows()
    world.prune()

    assert world.rows() == before


def test_a_join_over_runs_that_are_gone_in_part_is_answered(world):
    world.run_twice()
    world.prune(days=31)
    read = op("exit", "0", inputs=[{"name": "rows", "type": "int", "isList": True}])
    read["joins"] = [{"query": "status: succeeded, name: prepare", "params": {"rows": {"value": "outputs.rows"}}}]
    world.merge(ops={"read": read})
    world.settle()

    assert world.ops()["read"].params == {"rows": [3]}


PRUNING_PORTS = {
    "store": frozenset({"lease", "commit", "retry", "park"}),
    "files": frozenset({"remove"}),
    "source": frozenset({"let_go", "kept"}),
}


MOMENTS = [pytest.param(calls, marks=() if calls % 12 == 1 else pytest.mark.slow) for calls in range(1, 60)]


@pytest.mark.parametrize("calls", MOMENTS)
def test_a_death_at_any_moment_of_pruning_leaves_nothing_over(tmp_path, calls):
    """Every call of a port and every commit of a pruning is a moment to die at."""
    world = KeepingWorld(tmp_path)
    old = world.run_twice()
    world.clock.time += 31 * DAY
    kept = world.run()
    fuse = Fuse(calls)
    ports = {
        "store": Watched(world.store, PRUNING_PORTS["store"], fuse),
        "files": Watched(world.files_of, PRUNING_PORTS["files"], fuse),
        "source": Watched(world.source, PRUNING_PORTS["source"], fuse),
    }
    world.store.wake([Wake(RetentionKey()), Wake(SweepKey(world.executor.place))])
    world.loop = world.new_loop("dies", **ports)
    try:
        world.settle()
    except Death:
        world.clock.time += LEASE
    world.restart()
    world.prune()
    world.prune()

    assert [table for table, rows in world.left_of(old).items() if rows] == ["events"]
    known = {row[0] for row in world.rows()["attempts"]}
    assert world.files_of.there() <= known
    assert world.store.run(kept.id) == kept
    assert world.faults() == 0


def half_done(world):
    """A run whose first op succeeded and whose second one failed, with the files of both pruned."""
    world.with_policy(files=10 * DAY, cache=3600.0)
    world.merge(ops={"prepare": writes({"rows": "3"}), "train": exits(1, dependencies=["prepare"])})
    world.settle()
    run = world.run()
    world.prune(days=20)
    world.prune()
    assert not world.files_of.there()
    return run


@pytest.mark.parametrize(
    ("verb", "op", "arguments", "words"),
    [
        ("resume", None, {}, "cannot go on from what it has done"),
        ("resume", "train", {}, "cannot go on from what it has done"),
        ("restart", None, {"failed": True}, "cannot be restarted from what it has done"),
        ("restart", "train", {}, "cannot be restarted from what it has done"),
        ("copy", None, {}, "cannot be copied from what it has done"),
    ],
)
def test_what_builds_on_pruned_files_is_refused_in_words(world, verb, op, arguments, words):
    run = half_done(world)
    answer = world.answer_to(verb, run.id, op, **arguments)

    assert answer.startswith(f"Run {run.id} {words}: the artifacts of `prepare` were pruned on ")
    assert answer.endswith(f"Run it as a whole: `headgate restart {run.id}`.")
    assert [row.id for row in world.runs()] == [run.id]
    assert world.statuses(run) == {"prepare": "succeeded", "train": "failed"}


def test_a_run_whose_files_were_pruned_is_restarted_as_a_whole(world):
    run = half_done(world)
    world.answer_to("restart", run.id)

    assert len(world.runs()) == 2
    assert world.starts("prepare") == 2


def test_a_run_of_which_nothing_succeeded_needs_no_files_to_go_on(world):
    world.with_policy(files=10 * DAY, cache=3600.0)
    world.merge(ops={"train": exits(1)})
    world.settle()
    world.prune(days=20)
    world.prune()
    world.answer_to("resume", world.run().id)

    assert world.starts("train") == 2


# --- several places on one database -----------------------------------------------------------------------------------


def at(world, place):
    """A service of another place, which takes what belongs to nobody or to it."""
    executor = FakeExecutor(world.clock)
    executor.place = place
    files = FakeFiles(world.executor)
    files.place = place
    wired = World(
        world.store, world.source, executor, world.checks, world.clock, retention=world.policy, files=files, shared=True
    )
    loop = Loop(world.store, steps_of(wired), world.clock, owner=place, workers=1, places=lambda: ("", place))
    world.loops.append(loop)
    return loop


def turns(loop, most=20):
    """How many keys somebody finds, at most so many."""
    return sum(1 for _ in range(most) if loop.turn())


def test_files_are_swept_by_a_service_of_their_place_alone(world):
    world.merge(ops=CHAIN)
    world.settle()
    here, there = at(world, "here"), at(world, "there")
    world.store.wake([Wake(SweepKey("here"))])

    assert turns(there) == 1, "it hands the key over, and is not asked again"
    assert turns(there) == 0
    assert turns(here) > 0
    assert world.store.queued(SweepKey("here")).due_at > world.clock.time
    world.clock.time += 2 * 3600.0
    world.store.wake([Wake(SweepKey("here"))])
    turns(there)
    with closing(sqlite3.connect(world.path)) as database:
        found = database.execute("SELECT place, ready_at <= ? FROM wakes WHERE key = 'sweep/here'", [world.clock.time])
        assert found.fetchone() == ("here", True), "it belongs to its place from now on"


def test_the_key_of_a_place_that_was_given_up_goes_with_its_files(world):
    world.store.see_place(PlaceRow("here", "", "one", "0.2.0"))
    world.store.wake([Wake(SweepKey("here"))])
    world.store.give_up("here", "It does not return.")
    turns(at(world, "there"))

    assert world.store.queued(SweepKey("here")) is None


def test_room_is_made_at_one_place_whatever_is_reused_at_another(world):
    """An older result that may be reused has its files elsewhere: neither does it go, nor does it keep files here."""
    world.connect()
    spec = AttemptSpec("b1", "r0", "a", 1, "job", "f", "shop", "", {})
    row = AttemptRow("b1", "r0", "a", spec, phase="ended", place="there", created_at=world.clock.time)
    world.store.wake([Wake(SweepKey("there"))])
    older = CacheRow("k", "b1", "r0", b"{}", "b1", world.clock.time)
    world.store.commit(world.store.lease("test", 9.0), Changes(attempts=(row,), cache=(older,)))
    world.with_policy(files_size=250.0)
    for number in range(6):
        world.merge(ops={f"op{number}": writes({"x": str(number)})})
        world.settle()
        world.clock.time += DAY
    world.prune()
    world.prune()

    left = world.files_of.there()
    assert {path for _, path, attempt in world.executor.started if attempt in left} == {"op4", "op5"}
    assert world.store.cached_since("there") == older.finished_at
