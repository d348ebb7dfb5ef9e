"""Facts about verdicts that are kept from one run of `headgate validate` to the next."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from console.contents import Contents, digest
from console.verdicts import Verdict, Verdicts, build_id, cache_folder
from console.working_tree import WorkingTree
from reconciler.flows.findings import Finding, Severity, Span

ROOT = Path(__file__).resolve().parents[2]
FLOW = "version: 1.1\nkind: component\nname: ok\nrun: {kind: job, container: {image: busybox}}\n"
WRONG = FLOW.replace("image", "imag")
USES = "kind: operation\nname: use\nhubRef: part\n"
FOUND = Finding(
    "a-rule", Severity.WARNING, "Größe „x“\n", "a.yaml", Span(1, 2, 3, 4), "a.b", "c", (("d", Span(1, 1, 1, 2), "e"),)
)

Judge = Callable[[Callable[[str], bytes | None]], tuple[Finding, ...]]


class Judging:
    """A tree with a cache, and how often something in it was really judged."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path / "tree"
        self.root.mkdir()
        self.cache = tmp_path / "verdicts"
        self.times = 0

    def write(self, path: str, text: str, age: float = 60) -> None:
        """Write a file; its times of change are now, whatever its modification time says."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        past = file.stat().st_mtime - age
        os.utime(file, (past, past))

    def run(self, file: str = "a.yaml", reads: tuple[str, ...] = (), found: tuple[Finding, ...] = ()) -> Verdict:
        def judge(read: Callable[[str], bytes | None]) -> tuple[Finding, ...]:
            self.times += 1
            assert [read(path) for path in (file, *reads)]
            return found

        verdicts = Verdicts(WorkingTree(self.root), self.cache)
        verdict = verdicts.judged(file, judge)
        verdicts.save()
        return verdict

    @property
    def kept(self) -> Path:
        (file,) = self.cache.glob("*.json")
        return file


@pytest.fixture
def judging(tmp_path: Path) -> Judging:
    made = Judging(tmp_path)
    made.write("a.yaml", "one")
    return made


def test_what_has_not_changed_is_judged_once(judging):
    first, second = judging.run(found=(FOUND,)), judging.run()

    assert judging.times == 1
    assert first == second == Verdict((FOUND,), frozenset({"a.yaml", ".headgate.yaml"}))


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.write("a.yaml", "two"),
        lambda one: one.write("hub/b.yaml", "two"),
        lambda one: one.write("hub/absent.yaml", "there"),
        lambda one: (one.root / "hub" / "b.yaml").unlink(),
        lambda one: one.write(".headgate.yaml", "severities: {}"),
        lambda one: (one.root / "a.yaml").rename(one.root / "c.yaml") and (one.root / "a.yaml").symlink_to("c.yaml"),
    ],
    ids=["itself", "what it refers to", "what was absent", "what is gone", "the settings", "a link in its place"],
)
def test_whatever_it_depends_on_a_change_is_judged(judging, change):
    judging.write("hub/b.yaml", "one")
    reads = ("hub/b.yaml", "hub/absent.yaml")
    judging.run(reads=reads)
    change(judging)
    judging.run(reads=reads)

    assert judging.times == 2


def test_a_change_that_keeps_size_and_modification_time_is_seen(judging):
    judging.run()
    before = (judging.root / "a.yaml").stat()
    (judging.root / "a.yaml").write_text("two")
    os.utime(judging.root / "a.yaml", ns=(before.st_atime_ns, before.st_mtime_ns))
    judging.run()

    assert judging.times == 2


def test_a_file_that_changed_just_now_is_read_again(judging):
    """Its stat could stay the same over another change: clocks of file systems are coarse."""
    contents = Contents(WorkingTree(judging.root), {})

    assert contents.id("a.yaml") is not None
    assert contents.stats == {}


def test_a_file_whose_stat_is_known_is_not_read(judging):
    tree = WorkingTree(judging.root)
    found = (judging.root / "a.yaml").stat()
    stat = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)

    assert Contents(tree, {"a.yaml": (stat, "known before")}).id("a.yaml") == "known before"
    assert Contents(tree, {"a.yaml": ((*stat[:4], 0), "known before")}).id("a.yaml") != "known before"


def test_nothing_is_known_behind_links_or_outside(judging):
    (judging.root / "linked").symlink_to(judging.root)
    os.mkfifo(judging.root / "pipe")
    contents = Contents(WorkingTree(judging.root), {})

    for path in ("linked/a.yaml", "../tree/a.yaml", "/a.yaml", "a.yaml/", "", "pipe", "no/where", "nul\0"):
        assert contents.id(path) is None, path


def test_two_branches_find_their_verdicts_again(judging):
    for text in ("one", "two", "one", "two"):
        judging.write("a.yaml", text)
        judging.run()

    assert judging.times == 2


def spoil_by_a_bit(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_by_a_bit,
        lambda file: file.write_bytes(file.read_bytes()[:-9]),
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"\xff\n[["),
        lambda file: file.unlink() or file.mkdir(),
        lambda file: file.chmod(0),
    ],
    ids=["bit", "cut", "empty", "bytes", "folder", "forbidden"],
)
def test_a_broken_cache_counts_as_absent(judging, spoil):
    judging.run(found=(FOUND,))
    spoil(judging.kept)

    assert judging.run(found=(FOUND,)).findings == (FOUND,)


def test_without_a_place_to_write_everything_is_judged(judging):
    judging.cache.write_text("no folder")
    judging.run()
    judging.run()

    assert judging.times == 2


def test_runs_at_the_same_time_leave_a_cache_that_can_be_read(judging):
    judging.write("b.yaml", "one")
    one, other = (Verdicts(WorkingTree(judging.root), judging.cache) for _ in "ab")
    one.judged("a.yaml", lambda read: (FOUND,) if read("a.yaml") else ())
    other.judged("b.yaml", lambda read: () if read("b.yaml") else (FOUND,))
    one.save()
    other.save()

    assert judging.run("b.yaml").findings == ()
    assert judging.times == 0
    assert [file.suffix for file in judging.cache.iterdir()] == [".json"]


def test_few_trees_are_kept(judging, tmp_path):
    for index in range(60):
        tree = tmp_path / f"tree-{index}"
        tree.mkdir()
        verdicts = Verdicts(WorkingTree(tree), judging.cache)
        verdicts.judged("a.yaml", lambda read: ())
        verdicts.save()

    assert len(list(judging.cache.iterdir())) == 50


def test_what_other_code_has_kept_is_not_used(judging):
    judging.run()
    body = judging.kept.read_bytes().partition(b"\n")[2]
    assert body.count(build_id(ROOT).encode()) == 1
    other = body.replace(build_id(ROOT).encode(), b"another build")
    judging.kept.write_bytes(digest(other).encode() + b"\n" + other)
    judging.run()

    assert judging.times == 2


def test_the_build_is_told_by_content(tmp_path):
    rule = tmp_path / "reconciler" / "flows" / "deep" / "rule.py"
    rule.parent.mkdir(parents=True)
    rule.write_text("LIMIT = 1\n")
    (tmp_path / "reconciler" / "plan").mkdir()
    before, times = build_id(tmp_path), rule.stat()
    rule.write_text("LIMIT = 2\n")
    os.utime(rule, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert build_id(tmp_path) != before


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, Path("/c/headgate/verdicts")),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, Path("/h/.cache/headgate/verdicts")),
        ({"HOME": "/h"}, Path("/h/.cache/headgate/verdicts")),
        ({}, None),
    ],
    ids=str,
)
def test_verdicts_are_kept_where_the_user_keeps_such_things(environment, folder):
    assert cache_folder(environment) == folder


# --- as a command -----------------------------------------------------------------------------------------------------


def modules_of(words: tuple[str, ...], folder: Path, cache: Path) -> tuple[str, set[str]]:
    """What a command prints, and the modules that it has loaded by its end."""
    script = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))\n"
        "from console.cli import main\nmain(sys.argv[1:])\n"
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache)}
    run = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, env=env, cwd=folder)
    assert run.returncode in (0, 1), run.stderr
    return run.stdout, set(run.stderr.split())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for path, text in {"flows/ok.yaml": FLOW, "flows/use.yaml": USES, "hub/part.yaml": WRONG}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / ".git").mkdir()
    return root


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_the_same_is_said_again_without_judging(repository, tmp_path, form):
    cache, words = tmp_path / "cache", ("validate", "--notices", "--format", form)
    first, loaded = modules_of(words, repository, cache)
    second, loaded_again = modules_of(words, repository, cache)

    assert "hub/part.yaml" in first
    assert second == first
    assert "reconciler.flows.parse" in loaded
    assert not {"reconciler.flows.parse", "reconciler.plan.build"} & loaded_again


def test_without_the_cache_everything_is_judged_again(repository, tmp_path):
    modules_of(("validate",), repository, tmp_path / "cache")
    _, loaded = modules_of(("validate", "--no-cache"), repository, tmp_path / "cache")

    assert "reconciler.flows.parse" in loaded


def test_all_code_that_judges_belongs_to_the_build(repository, tmp_path):
    """Whatever a verdict may come from must change the build."""
    _, loaded = modules_of(("validate", "--no-cache"), repository, tmp_path / "cache")
    own = {name for name in loaded if name.split(".")[0] in ("console", "webhooks", "reconciler", "policies")}
    shown = {"reconciler", "reconciler.checks", "reconciler.checks.findings_text", "reconciler.checks.words"}

    assert {
        name for name in own - shown if not name.startswith(("reconciler.flows", "reconciler.plan", "console"))
    } == set()
