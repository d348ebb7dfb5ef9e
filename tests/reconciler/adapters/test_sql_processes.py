"""Several processes on one file, and processes that are killed in the middle of a commit."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest

from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.engine.model import Observed
from reconciler.errors import Stalled, Waiting
from reconciler.keys import RunKey
from reconciler.plan.encoding import decode
from reconciler.records import Changes, Wake
from tests.reconciler.adapters.sql_world import BOTH, attempt_row, new_database

ROOT = Path(__file__).resolve().parents[3]

PRELUDE = """
    import os, sys, time
    from reconciler.adapters.sql_store import open_store
    from reconciler.adapters.system_clock import SystemClock
    from reconciler.keys import RunKey
    from reconciler.records import Changes, EventRow, OpRow, Wake
    from reconciler.engine.model import OpState, RunFacts, RunState
    from reconciler.records import RunRow
    store = open_store(sys.argv[1], SystemClock())
"""
COUNT_UP = """
    key = RunKey("r1")
    store.wake([Wake(key)])
    commits = 0
    while True:
        lease = store.lease("child", 30)
        if lease is None:
            store.wait(0.05)
            continue
        run = store.run("r1")
        number = 0 if run is None else run.version + 1
        ops = tuple(OpRow("r1", OpState(f"op{n}", failures=number)) for n in range(20))
        new = RunRow(RunState("r1", "f1"), "shop", "p1", RunFacts("churn", "shop", "c", "main"), "merge:1")
        store.commit(lease, Changes(
            new_runs=() if run else (new,), runs=(run,) if run else (), ops=ops,
            events=(EventRow(float(number), "r1", "status"),), again_at=0.0,
        ))
        commits += 1
        if commits == 3:
            print("ready", flush=True)
"""
COUNT_TOGETHER = """
    me, mine = sys.argv[2], 0
    print("ready", flush=True)
    sys.stdin.readline()
    until = time.monotonic() + 1.5
    while time.monotonic() < until or not mine:
        lease = store.lease(me, 30)
        if lease is None:
            continue
        claim = os.open(os.path.join(sys.argv[3], lease.key.run), os.O_CREAT | os.O_EXCL)
        os.close(claim)
        os.unlink(os.path.join(sys.argv[3], lease.key.run))
        store.commit(lease, Changes(events=(EventRow(time.time(), "all", "status", path=me),), again_at=0.0))
        mine += 1
"""
REPORT = """
    from reconciler.engine.model import Observed, Status
    print("ready", flush=True)
    for number in range(int(sys.argv[3])):
        store.observe([Observed("a1", Status.RUNNING, time.time(), message=f"{sys.argv[2]} {number}")])
