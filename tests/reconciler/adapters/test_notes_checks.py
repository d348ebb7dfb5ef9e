"""NotesChecks on real repositories: what is posted can be read, and concurrent writers lose nothing."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.adapters.notes_checks import NotesChecks
from reconciler.checks.model import Annotation, Check, Conclusion
from reconciler.errors import LeaseLost, Stalled, Waiting
from reconciler.keys import CheckKey
from reconciler.records import Lease
from tests.reconciler.adapters.git_repository import GitRepository

GATE = Check("headgate", "completed", "All good", "Nothing to do.", Conclusion.SUCCESS, completed_at=1700000000.5)
FLOW = Check("headgate/churn", "in_progress", "Running", "2 of 3 ops — läuft.", text="a\nb", run="r1", started_at=17e8)
OP = Check(
    "headgate/churn/train",
    "completed",
    "Failed",
    "It failed.",
    Conclusion.FAILURE,
    annotations=(Annotation("flows/a.yaml", 3, 3, "failure", "Failed", 'with "quotes"', column=2),),
    attempt="x1",
)


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "remote.git")


@pytest.fixture
def checks(repository: GitRepository) -> NotesChecks:
    return NotesChecks(lambda name: str(repository.path))


def lease(sha: str) -> Lease:
    return Lease(CheckKey("demo", sha), token=1, generation=1, deadline=float("inf"))


def test_what_is_posted_is_read_back(repository, checks):
    sha = repository.commit({"a": "1"})

    checks.post("demo", sha, [OP, FLOW, GATE], lease(sha))

    assert checks.read("demo", sha) == [GATE, FLOW, OP]


def test_people_read_the_same_with_git(repository, checks):
    sha = repository.commit({"a": "1"})
    checks.post("demo", sha, [OP, GATE], lease(sha))

    lines = repository.git("notes", "--ref=checks", "show", sha).splitlines()

    assert lines[0] == (
        '{"name": "headgate", "status": "completed", "conclusion": "success", "title": "All good",'
        ' "summary": "Nothing to do.", "completed_at": "2023-11-14T22:13:20.500000+00:00"}'
    )
    assert lines[1].startswith('{"name": "headgate/churn/train", "status": "completed", "conclusion": "failure"')


def test_posting_replaces_the_whole_document(repository, checks):
    sha = repository.commit({"a": "1"})
    checks.post("demo", sha, [GATE, FLOW], lease(sha))
    checks.post("demo", sha, [GATE], lease(sha))

    assert checks.read("demo", sha) == [GATE]


def test_an_unchanged_document_is_not_written(repository, checks):
    sha = repository.commit({"a": "1"})
    checks.post("demo", sha, [GATE], lease(sha))
    before = repository.git("rev-parse", "refs/notes/checks")

    checks.post("demo", sha, [GATE], lease(sha))

    assert repository.git("rev-parse", "refs/notes/checks") == before


def test_a_commit_without_checks_has_none(repository, checks):
    assert checks.read("demo", repository.commit({"a": "1"})) == []


def test_notes_of_people_beside_ours_stay(repository, checks):
    one = repository.commit({"a": "1"})
    two = repository.commit({"a": "2"})
    repository.git("notes", "--ref=checks", "add", "-m", '{"name": "by hand", "status": "completed"}', one)

    checks.post("demo", two, [GATE], lease(two))

    assert [check.name for check in checks.read("demo", one)] == ["by hand"]
    assert checks.read("demo", two) == [GATE]


def test_documents_are_found_however_git_spreads_them(repository, checks):
    shas = [repository.commit({"a": str(n)}) for n in range(3)]
    for depth in (0, 1, 2, 3):
        for sha in shas:
            checks.post("demo", sha, [GATE], lease(sha))
        lines = [
            f"100644 blob {repository.git('rev-parse', f'refs/notes/checks:{place}')}\t{spread(place, depth)}"
            for place in repository.git("ls-tree", "-r", "--name-only", "refs/notes/checks").splitlines()
        ]
        rewrite(repository, lines)
        assert all(checks.read("demo", sha) == [GATE] for sha in shas)


def spread(place: str, depth: int) -> str:
    name = place.replace("/", "")
    return "/".join([*(name[2 * n : 2 * n + 2] for n in range(depth)), name[2 * depth :]])


def rewrite(repository: GitRepository, lines: list[str]) -> None:
    stream = (
        "commit refs/notes/checks\ncommitter A <a@example.org> 1700000000 +0000\ndata 0\nfrom refs/notes/checks^0\n"
    )
    changes = "".join(f"M 100644 {line.split()[2]} {line.split()[3]}\n" for line in lines)
    repository.git("fast-import", "--quiet", "--force", stdin=(stream + "deleteall\n" + changes).encode())


def test_threads_that_write_at_the_same_time_lose_nothing(repository, checks):
    shas = [repository.commit({"a": str(n)}) for n in range(8)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda sha: checks.post("demo", sha, [GATE, FLOW], lease(sha)), shas))

    assert all(checks.read("demo", sha) == [GATE, FLOW] for sha in shas)


PROCESS = """
import sys
from reconciler.adapters.notes_checks import NotesChecks
from reconciler.checks.model import Check
from reconciler.keys import CheckKey
from reconciler.records import Lease
path, *shas = sys.argv[1:]
for sha in shas:
    for title in ("first", "second"):
        check = Check("headgate", "completed", title, sha)
        NotesChecks(lambda name: path).post("demo", sha, [check], Lease(CheckKey("demo", sha), 1, 1, float("inf")))
"""


@pytest.mark.slow
def test_processes_that_write_at_the_same_time_lose_nothing(repository, checks):
    shas = [repository.commit({"a": str(n)}) for n in range(12)]
    commands = [[sys.executable, "-c", PROCESS, str(repository.path), *shas[n::4]] for n in range(4)]

    processes = [subprocess.Popen(command, cwd=Path(__file__).parents[3]) for command in commands]

    assert [process.wait(200) for process in processes] == [0, 0, 0, 0]
    assert [checks.read("demo", sha)[0].title for sha in shas] == ["second"] * 12


def test_nothing_is_written_after_the_lease(repository, checks):
    sha = repository.commit({"a": "1"})

    with pytest.raises(LeaseLost):
        checks.post("demo", sha, [GATE], Lease(CheckKey("demo", sha), 1, 1, deadline=0.0))
    assert checks.read("demo", sha) == []


def test_an_unknown_commit_cannot_be_spoken_of(repository, checks):
    repository.commit({"a": "1"})

    with pytest.raises(Stalled):
        checks.post("demo", "1" * 40, [GATE], lease("1" * 40))
    assert list(repository.path.glob("fast_import_crash_*")) == []


def test_hooks_of_the_repository_are_not_run(tmp_path, repository, checks):
    sha = repository.commit({"a": "1"})
    hook = repository.path / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/witness\n")
    hook.chmod(0o755)

    checks.post("demo", sha, [GATE], lease(sha))

    assert not (tmp_path / "witness").exists()


def test_a_repository_that_is_away_is_waited_for(tmp_path):
    with pytest.raises(Waiting):
        NotesChecks(lambda name: str(tmp_path / "gone")).read("demo", "1" * 40)


def test_words_from_strangers_stay_words(repository, checks):
    sha = repository.commit({"a": "1"})
    odd = Check("headgate", "completed", "a\nN inline x\ndone\n", "\x00\x1b[31m\u2028", Conclusion.NEUTRAL)

    checks.post("demo", sha, [odd], lease(sha))

    assert checks.read("demo", sha) == [odd]
