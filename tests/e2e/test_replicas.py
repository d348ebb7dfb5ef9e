"""Replicas on one database: they share the work, each keeps to its place, and killing them loses nothing."""

import os
import random
import re
import shutil
import signal
import time
from collections import Counter
from uuid import uuid4

import pytest

from reconciler.adapters.place import local_place
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from tests.e2e.replicas import PATIENCE, Replica, eventually
from tests.e2e.service import flow, until
from tests.older import CALMLY, older_release
from tests.reconciler.adapters.sql_world import new_database

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]


@pytest.fixture
def database(tmp_path):
    return new_database("postgresql", tmp_path)


@pytest.fixture
def replicas(request, shared, database):
    """Three of them, or as many as a test asks for."""
    names = ("one", "two", "three", "four")[: getattr(request, "param", 3)]
    made = [Replica(name, shared, database) for name in names]
    made[0].start()
    head = shared.git("rev-parse", "HEAD").strip()
    eventually(lambda: shared.checks(head), made)
    for replica in made[1:]:
        replica.start()
    eventually(lambda: all("Serving" in replica.text() for replica in made), made)
    yield made
    for replica in made:
        replica.send(signal.SIGCONT)
        replica.kill()


def op_script(shared, name, seconds=0.1, pause=""):
    line = f'{name} $HEADGATE_ATTEMPT $HEADGATE_ARTIFACTS_PATH" >> {shared.ledger}'
    return f'echo "began {line}; {pause or f"sleep {seconds}"}; echo "ended {line}'


def chain(shared, name, length=3, seconds=0.1, pause=""):
    """A flow of ops in a row, each of which writes down that it ran."""
    ops = {
        f"{name}{n}": (op_script(shared, f"{name}{n}", seconds, pause), (f"{name}{n - 1}",) if n else ())
        for n in range(length)
    }
    return flow(ops)


def places_of(shared):
    """By flow (the first letter of its ops): the data directories in which its ops ran."""
    found = {}
    for line in shared.lines():
        _, name, _, path = line.split()
        found.setdefault(name[0], set()).add(path.removeprefix(f"{shared.root}/").partition("/")[0])
    return found


def assert_each_ran_once(shared, ops):
    for verb in ("began", "ended"):
        counted = Counter(line.split()[1] for line in shared.lines() if line.startswith(verb))
        assert counted == dict.fromkeys(ops, 1)


@pytest.mark.parametrize("replicas", [2, 4], indirect=True)
def test_replicas_share_the_runs_and_each_run_stays_in_its_place(shared, replicas):
    names, go = "abcdefgh", shared.root / "go"
    sha = shared.push({f"flows/{name}.yaml": chain(shared, name, pause=f"{until(go)}; sleep 0.3") for name in names})
    eventually(lambda: len(set().union(*places_of(shared).values())) >= 2, replicas)
    go.touch()
    eventually(lambda: all(shared.conclusion(sha, f"headgate/{name}") for name in names), replicas)

    assert {shared.conclusion(sha, f"headgate/{name}") for name in names} == {"success"}
    assert_each_ran_once(shared, [f"{name}{n}" for name in names for n in range(3)])
    where = places_of(shared)
    assert all(len(places) == 1 for places in where.values()), where
    assert "Traceback" not in "".join(replica.text() for replica in replicas)


def test_replicas_that_are_killed_at_random_lose_nothing_and_do_nothing_twice(shared, replicas):
    seed = int(os.environ.get("HEADGATE_TEST_SEED", "0")) or random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    choose = random.Random(seed)
    names, shas = "abcdefghijkl", []
    for batch in range(3):
        flows = names[4 * batch : 4 * batch + 4]
        shas.append((flows, shared.push({f"flows/{one}.yaml": chain(shared, one, 6, 0.15) for one in flows})))
        for _ in range(3):
            time.sleep(choose.uniform(0.5, 3))
            victim = choose.choice(replicas)
            victim.kill()
            time.sleep(choose.uniform(0, 0.3))
            victim.start()

    def verdicts(one):
        """On the commit that brought the flow, or on a later one if that was passed over while nobody looked."""
        return {shared.conclusion(sha, f"headgate/{one}") for _, sha in shas} - {None}

    eventually(lambda: all(verdicts(one) for one in names), replicas)

    assert all(verdicts(one) == {"success"} for one in names)
    assert_each_ran_once(shared, [f"{one}{n}" for one in names for n in range(6)])
    assert "Traceback" not in "".join(replica.text() for replica in replicas)


