"""`headgate backup` and `headgate restore`: what is copied, what is refused, and that nothing is ever overwritten."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from console.data_lock import lock
from reconciler.adapters.process_records import folder_of
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.keys import RepositoryKey
from reconciler.records import PlaceRow, RepositoryRow, Wake
from tests.console.typing_in import FAILED


def files_of(data: Path, attempt: str) -> Path:
    """The directory of an attempt, with a log, artifacts, a link and scratch space."""
    root = Path(folder_of(str(data), attempt).root)
    (root / "artifacts/outputs").mkdir(parents=True)
    (root / "artifacts/model.bin").write_bytes(b"\0weights")
    (root / "log").write_text("it trains\n")
    (root / "work").mkdir()
    (root / "work/scratch").write_text("gone tomorrow")
    (root / "code").symlink_to("/nowhere")
    return root


def runs(file: Path) -> int:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM runs").fetchone()[0]


def files(place: Path) -> set[str]:
    return {str(one.relative_to(place)) for one in place.rglob("*")}


@pytest.fixture
def made(typed, data, tmp_path):
    """A backup, taken while the store is open and has a log."""
    files_of(data, "a1")
    (data / "callback.secret").write_bytes(b"secret")
    (data / "place").write_text("f00d\n")
    (data / "mirrors").mkdir()
    target = tmp_path / "backup"
    said = typed("backup", str(target))
    assert (said.code, said.out) == (0, f"The database and the files of 1 attempt are in {target}.\n"), said.err
    return target


def test_a_backup_has_the_database_and_what_nobody_can_fetch_again(made, data):
    assert (data / "headgate.db-wal").stat().st_size > 0, "what was committed is in the log still"
    assert {one.name for one in made.iterdir()} == {"headgate.db", "callback.secret", "place", "attempts"}
    assert runs(made / "headgate.db") == runs(data / "headgate.db") > 0
    root = Path(folder_of(str(made), "a1").root)
    assert files(root) == {"artifacts", "artifacts/outputs", "artifacts/model.bin", "log", "code"}
    assert os.readlink(root / "code") == "/nowhere"
    modes = {one.name: one.stat().st_mode & 0o077 for one in made.iterdir() if one.is_file()}
    assert modes == {"headgate.db": 0, "callback.secret": 0, "place": 0}


def test_nobody_is_signed_in_by_a_backup(typed, tmp_path, data):
    with closing(sqlite3.connect(data / "headgate.db")) as database, database:
        database.execute("INSERT INTO sessions (name, until, sealed) VALUES ('canary', 9e9, 'x')")
    typed("backup", "--database-only", str(tmp_path / "one.db"))

    assert b"canary" not in (tmp_path / "one.db").read_bytes()
    assert sorted(one.name for one in tmp_path.iterdir() if one.name.startswith(("one", ".one"))) == ["one.db"]


def test_a_backup_gives_space_back_as_its_original_does(made):
    with closing(sqlite3.connect(made / "headgate.db")) as database:
        assert database.execute("PRAGMA auto_vacuum").fetchone() == (2,)


def test_the_database_alone_is_a_file(typed, tmp_path, data):
    said = typed("backup", "--database-only", str(tmp_path / "one.db"))

    assert (said.code, said.out) == (0, f"The database is in {tmp_path / 'one.db'}.\n")
    assert runs(tmp_path / "one.db") == runs(data / "headgate.db")
    assert (tmp_path / "one.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("options", [(), ("--database-only",)])
def test_nothing_is_overwritten_by_a_backup(typed, tmp_path, options):
    (tmp_path / "mine").write_text("dear")
    said = typed("backup", *options, str(tmp_path / "mine"))

    assert said.code == 2
    assert "is there already" in said.err
    assert (tmp_path / "mine").read_text() == "dear"


def test_a_backup_that_fails_leaves_nothing_behind(typed, tmp_path, data, monkeypatch):
    files_of(data, "a1")
    before = set(os.listdir(tmp_path))

    def full(*_):
        raise OSError(28, "No space left on device", "attempts")

    monkeypatch.setattr("console.backups.copy_attempts", full)
    said = typed("backup", str(tmp_path / "backup"))

    assert said.code == 3
    assert "No space left" in said.err
    assert set(os.listdir(tmp_path)) == before


def test_there_is_nothing_to_back_up_where_nothing_was(bare, tmp_path):
    said = bare("backup", str(tmp_path / "backup"), "--data-dir", str(tmp_path / "empty"))

    assert said.code == 3
    assert "There is nothing in" in said.err
    assert not (tmp_path / "empty").exists()


def test_a_database_that_was_lost_is_told_as_by_every_command(bare, data, tmp_path):
    files_of(data, "a1")
    (data / "headgate.db").write_bytes(b"")
    said, status = (
        bare(*words, "--data-dir", str(data)) for words in (("backup", str(tmp_path / "backup")), ("status",))
    )

    assert (said.code, said.err) == (status.code, status.err)
    assert said.code == 2
    assert said.err.count("Nothing was changed.") == 1
    assert not (tmp_path / "backup").exists()


def test_a_backup_goes_to_a_folder_that_is_there(typed, tmp_path):
    said = typed("backup", str(tmp_path / "no" / "backup"))

    assert said.code == 2
    assert "is not a folder" in said.err


def test_a_backup_comes_back_as_it_was(made, bare, tmp_path, data):
    other = tmp_path / "other"
    said = bare("restore", str(made), "--data-dir", str(other))

    assert said.code == 0, said.err
    assert said.out.startswith("Restored what was known on ")
    assert said.out.endswith("; the files of 1 attempt came back.\n")
    assert runs(other / "headgate.db") == runs(data / "headgate.db")
    assert (other / "headgate.db").stat().st_mode & 0o077 == 0
    assert (other / "callback.secret").read_bytes() == b"secret"
    assert (other / "place").read_text() == "f00d\n"
    assert (Path(folder_of(str(other), "a1").root) / "log").read_text() == "it trains\n"
    assert bare("status", FAILED, "--data-dir", str(other)).code == 1
    assert not [one for one in os.listdir(other) if one.startswith(".")]


def test_a_database_that_is_there_is_not_replaced_unasked(made, typed, data):
    said = typed("restore", str(made))

    assert said.code == 2
    assert f"{data / 'headgate.db'} is there already" in said.err
    assert "--replace" in said.err


@pytest.mark.parametrize("left", ["-wal", "-shm"])
def test_a_log_that_another_database_left_is_not_put_beside_a_restored_one(made, bare, tmp_path, left):
    other = tmp_path / "other"
    other.mkdir()
    (other / f"headgate.db{left}").write_bytes(b"of another one")
    said = bare("restore", str(made), "--data-dir", str(other))

    assert said.code == 2
    assert f"headgate.db{left} is there already" in said.err
    assert bare("restore", str(made), "--replace", "--data-dir", str(other)).code == 0
    assert not (other / f"headgate.db{left}").exists() or left == "-wal"
    assert runs(other / "headgate.db") == runs(made / "headgate.db")


def test_what_is_replaced_is_set_aside_whole_and_newer_files_stay(made, typed, data, store):
    files_of(data, "b2")
    mine = Path(folder_of(str(data), "a1").root) / "log"
    mine.write_text("newer\n")
    store.add_repository(RepositoryRow("late", "nowhere"))
    said = typed("restore", "--replace", str(made))
    (aside,) = data.glob("replaced-*")

    assert said.code == 0, said.err
    assert f"The database that was here is in {aside}." in said.err
    assert "1 attempt has files here that this database does not know" in said.err
    assert mine.read_text() == "newer\n"
    assert {"headgate.db", "headgate.db-wal"} <= set(os.listdir(aside))
    with closing(open_store(str(aside / "headgate.db"), SystemClock())) as old:
        assert old.repository("late") is not None
    with closing(open_store(str(data / "headgate.db"), SystemClock())) as now:
        assert now.repository("late") is None
    store.close()


def test_nothing_is_restored_below_a_service(made, typed, data):
    with lock(data):
        said = typed("restore", "--replace", str(made))

    assert said.code == 2
    assert "A service already works on" in said.err
    assert not list(data.glob("replaced-*"))


def test_a_damaged_backup_is_refused_and_nothing_is_changed(made, bare, tmp_path):
    whole = (made / "headgate.db").read_bytes()
    (made / "headgate.db").write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    said = bare("restore", str(made), "--data-dir", str(tmp_path / "other"))

    assert said.code == 1
    assert "damaged" in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "other/headgate.db").exists()


def test_a_truncated_backup_is_refused(made, bare, tmp_path):
    os.truncate(made / "headgate.db", 10_000)
    said = bare("restore", str(made), "--data-dir", str(tmp_path / "other"))

    assert said.code == 1
    assert "damaged" in said.err
    assert not (tmp_path / "other/headgate.db").exists()


@pytest.mark.parametrize("what", ["text", "strange", "empty"])
def test_a_file_of_something_else_is_refused(bare, tmp_path, what):
    file = tmp_path / "some.db"
    if what == "strange":
        with closing(sqlite3.connect(file)) as database:
            database.execute("CREATE TABLE cooking (recipe TEXT)")
    else:
        file.write_text("a recipe" * 1000 if what == "text" else "")
    said = bare("restore", str(file), "--data-dir", str(tmp_path / "other"))

    assert said.code in (1, 2)
    assert "headgate: " in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "other/headgate.db").exists()


def test_a_backup_of_a_newer_release_is_refused(made, bare, tmp_path):
    with closing(sqlite3.connect(made / "headgate.db")) as database, database:
        database.execute("UPDATE schema_version SET version_num = '0099'")
    said = bare("restore", str(made), "--data-dir", str(tmp_path / "other"))

    assert said.code == 2
    assert "schema 0099" in said.err
    assert "Install the release" in said.err


def test_what_is_no_backup_is_refused(bare, tmp_path):
    (tmp_path / "some").mkdir()
    for name in ("some", "none"):
        said = bare("restore", str(tmp_path / name), "--data-dir", str(tmp_path / "other"))
        assert said.code == 2
        assert "is no backup" in said.err


def test_runs_of_another_place_are_told_of(made, bare, tmp_path):
    with closing(open_store(str(made / "headgate.db"), SystemClock())) as store:
        store.see_place(PlaceRow("build-1:/data", "", "one", "0.2.0"))
    said = bare("restore", str(made), "--data-dir", str(tmp_path / "other"))

    assert said.code == 0
    assert "`headgate places give-up build-1:/data`" in said.err


def test_a_copy_is_whole_while_others_write(typed, store, data, tmp_path):
    """Each commit writes two rows: a copy between them would have one."""
    import threading

    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            store.wake([Wake(RepositoryKey(f"a{number}")), Wake(RepositoryKey(f"b{number}"))])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        said = [typed("backup", "--database-only", str(tmp_path / f"{number}.db")) for number in range(5)]
    finally:
        stop.set()
        writer.join()

    assert {one.code for one in said} == {0}
    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            keys = {key for (key,) in database.execute("SELECT key FROM wakes WHERE key LIKE 'repository/%'")}
            assert {key.replace("/a", "/b") for key in keys} == {key.replace("/a", "/b") for key in keys if "/b" in key}


def test_with_a_server_the_files_are_copied_and_the_dump_is_explained(bare, data, tmp_path, monkeypatch):
    files_of(data, "a1")
    (data / "place").write_text("f00d\n")
    monkeypatch.setenv("HEADGATE_DATABASE", "postgresql://nobody@127.0.0.1:1/none")
    said = bare("backup", str(tmp_path / "backup"), "--data-dir", str(data))
    alone = bare("backup", "--database-only", str(tmp_path / "one.db"), "--data-dir", str(data))
    back = bare("restore", str(tmp_path / "backup"), "--data-dir", str(tmp_path / "other"))

    assert (said.code, said.out) == (0, f"The files of 1 attempt are in {tmp_path / 'backup'}.\n")
    assert alone.code == 2
    assert "pg_dump" in alone.err
    assert (back.code, back.out) == (0, "Restored: the files of 1 attempt came back.\n")
    assert not (tmp_path / "other/place").exists(), "the other machine may be at work"