"""


def child(script, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-c", dedent(PRELUDE) + dedent(script), *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    return process


@pytest.mark.slow
def test_a_process_that_is_killed_in_a_commit_leaves_nothing_half_written(tmp_path):
    file = tmp_path / "headgate.db"
    for round_ in range(6):
        process = child(COUNT_UP, file)
        time.sleep(round_ * 0.037)
        process.send_signal(signal.SIGKILL)
        process.communicate()

        store = open_store(str(file), SystemClock())
        run, ops, events = store.run("r1"), store.ops("r1"), store.events("r1", limit=1_000_000)
        assert {op.state.failures for op in ops} == {run.version}
        assert [event.at for event in events] == [float(n) for n in range(run.version + 1)]
        assert [row.key for row in store.pending()] == [RunKey("r1")]
        store.expire_leases(lambda owner: owner == "child")
        store.close()
    assert run.version > 10


@pytest.mark.slow
@pytest.mark.parametrize("dialect", BOTH)
def test_two_processes_never_hold_the_same_key(tmp_path, dialect):
    address, claims = new_database(dialect, tmp_path), tmp_path / "claims"
    claims.mkdir()
    store = open_store(address, SystemClock())
    store.wake([Wake(RunKey(f"r{n}")) for n in range(3)])
    workers = [child(COUNT_TOGETHER, address, name, claims) for name in ("one", "two")]
    for worker in workers:  # both are there
        print(file=worker.stdin, flush=True)
    errors = [worker.communicate()[1] for worker in workers]

    assert errors == ["", ""]
    assert {event.path for event in store.events("all", limit=100_000)} == {"one", "two"}
    assert store.lease("here", 30).key in {RunKey(f"r{n}") for n in range(3)}
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("dialect", BOTH)
def test_observations_of_many_processes_and_steps_all_arrive(tmp_path, dialect):
    """Reporters and steps lock the same rows in other orders: none may lose what it has to say."""
    address = new_database(dialect, tmp_path)
    store = open_store(address, SystemClock())
    store.wake([Wake(RunKey("r1"))])
    store.commit(store.lease("here", 30), Changes(attempts=(attempt_row("a1"),)))
    children = [child(REPORT, address, name, 150) for name in ("one", "two")]
    seen = set()
    until = time.monotonic() + 120
    while len(seen) < 300 and time.monotonic() < until:
        lease = store.lease("here", 30)
        if lease is None:
            store.wait(0.1)
            continue
        found = store.observations(run="r1")
        seen |= {decode(one.body_json, Observed).message for one in found}
        store.commit(lease, Changes(attempts=(attempt_row("a1"),), folded=tuple(one.seq for one in found)))
    errors = [one.communicate()[1] for one in children]

    assert errors == ["", ""]
    assert len(seen) == 300
    store.close()


@pytest.mark.slow
def test_two_processes_that_open_a_new_file_at_once_make_one_schema(tmp_path):
    script = 'print("ready", flush=True)'
    arguments = [sys.executable, "-c", dedent(PRELUDE) + script, str(tmp_path / "new.db")]
    openers = [
        subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]

    assert [opener.communicate() for opener in openers] == [("ready\n", "")] * 3


def test_the_file_is_its_owners_alone(tmp_path):
    open_store(str(tmp_path / "new" / "headgate.db"), SystemClock()).close()

    assert (tmp_path / "new" / "headgate.db").stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "notes.txt").write_text("Buy milk.\n" * 500)

    with pytest.raises(Stalled, match=r"notes\.txt is damaged or not a database"):
        open_store(str(tmp_path / "notes.txt"), SystemClock())


def test_a_directory_that_cannot_hold_the_file_is_told(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(Stalled, match="cannot be written"):
        open_store(str(tmp_path / "file" / "headgate.db"), SystemClock())


NO_ADDRESSES = [
    "mysql://u:S3C@host/db",
    "sqlite://",
    "sqlite:///:memory:",
    "post gres://x",
    "postgresql://me:S3C@R:ET99@h/hg",
    "postgresql://me:S3C@RET99@h/hg",
    "postgresql://me:S3C/R:ET99@h/hg?sslmode=require@",
    "postgresql://me:S3C@RET/99@h/hg",
    "postgresql://me:S3C@RET?99@h/hg",
    "postgresql://me/S3C:RET99@h/hg",
    "postgresql://me@h:S3C/hg",
    "postgresql:/me:S3C@h/hg",
    "jdbc:postgresql:S3C",
    "me:S3C@h/hg",
    "host=h password=S3C",
    "host = h password = S3C",
    "application_name=x password=S3C",
]


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_an_address_that_we_cannot_speak_to_is_told_without_its_password_and_no_file_is_made(
    tmp_path, monkeypatch, address
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Stalled) as told:
        open_store(address, SystemClock())

    assert told.value.reason == "StoreAddress"
    assert "Write postgresql://USER:PASSWORD@HOST/NAME" in told.value.message
    assert not any(piece in told.value.message for piece in ("S3C", "RET", "ET99", "99"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("postgresql://me:S3C%40RET99@127.0.0.1:1/hg", "postgresql://me:***@127.0.0.1:1/hg"),
        ("postgres://127.0.0.1:1/hg", "postgresql://127.0.0.1:1/hg"),
        ("postgresql://?host=/nowhere&password=S3C&dbname=hg", "postgresql://?host=/nowhere&dbname=hg"),
        (
            "postgresql:///hg?host=127.0.0.1:1&host=127.0.0.2:1&passfile=S3C",
            "postgresql:///hg?host=127.0.0.1:1&host=127.0.0.2:1",
        ),
    ],
)
def test_a_server_that_is_away_is_named_by_its_address_and_not_by_its_password(address, named):
    pytest.importorskip("psycopg")
    with pytest.raises(Waiting) as told:
        open_store(address, SystemClock())

    assert f"The database {named} cannot be used now" in told.value.message
    assert "S3C" not in told.value.message


@pytest.mark.parametrize(
    "mistake", ["sslmode=maybe", "sslmod=require", "connect_timeout=soon", "port=99999", "service=none"]
)
def test_a_mistake_in_an_address_is_no_server_that_is_away(mistake):
    pytest.importorskip("psycopg")
    with pytest.raises(Stalled, match=r"The address of the database postgresql://me:\*\*\*@/hg.* has a mistake \("):
        open_store(f"postgresql://me:S3C@/hg?host=127.0.0.1&{mistake}", SystemClock())


def test_files_may_have_strange_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a@b.db", "postgres.db", "hosts=2/hg.db", str(tmp_path / "me:you@here" / "host=h password=x.db")):
        open_store(name, SystemClock()).close()
        assert Path(name).stat().st_size


def test_what_was_committed_is_there_after_opening_again(tmp_path):
    for number in range(2):
        store = open_store(f"sqlite:///{tmp_path / 'headgate.db'}", SystemClock())
        assert len(store.pending()) == number
        store.wake([Wake(RunKey(f"r{number}"))])
        store.close()