@pytest.mark.parametrize("replicas", [1], indirect=True)
def test_a_replica_with_a_copy_of_anothers_files_does_not_take_its_ops_for_lost(shared, replicas, database):
    """As on a machine that was cloned: none of the processes that the files tell of are there."""
    (one,) = replicas
    go = shared.root / "go"
    sha = shared.push({"flows/a.yaml": chain(shared, "a", 2, pause=until(go))})
    eventually(shared.lines, replicas)
    copy = Replica("copy", shared, database)
    shutil.copytree(one.data, copy.data, symlinks=True)
    for claim in copy.data.glob("attempts/*/*/claim"):
        claim.write_text(re.sub(r"[0-9a-f-]{36}:", f"{uuid4()}:", claim.read_text()))
    copy.start()

    assert copy.process.wait(PATIENCE) == 2
    go.touch()
    assert f"a copy of those of {local_place(one.data)}" in copy.text()
    eventually(lambda: shared.conclusion(sha, "headgate/a"), replicas)
    assert_each_ran_once(shared, ["a0", "a1"])


@pytest.mark.slow
def test_a_service_of_the_first_release_goes_on_beside_one_that_upgrades_the_database(tmp_path, shared, database):
    older, newer = Replica("older", shared, database, tree=older_release(tmp_path)), Replica("newer", shared, database)
    both, early, go = [older, newer], "abc", tmp_path / "go"
    try:
        older.start(*CALMLY)
        head = shared.git("rev-parse", "HEAD").strip()
        eventually(lambda: shared.checks(head), both)
        first = shared.push({f"flows/{name}.yaml": chain(shared, name, 6, pause=until(go)) for name in early})
        eventually(shared.lines, both)
        newer.start()
        eventually(lambda: "Serving" in newer.text(), both)
        go.touch()
        said = [(first, name) for name in early]
        for late in ("defghijk", "lmnopqrs", "tuvwxyz"):  # by chance the older one takes all of some
            sha = shared.push({f"flows/{name}.yaml": chain(shared, name, 6, 0.2) for name in late})
            said += [(sha, name) for name in late]
            eventually(lambda said=said: all(shared.conclusion(sha, f"headgate/{name}") for sha, name in said), both)
            if "newer" in set().union(*places_of(shared).values()):
                break
    finally:
        for one in both:
            one.kill()

    assert {shared.conclusion(sha, f"headgate/{name}") for sha, name in said} == {"success"}
    assert_each_ran_once(shared, [f"{name}{n}" for _, name in said for n in range(6)])
    assert set.union(*places_of(shared).values()) == {"older", "newer"}
    assert "Traceback" not in older.text() + newer.text()


@pytest.mark.parametrize("moment", ["pause-commit", "pause-report"])
def test_a_replica_that_is_paused_past_its_lease_in_mid_step_writes_nothing_and_does_nothing_twice(
    shared, replicas, database, moment
):
    """It stops itself before a run's place is committed, or with a check in its hand; then its work is anybody's."""
    one, two, _ = replicas
    for replica in replicas:
        assert replica.stop() == 0
    one.start("tests/e2e/dying_service.py", moment)
    eventually(lambda: one.text().count("Serving") == 2, replicas)
    sha = shared.push({"flows/a.yaml": chain(shared, "a")})
    eventually(one.is_paused, replicas)
    two.start()
    eventually(lambda: shared.conclusion(sha, "headgate/a"), replicas)
    store = open_store(database, SystemClock())
    before = kept(store), shared.git("ls-remote", "origin", "refs/notes/checks")
    one.send(signal.SIGCONT)
    time.sleep(4)

    assert (kept(store), shared.git("ls-remote", "origin", "refs/notes/checks")) == before
    assert_each_ran_once(shared, ["a0", "a1", "a2"])
    assert "Traceback" not in one.text()
    store.close()


def kept(store):
    """All that is known of runs: their versions, ops, attempts and history."""
    return [
        (run.id, run.version, run.place, store.ops(run.id), store.attempts(run.id, live=False), store.events(run.id))
        for run in store.runs()
    ]


def test_a_replica_that_is_paused_before_it_performs_an_intent_performs_it_once(shared, replicas):
    """Local ops stay with their place: nobody else starts them, and the paused one sees that its lease has ended."""
    one, two, _ = replicas
    for replica in replicas:
        assert replica.stop() == 0
    one.start("tests/e2e/dying_service.py", "pause-intent")
    sha = shared.push({"flows/a.yaml": chain(shared, "a")})
    eventually(one.is_paused, replicas)
    two.start()
    time.sleep(35)
    assert shared.lines() == []
    one.send(signal.SIGCONT)
    eventually(lambda: shared.conclusion(sha, "headgate/a"), replicas)

    assert_each_ran_once(shared, ["a0", "a1", "a2"])
    assert places_of(shared) == {"a": {"one"}}
