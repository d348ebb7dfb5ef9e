"""What was recorded of one store does the same to another, whatever numbers that one gives."""

from contextlib import closing

import pytest

from benchmarks.recorded_runs import StillClock, chains
from benchmarks.replaying import counted, prepare, replay
from reconciler.adapters.sql_store import open_store


@pytest.mark.parametrize("workers", [1, 3])
def test_a_replay_leaves_every_run_ended_and_nothing_unread(tmp_path, workers):
    recording = chains(runs=3, ops=3)
    with closing(open_store(tmp_path / "again.db", StillClock())) as store:
        prepare(store, recording)
        replay(store, recording, workers)

        runs = [store.run(run) for run in recording.sessions]
        assert [run.state.status for run in runs] == ["succeeded"] * 3
        assert [store.observations(run=run.id) for run in runs] == [[], [], []]
        assert {op.state.status for run in runs for op in store.ops(run.id)} == {"succeeded"}


def test_commits_are_those_of_the_steps_of_leases_and_of_reports(tmp_path):
    recording = chains(runs=1, ops=2)
    with counted() as counts, closing(open_store(tmp_path / "again.db", StillClock())) as store:
        prepare(store, recording)
        counts.clear()
        replay(store, recording)

    (sessions,) = recording.sessions.values()
    reports = sum(1 for session in sessions if session.reported)
    assert counts["COMMIT"] == counts["BEGIN"] == len(list(recording.commits())) + len(sessions) + reports
