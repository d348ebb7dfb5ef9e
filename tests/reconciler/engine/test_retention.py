"""What may be forgotten: properties over random facts, so that nothing needed ever goes and nothing stays for ever."""

from random import Random

import pytest

from reconciler.engine.model import RunState, Status
from reconciler.engine.retention import (
    DAY,
    FOREVER,
    MARGIN,
    ORPHANED,
    FilesMark,
    FlowMarks,
    Needs,
    Policy,
    RunMark,
    files_cutoff,
    files_past,
    past,
)

NOW = 1_700_000_000.0


def mark(run="r", status=Status.SUCCEEDED, ended=100 * DAY, sha="", flow="f"):
    finished = None if ended is None else NOW - ended
    state = RunState(run, flow, status, created_at=NOW - (ended or 0) - 10.0, finished_at=finished)
    return RunMark(state, 1, "shop", sha)


def gone(*runs, needs=None, policy=None):
    groups = {}
    for run in runs:
        groups.setdefault(run.sha or run.id, []).append(run)
    marks = needs or Needs({"f": FlowMarks(newest_from=NOW)})
    return [run.id for run in past(groups.values(), marks, policy or Policy(), NOW)]


def test_a_run_goes_when_it_is_old_and_nothing_needs_it():
    assert gone(mark(ended=91 * DAY), mark("young", ended=89 * DAY)) == ["r"]


def test_a_run_that_failed_is_kept_longer():
    assert gone(mark(status=Status.FAILED, ended=179 * DAY)) == []
    assert gone(mark(status=Status.FAILED, ended=181 * DAY)) == ["r"]


def test_age_counts_from_the_end_of_a_run_that_took_long():
    long = RunMark(RunState("r", "f", Status.SUCCEEDED, created_at=NOW - 200 * DAY, finished_at=NOW - DAY), 1, "shop")
    assert gone(long) == []


def test_what_is_among_the_newest_of_its_flow_stays_whatever_its_age():
    assert gone(mark(ended=900 * DAY), needs=Needs({"f": FlowMarks(newest_from=0.0)})) == []


def test_what_is_more_than_its_flow_may_have_goes_whatever_its_age():
    crowded = Needs({"f": FlowMarks(newest_from=NOW, most_from=NOW - DAY)})
    assert gone(mark(ended=2 * DAY), needs=crowded) == ["r"]


def test_runs_of_one_commit_go_together():
    old, young = mark("old", sha="c", ended=100 * DAY), mark("young", sha="c", ended=DAY)
    assert gone(old, young) == []
    assert sorted(gone(old, mark("other", sha="c", ended=95 * DAY))) == ["old", "other"]


def test_a_run_whose_results_may_be_reused_stays():
    needs = Needs({"f": FlowMarks(newest_from=NOW)}, cached_since=NOW - 100 * DAY)
    assert gone(mark(ended=100 * DAY), needs=needs) == []
    assert gone(mark(ended=100 * DAY + 2 * MARGIN), needs=needs) == ["r"]


def _random_needs(random, ids):
    some = lambda: frozenset(one for one in ids if random.random() < 0.2)  # noqa: E731
    flows = {
        flow: FlowMarks(
            NOW - random.uniform(0, 400) * DAY,
            NOW - random.uniform(0, 400) * DAY,
            random.choice(["", *ids]),
            random.choice(["", "c0", "c1"]),
            random.choice(["", "c2"]),
        )
        for flow in "fg"
    }
    since = random.choice([FOREVER, NOW - random.uniform(0, 400) * DAY])
    return Needs(flows, some(), some(), some(), some(), since)


