"""A PostgreSQL that is brought back to an earlier moment: its replicas catch up, and nothing is done twice."""

import subprocess

import pytest

from tests.e2e.database_server import DatabaseServer
from tests.e2e.replicas import Replica, eventually
from tests.e2e.service import Place, flow
from tests.e2e.test_restored import begun, noted

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]


def psql(server: DatabaseServer, *command: str) -> None:
    host = ["--host", str(server.folder), "--username", "headgate"]
    done = subprocess.run([*command[:1], *host, *command[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_replicas_of_a_server_restored_to_an_earlier_moment_catch_up(tmp_path, server):
    shared, dump = Place(tmp_path), tmp_path / "monday.dump"
    replicas = [Replica(name, shared, server.url, slots=4) for name in ("one", "two")]
    for replica in replicas:
        replica.start()
    eventually(lambda: all("Serving" in replica.text() for replica in replicas), replicas)
    start = shared.git("rev-parse", "HEAD").strip()
    eventually(lambda: shared.checks(start), replicas)
    try:
        first = shared.push({"flows/churn.yaml": flow({
            "a": noted(shared, "a"), "b": noted(shared, "b", 5.0, ("a",)), "c": noted(shared, "c", 0.0, ("b",)),
        })})  # fmt: skip
        eventually(lambda: len(begun(shared)) == 2, replicas)
        psql(server, "pg_dump", "--format=custom", f"--file={dump}", "headgate")
        eventually(lambda: shared.conclusion(first, "headgate/churn") == "success", replicas)
        passed = shared.push({"flows/churn.yaml": flow({"a": noted(shared, "passed")})})
        eventually(lambda: shared.conclusion(passed, "headgate/churn") == "success", replicas)
        head = shared.push({"flows/churn.yaml": flow({"a": noted(shared, "last")})})
        eventually(lambda: shared.conclusion(head, "headgate/churn") == "success", replicas)

        for replica in replicas:
            replica.kill()
        psql(server, "dropdb", "headgate")
        psql(server, "createdb", "headgate")
        psql(server, "pg_restore", "--exit-on-error", "--dbname=headgate", str(dump))
        for replica in replicas:
            replica.start()
        eventually(lambda: "passed over" in shared.checks(passed)["headgate"]["summary"], replicas)
        eventually(lambda: replicas[0].headgate("status", head[:12]).returncode == 0, replicas)
        eventually(lambda: shared.conclusion(head, "headgate/churn") == "success", replicas)
    finally:
        for replica in replicas:
            replica.kill()

    attempts = [attempt for _, _, attempt in begun(shared)]
    assert len(attempts) == len(set(attempts))
    assert sorted(name for name, commit, _ in begun(shared) if commit == first) == ["a", "b", "c"]
    assert {name for name, commit, _ in begun(shared) if commit == head} == {"last"}
    assert shared.conclusion(first, "headgate/churn") == "success"
    assert all("Traceback" not in replica.text() for replica in replicas)
