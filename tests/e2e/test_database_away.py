"""The database restarts, is away or fails over while replicas are in the middle of runs: all of it is ridden out."""

import json
import time
import urllib.error
import urllib.request
from contextlib import closing

import psycopg
import pytest

from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.errors import Waiting
from reconciler.keys import FlowKey, RepositoryKey
from reconciler.records import Wake
from tests.e2e.replicas import Replica, eventually
from tests.e2e.service import flow, until
from tests.e2e.test_replicas import assert_each_ran_once, op_script

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

AWAY = 10.0  # s
MOST_LINES = 12  # that a replica's log may have of one absence

# Posts until the database is back and it is heard, and writes down what it was answered.
POSTING = """
python3 - <<'END'
import json, os, time, urllib.error, urllib.request
def post(what, body):
    url = f"{os.environ['HEADGATE_API']}/v1/attempts/{os.environ['HEADGATE_ATTEMPT']}/{what}"
    headers = {"Authorization": f"Bearer {os.environ['HEADGATE_TOKEN']}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=40) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
heard = 0
while heard != 200 or not os.path.exists("BACK"):
    heard, said = post("metrics", b'{"loss": 0.5}')
    open("ANSWERS", "a").write(json.dumps([heard, said]) + "\\n")
    time.sleep(0.2)
assert post("outputs", b'{"n": 7}')[0] == 200
END
"""


@pytest.fixture
def replicas(shared, server):
    made = [Replica(name, shared, server.url, slots=8) for name in ("one", "two")]
    made[0].start()
    head = shared.git("rev-parse", "HEAD").strip()
    eventually(lambda: shared.checks(head), made)
    made[1].start()
    eventually(lambda: all("Serving" in replica.text() for replica in made), made)
    yield made
    for replica in made:
        replica.kill()


def long_flow(shared, name):
    """Some ops end before the database goes, some while it is away, some when it is back; two wait for those."""
    gone, back = until(shared.root / "gone"), until(shared.root / "back")
    pauses = {"0": "sleep 0.5", "1": gone, "2": f"{gone}; sleep 2", "3": back}
    ops = {f"{name}{n}": (op_script(shared, f"{name}{n}", pause=pause), ()) for n, pause in pauses.items()}
    for n in "12":
        ops[f"{name}after{n}"] = (op_script(shared, f"{name}after{n}"), (f"{name}{n}",))
    return flow(ops), list(ops)


def page(replica, path="/"):
    address = f"http://127.0.0.1:{(replica.data / 'port').read_text()}{path}"
    try:
        with urllib.request.urlopen(address, timeout=40) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def restart_fast(server):
    server.do("down", "fast")
    yield
    server.do("up")


def restart_after_a_crash(server):
    server.do("down", "immediate")
    yield
    server.do("up")


def fail_over(server):
    server.do("standby")
    server.do("down", "immediate")
    yield
    server.do("failover")


@pytest.mark.parametrize("absence", [restart_fast, restart_after_a_crash, fail_over])
def test_nothing_is_lost_and_nothing_runs_twice_when_the_database_is_away(shared, server, replicas, absence):
    answers, back = shared.root / "answers", shared.root / "back"
    flows = {name: long_flow(shared, name) for name in "ab"}
    files = {f"flows/{name}.yaml": text for name, (text, _) in flows.items()}
    posting = {
        "p0": (POSTING.replace("ANSWERS", str(answers)).replace("BACK", str(back)), ()),
        "p1": (op_script(shared, "p1"), ("p0",)),
    }
    sha = shared.push(files | {"flows/p.yaml": flow(posting)})
    eventually(lambda: len(shared.lines()) >= 10 and answers.exists(), replicas)
    said_before = [len(replica.text().splitlines()) for replica in replicas]

    going = absence(server)
    next(going)
    gone_at, lines = time.monotonic(), len(shared.lines())
    (shared.root / "gone").touch()
    while time.monotonic() < gone_at + AWAY:
        assert [replica.process.poll() for replica in replicas] == [None, None], "they go on"
        for status, text in map(page, replicas):
            assert status == 503
            assert "database" in text
        time.sleep(1)
    meanwhile = shared.lines()[lines:]
    assert {line.split()[0] for line in meanwhile} == {"ended"}, "ops that went on"
    list(going)
    back.touch()

    eventually(lambda: all(shared.conclusion(sha, f"headgate/{name}") for name in "abp"), replicas)
    assert {shared.conclusion(sha, f"headgate/{name}") for name in "abp"} == {"success"}
    assert_each_ran_once(shared, [op for _, ops in flows.values() for op in ops] + ["p1"])
    eventually(lambda: [page(replica)[0] for replica in replicas] == [200, 200], replicas)
    eventually(lambda: len(server.listeners()) == len(replicas), replicas)

    heard = [json.loads(line) for line in answers.read_text().splitlines()]
    assert {status for status, _ in heard} == {200, 503}
    assert all("database" in said for status, said in heard if status == 503)
    for replica, before in zip(replicas, said_before, strict=True):
        said = replica.text().splitlines()[before:]
        assert 1 <= len(said) <= MOST_LINES, said
        assert "Traceback" not in replica.text()
        print(replica.name, *said, sep="\n")


def test_replicas_start_while_the_database_is_away_with_a_sentence(shared, server):
    """Whoever starts them starts them again; nothing is a traceback."""
    server.do("down", "fast")
    replica = Replica("one", shared, server.url)
    replica.start()

    assert replica.process.wait(60) != 0
    assert "Traceback" not in replica.text()
    assert "database" in replica.text().lower()
    server.do("up")


def test_a_standby_that_is_found_for_a_while_is_not_kept(server):
    """A stale name or proxy leads there before it is promoted, or instead of a server that soon comes back."""
    with closing(open_store(server.url, SystemClock())) as store:
        store.wake([Wake(RepositoryKey("shop"))])
        server.do("standby")
        with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
        server.do("down", "immediate")
        address = server.folder / ".s.PGSQL.5432"
        address.symlink_to(server.folder / "beside" / ".s.PGSQL.5432")
        for act in (lambda: store.wake([Wake(FlowKey("f1"))]), lambda: store.lease("worker", 30), store.pending) * 3:
            with pytest.raises(Waiting):
                act()
        address.unlink()
        server.do("up")

        store.wake([Wake(FlowKey("f1"))])
        assert {row.key for row in store.pending()} == {RepositoryKey("shop"), FlowKey("f1")}


def test_a_connection_that_takes_no_writes_is_left(server):
    """A pooler between us and the server may keep what leads to one that does not lead any more."""
    with closing(open_store(server.url, SystemClock())) as store:
        store.wake([Wake(RepositoryKey("shop"))])
        with store._database._writer.one() as connection:
            connection.exec_driver_sql("SET default_transaction_read_only = on")
            connection.commit()
        with pytest.raises(Waiting, match="nothing can be written"):
            store.lease("worker", 30)

        assert store.lease("worker", 30).key == RepositoryKey("shop")
