"""`headgate doctor`: each finding from a real cause, and nothing is changed by looking."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.data_lock import lock
from reconciler.adapters.git_source import GitSource
from reconciler.adapters.place import local_place
from reconciler.adapters.process_records import boot_id, claim, folder_of
from reconciler.adapters.sql_store import SqlStore, open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.engine.model import AttemptSpec
from reconciler.errors import INTERNAL_ERROR
from reconciler.keys import FlowKey, RepositoryKey
from reconciler.records import AttemptRow, Changes, CheckRow, EventRow, FlowRow, RepositoryRow, RequestRow, Wake
from tests.console.typing_in import Terminal
from tests.reconciler.adapters.git_repository import GitRepository

Doctor = Callable[..., dict[str, dict[str, Any]]]
SHA = "4be91c0" + "0" * 33


@pytest.fixture
def store(data: Path) -> SqlStore:
    """An empty store instead of the one with runs."""
    return open_store(str(data / "headgate.db"), SystemClock())


@pytest.fixture
def told(bare: Terminal, data: Path, store: SqlStore) -> Doctor:
    """The worst finding of each check, by its name; the store is closed, so that its file is whole."""

    def ask(*options: str, code: int | None = None) -> dict[str, dict[str, Any]]:
        store.close()
        typed = bare("doctor", "--format", "json", "--data-dir", str(data), *options)
        assert code in (None, typed.code), typed.out + typed.err
        assert "Traceback" not in typed.err
        order = ["ok", "unknown", "warning", "problem"]
        found = sorted(typed.json["findings"], key=lambda one: order.index(one["level"]))
        return {one["check"]: one for one in found}

    return ask


def write(store: SqlStore, **changes: Any) -> None:
    """What a step would write."""
    store.wake([Wake(RepositoryKey("test"))])
    lease = store.lease("test", 60.0)
    assert lease is not None
    store.commit(lease, Changes(**changes))


def listing(place: Path) -> dict[str, tuple[int, int]]:
    return {str(one): (one.stat().st_size, one.stat().st_mtime_ns) for one in sorted(place.rglob("*"))}


def test_a_place_that_is_well_is_told_to_be(told, data, store, tmp_path):
    repository = GitRepository(tmp_path / "shop.git")
    head = repository.commit({"README.md": "A shop.\n"})
    store.add_repository(RepositoryRow("shop", str(repository.path)))
    found = told(code=0)

    assert {name for name, one in found.items() if one["level"] == "problem"} == set()
    assert {"python", "git", "data-directory", "disk", "database", "database-schema", "repository"} <= set(found)
    assert f"main is at {head[:10]}" in found["repository"]["what"]


def test_looking_changes_nothing(told, data, store):
    store.close()
    before = listing(data)
    told()

    assert listing(data) == before


def test_a_place_that_is_not_there_is_not_made(bare, tmp_path):
    typed = bare("doctor", "--data-dir", str(tmp_path / "nowhere"))

    assert typed.code == 0
    assert "It is not there yet." in typed.out
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_no_database_is_a_problem(told, data, store):
    store.close()
    (data / "headgate.db").write_bytes(b"a letter, not a database " * 200)
    found = told(code=1)["database"]

    assert "not a database" in found["what"]
    assert found["where"] == str(data / "headgate.db")
    assert "backup" in found["do"]


def test_a_file_that_nothing_was_written_to_yet_is_empty_and_no_failing_disk(told, data, store):
    store.close()
    (data / "headgate.db").write_bytes(b"")
    found = told(code=0)

    assert found["database-schema"]["what"] == "It is empty."
    assert "The first `headgate serve`" in found["database-schema"]["do"]
    assert "database" not in found


def an_attempt(data: Path) -> Path:
    Path(folder_of(str(data), "train-1").root).mkdir(parents=True)
    return data / "attempts"


def a_log(data: Path) -> Path:
    log = data / "headgate.db-wal"
    log.write_bytes(b"what was committed last")
    return log


def emptied(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("left", [an_attempt, a_log])
@pytest.mark.parametrize(("lost", "so"), [(emptied, "empty"), (Path.unlink, "missing")])
def test_a_database_that_was_lost_is_told_from_a_new_one(told, data, store, left, lost, so):
    store.close()
    lost(data / "headgate.db")
    places = [str(one) for one in (data / "headgate.db", left(data)) if one.exists()]
    before = listing(data)
    found = told(code=1)

    assert found["database"]["what"] == f"It is {so}, although ops ran here: its rows are lost."
    assert f"or move {' and '.join(places)} away to begin anew." in found["database"]["do"]
    assert ("If another database was used here" in found["database"]["do"]) == (so == "missing")
    assert "attempt-orphan" not in found
    assert listing(data) == before


def a_directory(file: Path) -> None:
    file.mkdir()


@pytest.mark.parametrize(("made", "said"), [(a_directory, "is a directory"), (os.mkfifo, "is not a file")])
def test_what_is_no_file_is_not_read_as_one(told, data, store, made, said):
    store.close()
    (data / "headgate.db").unlink()
    made(data / "headgate.db")
    found = told(code=1)

    assert found["database"]["what"] == f"{data / 'headgate.db'} {said}: there is no database."
    assert "move that away" in found["database"]["do"]
    assert found["permissions"]["level"] == "ok"


def test_a_program_that_lets_nobody_else_write_is_named(told, data, store):
    store.close()
    assert "database-held" not in told(code=0)
    script = "import sqlite3,sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE')"
    words = [sys.executable, "-c", f"{script}; print('held', flush=True); sys.stdin.read()", str(data / "headgate.db")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        found = told(code=1)
        holder.kill()

    assert found["database-held"]["what"].startswith(f"Process {holder.pid} (python")
    assert "end that program" in found["database-held"]["do"]
    assert "database-held" not in told(code=0)


def test_a_damaged_page_is_found(told, data, store):
    write(store, events=tuple(EventRow(1.0, f"run-{n}", "status", message="x" * 200) for n in range(500)))
    store.close()
    with (data / "headgate.db").open("r+b") as file:
        file.seek(4096 * 40)
        file.write(b"\xff" * 4096 * 8)

    assert told(code=1)["database"]["level"] == "problem"


def test_a_database_of_a_newer_release_is_named(told, data, store):
    store.close()
    with sqlite3.connect(data / "headgate.db") as connection:
        connection.execute("UPDATE schema_version SET version_num = '0999'")
    found = told(code=1)["database-schema"]

    assert "0999" in found["what"]
    assert "Install the release" in found["do"]


def test_no_service_is_a_warning_and_a_held_lock_that_answers_nothing_a_problem(told, data):
    assert told(code=0)["service"]["level"] == "warning"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        (data / "port").write_text(str(free.getsockname()[1]))
    with lock(data):
        found = told(code=1)

    assert found["service"]["level"] == "ok"
    assert "does not answer" in found["answers"]["what"]


def test_a_key_that_is_parked_tells_why(told, store):
    store.wake([Wake(FlowKey("churn"))])
    store.park(store.lease("test", 60.0), "NotARepository", "What shop points at is not a Git repository.")
    found = told(code=1)["key-parked"]

    assert found["where"] == "flow/churn"
    assert "is not a Git repository" in found["what"]


@pytest.mark.parametrize(("reason", "level"), [("RepositoryMissing", "warning"), (INTERNAL_ERROR, "problem")])
def test_a_key_that_fails_again_and_again_is_told(told, store, reason, level):
    store.wake([Wake(FlowKey("churn"))])
    for _ in range(3):
        store.retry(store.lease("test", 60.0), time.time() - 1, reason, "It did not work.")
    found = told()["key-failing"]

    assert found["level"] == level
    assert "3 times in a row: It did not work." in found["what"]


def test_a_queue_that_does_not_move_is_a_problem_while_a_service_runs(told, data, store):
    store.wake([Wake(FlowKey("churn"), time.time() - 100)])
    assert told(code=0)["queue"]["level"] == "warning"
    with lock(data):
        found = told(code=1)["queue"]

    assert "1 key is due, the oldest for 1 m 40 s" in found["what"]
    assert found["where"] == "flow/churn"


def test_a_lease_of_a_killed_service_is_told(told, data, store):
    store.wake([Wake(FlowKey("churn"))])
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    store.lease(f"{local_place(data)} {boot_id()}:{ended.pid}:1", 60.0)

    assert told()["lease-dead"]["where"] == "flow/churn"


def away(_place: Path) -> None:
    """Nothing is there."""


def a_folder(place: Path) -> None:
    place.mkdir()


def headless(place: Path) -> None:
    repository = GitRepository(place)
    repository.commit({"a": "b"})
    repository.git("symbolic-ref", "HEAD", "refs/heads/nowhere")


@pytest.mark.parametrize(
    ("made", "said"),
    [(away, "is its disk mounted?"), (a_folder, "is not a Git repository"), (headless, "git symbolic-ref HEAD")],
)
def test_a_repository_that_cannot_be_served_is_a_problem(told, store, tmp_path, made, said):
    made(tmp_path / "shop.git")
    store.add_repository(RepositoryRow("shop", str(tmp_path / "shop.git")))
    found = told(code=1)["repository"]

    assert said in found["what"]
    assert found["where"] == str(tmp_path / "shop.git")


def test_a_mirror_that_has_lost_an_object_is_a_problem(told, data, store, tmp_path):
    repository = GitRepository(tmp_path / "shop.git")
    repository.commit({"README.md": "A shop.\n"})
    store.add_repository(RepositoryRow("shop", str(repository.path)))
    source = GitSource(data, lambda _name: str(repository.path))
    source.refs("shop")
    assert "mirror" not in told(code=0)
    for file in source.mirror_of("shop").glob("objects/*/*"):
        file.chmod(0o600)
        file.unlink()
    found = told(code=1)["mirror"]

    assert "makes a new one" in found["do"]


def test_flows_that_are_held_up_are_told(told, store):
    flow = FlowRow("f1", "shop", "", "flows/churn.yaml", "churn", frozen="flows/churn.yaml:3: `imagee` is no key.")
    write(
        store,
        repositories=(RepositoryRow("shop", "/nowhere", broken=".headgate.yaml:2: no.", pruning_held=SHA),),
        flows=(flow,),
    )
    found = told()

    assert "`imagee` is no key" in found["flow-frozen"]["what"]
    assert found["pruning-held"]["do"].startswith("`headgate approve shop@4be91c0`")
    assert found["settings"]["where"] == ".headgate.yaml:2: no."


def test_checks_and_requests_that_wait_for_long_are_told(told, data, store):
    write(store, checks=(CheckRow("shop", SHA, "headgate", "desired"),))
    store.ask(RequestRow("r", FlowKey("f1"), "pause", "ada", time.time() - 1000, "f1"))
    store.close()
    with sqlite3.connect(data / "headgate.db") as connection:
        connection.execute("UPDATE checks SET noted_at = noted_at - 1000")
    found = told()

    assert found["checks"]["where"] == "headgate on shop@4be91c0"
    assert "1 request without an answer" in found["requests"]["what"]


def attempt(data: Path, name: str, place: str = "") -> AttemptRow:
    spec = AttemptSpec(name, "run-1", "train", 1, "job", "churn", "shop", SHA, {})
    return AttemptRow(name, "run-1", "train", spec, phase="started", place=place or local_place(data), created_at=1.0)


def test_an_attempt_without_a_process_and_a_directory_without_an_attempt_are_told(told, data, store):
    write(store, attempts=(attempt(data, "lost-1"),))
    for name in ("lost-1", "orphan-1"):
        folder = Path(folder_of(str(data), name).root)
        folder.mkdir(parents=True)
    claim(folder_of(str(data), "lost-1"), f"{boot_id()}:999999999:1")
    found = told()

    assert found["attempt-lost"]["where"] == "run-1 train"
    assert found["attempt-orphan"]["where"].endswith("orphan-1")
    assert not Path(folder_of(str(data), "lost-1").lost).exists()


def test_a_place_that_is_gone_is_a_problem(told, data, store):
    gone = f"{socket.gethostname()}:/nowhere/at/all"
    write(store, attempts=(attempt(data, "away-1", gone), attempt(data, "away-2", "elsewhere:/srv/headgate")))
    found = told(code=1)

    assert found["place-gone"]["where"] == gone
    assert found["place"]["where"] == "elsewhere:/srv/headgate"


def test_events_of_the_future_tell_of_a_clock_that_was_set_back(told, store):
    write(store, events=(EventRow(time.time() + 4000, "run-1", "status"),))

    assert "ahead of this machine's clock" in told()["clock"]["what"]


def test_files_that_others_can_read_are_told(told, data):
    (data / "headgate.db").chmod(0o644)

    assert told()["permissions"]["where"] == str(data / "headgate.db")


def test_missing_secrets_are_told_without_any_value(told, tmp_path, monkeypatch):
    monkeypatch.setenv("PRESENT", "hunter2")
    config = tmp_path / "server.yaml"
    config.write_text(
        "connections:\n- name: warehouse\n  kind: host_path\n"
        '  secretEnv: {A: "env:PRESENT", B: "file:/nowhere/secret", C: "env:ABSENT"}\n'
    )
    found = told("--config", str(config), code=1)

    assert "/nowhere/secret" in found["connection"]["what"]
    assert "hunter2" not in json.dumps(found)


def test_a_mistake_in_the_configuration_is_shown_on_its_line(bare, tmp_path):
    config = tmp_path / "server.yaml"
    config.write_text("dataDir: state\nslotz: 4\n")
    typed = bare("doctor", "--config", str(config))

    assert typed.code == 2
    assert "server.yaml:2" in typed.err


def test_a_server_that_is_away_is_a_problem_and_its_password_is_not_told(bare, data, monkeypatch):
    pytest.importorskip("psycopg")
    monkeypatch.setenv("HEADGATE_DATABASE", "postgresql://ada:hunter2@127.0.0.1:1/shop")
    typed = bare("doctor", "--data-dir", str(data))

    assert typed.code == 1
    assert "postgresql://ada:***@127.0.0.1:1/shop" in typed.out
    assert "hunter2" not in typed.out + typed.err


def test_a_git_that_is_missing_is_a_problem(told, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert told(code=1)["git"]["do"].startswith("Install git")
