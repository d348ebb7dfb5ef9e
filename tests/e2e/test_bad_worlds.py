"""What a service and its commands need is broken, held or taken away: they say so, damage nothing, and go on."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.service import PATIENCE, Place, ends_within, flow, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
COMMANDS = [("status",), ("logs", "@last"), ("stop", "@last"), ("run", "one.yaml"), ("why", "@last")]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    (tmp_path / "one.yaml").write_text(flow({"one": ("true", ())}))
    yield place
    if place.process is not None and place.process.poll() is None:
        place.kill()


@pytest.fixture
def served(place: Place) -> Place:
    """A place whose service has seen the first commit."""
    place.start()
    place.eventually(lambda: place.checks(place.git("rev-parse", "HEAD").strip()))
    return place


def pushed(place: Place, name: str = "churn", seconds: float = 0.0) -> str:
    script = f'echo "{name} $HEADGATE_ATTEMPT" >> {place.ledger}; sleep {seconds}'
    return place.push({f"flows/{name}.yaml": flow({name: (script, ())})})


def finished(place: Place, sha: str, name: str = "churn") -> None:
    place.eventually(lambda: place.conclusion(sha, f"headgate/{name}"))
    assert place.conclusion(sha, f"headgate/{name}") == "success"


def command(place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    said = place.command(*(str(place.root / word) if word.endswith(".yaml") else word for word in words))
    assert "Traceback" not in said.stdout + said.stderr, said.stderr
    return said


def starts_in_vain(place: Place) -> tuple[int, str]:
    """How a start ended and what it said."""
    before = len(place.log()) if (place.root / "serve.log").exists() else 0
    place.start()
    code = place.died()
    said = place.log()[before:]
    assert "Traceback" not in said, said
    return code, said


# --- the database


@contextmanager
def held(database: Path, mode: str = "EXCLUSIVE") -> Iterator[int]:
    """Another process that writes to the database and does not end."""
    script = (
        f"import sqlite3,sys; c = sqlite3.connect({str(database)!r}, isolation_level=None, timeout=20);"
        f"c.execute('BEGIN {mode}'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        try:
            yield holder.pid
        finally:
            holder.kill()


def test_a_database_that_another_program_holds_is_told_and_waited_for(served):
    sha = pushed(served, seconds=1)
    finished(served, sha)
    with held(served.data / "headgate.db") as holder:
        second = pushed(served, "second")
        status, stop = command(served, "status"), command(served, "restart", "@last")
        served.eventually(lambda: "locked" in served.log())
        doctor = command(served, "doctor")
    finished(served, second, "second")

    assert status.returncode == 0
    assert stop.returncode == 3
    assert "database is locked" in stop.stderr
    assert "headgate doctor" in stop.stderr
    assert doctor.returncode == 1
    assert f"Process {holder} (python" in doctor.stdout
    assert "end that program; the service then goes on by itself" in doctor.stdout
    assert served.log().count("database is locked") < 8
    assert "Traceback" not in served.log()
    assert [line.split()[0] for line in served.lines()] == ["churn", "second"]


def nothing(file: Path) -> None:
    """Text where a database should be."""
    file.write_bytes(b"a letter, not a database. " * 400)


def cut(file: Path) -> None:
    """Half of it is gone."""
    os.truncate(file, file.stat().st_size // 2 // 4096 * 4096)


def scratched(file: Path) -> None:
    """Noise but for the first pages."""
    with file.open("r+b") as opened:
        opened.seek(4096 * 3)
        opened.write(b"\xa5" * (file.stat().st_size - 4096 * 3))


def newer(file: Path) -> None:
    """A much later release has used it."""
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE schema_version SET version_num = '0999'")
    connection.close()


def emptied(file: Path) -> None:
    """All of it is gone."""
    os.truncate(file, 0)


def removed(file: Path) -> None:
    """Somebody has tidied up."""
    file.unlink()


DAMAGED = ("is damaged or not a database", "is damaged or not a database", "Restore it from a backup")
HARMS = {  # what a service and its commands say, and what `headgate doctor` finds and advises
    nothing: DAMAGED,
    cut: DAMAGED,
    scratched: DAMAGED,
    newer: ("schema 0999", "It has schema 0999", "Install the release that has used it last."),
    emptied: ("is empty, although ops ran here", "It is empty, although ops ran here", "Restore a backup"),
    removed: ("is missing, although ops ran here", "It is missing, although ops ran here", "Restore a backup"),
}


def read(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


@pytest.mark.parametrize("harm", HARMS)
def test_a_database_that_is_broken_stops_every_command_and_is_left_as_it_is(served, harm):
    finished(served, pushed(served))
    served.stop()
    database = served.data / "headgate.db"
    kept = served.root / "kept.db"
    shutil.copy(database, kept)
    harm(database)
    said_by_all, found, advice = HARMS[harm]
    broken = read(database)
    code, said = starts_in_vain(served)

    assert code == 2, said
    assert said_by_all in said
    for words in COMMANDS:
        answer = command(served, *words)
        assert answer.returncode == 2, (words, answer)
        assert said_by_all in answer.stderr, (words, answer)
    doctor = command(served, "doctor")
    assert doctor.returncode == 1
    assert found in doctor.stdout
    assert advice in doctor.stdout
    assert read(database) == broken

    shutil.copy(kept, database)  # as a backup is restored
    for left in ("headgate.db-wal", "headgate.db-shm"):
        (served.data / left).unlink(missing_ok=True)
    served.start()
    finished(served, pushed(served, "second"), "second")


# --- repository, git, limits


def test_a_repository_that_goes_away_is_told_and_waited_for(served):
    sha = pushed(served, seconds=2)
    served.eventually(served.lines)
    away = served.bare.with_name("moved.git")
    served.bare.rename(away)
    served.eventually(lambda: "is not there" in served.log())
    doctor = command(served, "doctor")
    time.sleep(2.5)
    assert command(served, "status", "@last").returncode == 0
    away.rename(served.bare)
    finished(served, sha)
    finished(served, pushed(served, "second"), "second")

    assert doctor.returncode == 1
    assert "is its disk mounted?" in doctor.stdout
    assert "Traceback" not in served.log()
    assert [line.split()[0] for line in served.lines()] == ["churn", "second"]


@pytest.fixture
def programs(place: Place) -> Path:
    """A folder of programs that is all of PATH for the service."""
    folder = place.root / "bin"
    folder.mkdir()
    for name in ("sh", "sleep", "true"):
        (folder / name).symlink_to(shutil.which(name) or name)
    place.environment["PATH"] = str(folder)
    return folder


def git_script(programs: Path, text: str) -> None:
    """A `git` of ours, whole at once."""
    made = programs / "git.new"
    made.write_text(f"#!/bin/sh\n{text}\n")
    made.chmod(0o755)
    made.rename(programs / "git")


def real_git() -> str:
    return shutil.which("git") or "git"


def test_a_machine_without_git_is_told_and_the_service_goes_on_when_it_is_installed(place, programs):
    (programs / "git").symlink_to(real_git())
    place.start()
    place.eventually(lambda: _with_all_programs(place, lambda: place.checks(place.git("rev-parse", "HEAD").strip())))
    (programs / "git").unlink()
    place.eventually(lambda: "git is not installed" in place.log())
    doctor, run = command(place, "doctor"), command(place, "run", "one.yaml")
    (programs / "git").symlink_to(real_git())
    _with_all_programs(place, lambda: finished(place, pushed(place)))

    assert doctor.returncode == 1
    assert "The program git is not found." in doctor.stdout
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in place.log()


def _with_all_programs(place: Place, act: Callable[[], object]) -> object:
    """Only the service has lost its git: the test has the PATH of the machine."""
    short = place.environment["PATH"]
    place.environment["PATH"] = os.environ["PATH"]
    try:
        return act()
    finally:
        place.environment["PATH"] = short


def test_a_service_that_may_open_few_files_says_so_and_goes_on_when_it_may_open_more(served):
    assert served.process is not None
    # Lower than any number that is free: how many are open at a moment says little, some are a git's of that moment.
    subprocess.run(["prlimit", f"--pid={served.process.pid}", "--nofile=4:"], check=True)
    sha = pushed(served)
    served.eventually(lambda: "open files" in served.log() or "unable to open" in served.log())
    time.sleep(3)
    subprocess.run(["prlimit", f"--pid={served.process.pid}", "--nofile=1024:"], check=True)
    finished(served, sha)

    assert "Traceback" not in served.log()


@pytest.mark.parametrize("files", [8, 12])
def test_a_start_that_may_open_too_few_files_says_so(place, files):
    place.prefix = ("prlimit", f"--nofile={files}", "--")
    code, said = starts_in_vain(place)

    assert code == 3
    assert "oo many open files" in said or "unable to open" in said


# --- the data directory


@pytest.fixture
def powerless(place: Place) -> Place:
    """Commands without the rights of root to write everywhere."""
    if os.geteuid() == 0:
        place.prefix = ("setpriv", "--inh-caps=-all", "--bounding-set=-all")
    return place


def test_a_data_directory_that_may_not_be_written_is_named(powerless):
    powerless.data.mkdir(mode=0o555)
    code, said = starts_in_vain(powerless)
    run, doctor = command(powerless, "run", "one.yaml"), command(powerless, "doctor")
    powerless.data.chmod(0o755)
    powerless.start()
    powerless.eventually(lambda: powerless.checks(powerless.git("rev-parse", "HEAD").strip()))

    assert code == 3
    assert f"{powerless.data}/service.lock: Permission denied" in said
    assert run.returncode == 3
    assert doctor.returncode == 1
    assert "It cannot be written here." in doctor.stdout


def test_attempts_whose_directory_is_removed_are_lost_and_tried_again(served):
    go = served.root / "go"
    script = f'echo "churn $HEADGATE_ATTEMPT" >> {served.ledger}; {until(go)}'
    sha = served.push({"flows/churn.yaml": flow({"churn": (script, ())})})
    served.eventually(served.lines)
    shutil.rmtree(served.data / "attempts")
    go.touch()
    finished(served, sha)

    assert len(served.lines()) == len(set(served.lines())) == 2
    assert "Traceback" not in served.log()


def moved(place: Place) -> None:
    place.data.rename(place.root / "elsewhere")


def replaced(place: Place) -> None:
    moved(place)
    shutil.copytree(place.root / "elsewhere", place.data, symlinks=True)


def without_database(place: Place) -> None:
    (place.data / "headgate.db").rename(place.root / "elsewhere")


def put_back(place: Place) -> None:
    """As it was, whatever stands there now."""
    kept = place.root / "elsewhere"
    if kept.is_dir():
        shutil.rmtree(place.data, ignore_errors=True)
    kept.rename(place.data if kept.is_dir() else place.data / "headgate.db")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (moved, "The data directory {data} was moved or removed under the service."),
        (replaced, "The data directory {data} was replaced under the service."),
        (without_database, "The database {data}/headgate.db was moved or removed under the service."),
    ],
)
def test_a_service_whose_ground_is_taken_away_ends_and_says_so(served, harm, words):
    """What it wrote from then on nobody would find: with it open, it is only lost when it ends."""
    finished(served, pushed(served))
    harm(served)

    assert served.died() == 2
    assert words.format(data=served.data) in served.log()
    assert "Traceback" not in served.log()
    put_back(served)
    served.start()
    finished(served, pushed(served, "second"), "second")


# --- told to end


def assert_ends(place: Place, within: float = 10.0) -> None:
    assert place.process is not None
    place.process.terminate()
    assert ends_within(place.process, within)
    assert place.process.returncode == 0
    assert "Traceback" not in place.log()


def of_git(place: Place) -> list[str]:
    """Command lines of processes that run our git script."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if f"{place.root}/bin/git" in line:
                found.append(line)
    return found