@pytest.mark.parametrize("seed", range(200))
def test_nothing_that_is_needed_goes_and_what_goes_is_past_a_limit(seed):
    random, policy = Random(seed), Policy()
    runs = [
        mark(
            f"r{n}",
            random.choice(list(Status)),
            random.choice([None, random.uniform(0, 500) * DAY]),
            random.choice(["", "c0", "c1", "c2"]),
            random.choice("fgh"),
        )
        for n in range(30)
    ]
    needs = _random_needs(random, [run.id for run in runs])
    taken = set(gone(*runs, needs=needs))
    for run in runs:
        flow = needs.flows.get(run.state.flow, FlowMarks())
        held = run.id in needs.used | needs.serving | needs.asked | needs.unsaid | {flow.last_good}
        applied = run.sha and run.sha in (flow.applied_sha, flow.waiting_sha)
        live = run.state.finished_at is None or run.state.status.value not in (
            *("succeeded", "failed", "upstream_failed", "skipped", "stopped"),
        )
        age = NOW - (run.state.finished_at or NOW)
        limit = policy.runs if run.state.status in (Status.SUCCEEDED, Status.SKIPPED) else policy.failed_runs
        crowded = run.state.created_at < flow.most_from
        if run.id in taken:
            assert not any((held, applied, live)), (seed, run)
            assert run.state.created_at < flow.newest_from, (seed, run)
            assert age > limit or crowded, (seed, run)
            assert not {other.id for other in runs if run.sha and other.sha == run.sha} - taken, (seed, run)


@pytest.mark.parametrize("seed", range(100))
def test_forgetting_more_of_what_is_needed_never_keeps_more(seed):
    """What goes while others need things goes as well when they need less."""
    random = Random(seed)
    runs = [mark(f"r{n}", ended=random.uniform(0, 300) * DAY, sha=random.choice(["", "c"])) for n in range(20)]
    needs = _random_needs(random, [run.id for run in runs])
    fewer = Needs(needs.flows)
    assert set(gone(*runs, needs=needs)) <= set(gone(*runs, needs=fewer)), seed


def files(attempt="a", **facts):
    usual = {"known": True, "live": False, "pruned": False, "ended_at": NOW - 40 * DAY, "touched_at": NOW - 40 * DAY}
    return FilesMark(attempt, **(usual | facts))


def decided(*marks, cached_since=FOREVER, cutoff=NOW - 30 * DAY):
    return files_past(marks, cached_since, cutoff, NOW)


def test_files_go_in_two_looks_first_it_is_written_down():
    assert decided(files()) == files_past([files()], FOREVER, NOW - 30 * DAY, NOW)
    assert (decided(files()).mark, decided(files()).remove) == (("a",), ())
    assert (decided(files(pruned=True)).mark, decided(files(pruned=True)).remove) == ((), ("a",))


@pytest.mark.parametrize(
    "facts",
    [{"live": True}, {"live": True, "known": False}, {"needed": True}, {"ended_at": None}, {"ended_at": NOW - DAY}],
)
def test_files_stay_while_somebody_needs_them(facts):
    assert decided(files(**facts)) == decided()


def test_files_of_a_result_that_may_be_reused_stay():
    assert decided(files(), cached_since=NOW - 40 * DAY) == decided()


def test_files_that_no_record_speaks_of_go_after_some_days():
    assert decided(files(known=False, ended_at=None, touched_at=NOW - ORPHANED + 60)) == decided()
    assert decided(files(known=False, ended_at=None, touched_at=NOW - ORPHANED - 60)).remove == ("a",)


@pytest.mark.parametrize("seed", range(100))
def test_the_newest_files_that_fit_are_kept(seed):
    random = Random(seed)
    sizes = [(NOW - random.uniform(0, 60) * DAY, random.randrange(1, 100)) for _ in range(50)]
    limit = random.randrange(1, 4000)
    cutoff = files_cutoff(sizes, Policy(files_size=limit), NOW)
    kept = [size for ended, size in sizes if ended >= cutoff]
    assert cutoff >= NOW - 30 * DAY
    assert sum(kept) <= limit, seed
    if cutoff > NOW - 30 * DAY:
        oldest_gone = max(pair for pair in sizes if pair[0] < cutoff)
        assert sum(kept) + oldest_gone[1] > limit, seed