def test_sigterm_ends_a_service_whose_git_does_not_answer(place, programs):
    answers = f'exec {real_git()} "$@"'
    git_script(programs, answers)
    place.start()
    place.eventually(lambda: _with_all_programs(place, lambda: place.checks(place.git("rev-parse", "HEAD").strip())))
    git_script(programs, f'case "$*" in *for-each-ref*) echo > {place.root}/asked; sleep 60;; esac\n{answers}')
    place.eventually((place.root / "asked").exists)
    assert_ends(place)
    assert of_git(place) == []

    git_script(programs, answers)
    place.start()
    _with_all_programs(place, lambda: finished(place, pushed(place)))


def test_sigterm_ends_a_service_whose_database_another_program_holds(served):
    with held(served.data / "headgate.db"):
        sha = pushed(served)
        time.sleep(2)
        assert_ends(served)
    served.start()
    finished(served, sha)


def test_sigterm_while_ops_start_loses_and_doubles_none(served):
    names, go = [f"op-{number}" for number in range(60)], served.root / "go"
    ops = {name: (f'echo "{name} $HEADGATE_ATTEMPT" >> {served.ledger}', ()) for name in names}
    ops["op-59"] = (f"{until(go)}; {ops['op-59'][0]}", ())  # however slow this machine is, one has not ended
    sha = served.push({"flows/churn.yaml": flow(ops)})
    served.eventually(lambda: len(served.lines()) > 5)
    assert_ends(served)
    go.touch()
    served.start()
    finished(served, sha)

    assert sorted(line.split()[0] for line in served.lines()) == sorted(names)


def test_sigterm_in_the_middle_of_a_start_ends_it(place):
    for pause in (0.05, 0.3, 0.6, 0.9, 1.2):
        place.start()
        assert place.process is not None
        time.sleep(pause)
        place.process.send_signal(signal.SIGTERM)
        assert place.process.wait(PATIENCE) in (0, -signal.SIGTERM, 130)
    place.start()
    place.eventually(lambda: place.checks(place.git("rev-parse", "HEAD").strip()))
    assert "Traceback" not in place.log()
