"""GitSource on real repositories, hostile ones included."""

import os
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.adapters.git_source import GitSource
from reconciler.errors import Stalled, Waiting
from tests.reconciler.adapters.git_repository import GitRepository


@pytest.fixture
def remote(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "remote.git")


@pytest.fixture
def source(tmp_path: Path, remote: GitRepository) -> GitSource:
    return GitSource(tmp_path / "data", {"demo": str(remote.path)}.__getitem__)


def test_an_empty_repository_has_no_head(source):
    refs = source.refs("demo")

    assert (refs.default_branch, refs.head, refs.proposals) == ("main", "", ())


def test_it_is_told_where_no_checks_are_kept_whatever_else_moves(remote, source):
    base = remote.commit({"a": "1"})
    without = source.refs("demo")
    remote.git("update-ref", "refs/notes/checks", base)
    with_checks = source.refs("demo")
    remote.git("tag", "v1", base)
    tagged = source.refs("demo")
    remote.git("update-ref", "-d", "refs/notes/checks")

    assert [refs.lost_checks for refs in (without, with_checks, tagged, source.refs("demo"))] == [
        True, False, False, True,
    ]  # fmt: skip
    assert (with_checks.head, dict(tagged.tags)) == (base, {"v1": base})


def test_every_branch_but_the_one_of_head_is_a_proposal(remote, source):
    base = remote.commit({"a": "1"})
    head = remote.commit({"a": "2"}, branch="feature/x", start=base)

    refs = source.refs("demo")

    assert (refs.default_branch, refs.head) == ("main", base)
    assert [(p.name, p.head, p.base) for p in refs.proposals] == [("feature/x", head, "main")]


def test_refs_follow_pushes_renames_and_deletions(remote, source):
    base = remote.commit({"a": "1"})
    remote.commit({"a": "2"}, branch="x", start=base)
    source.refs("demo")

    remote.git("update-ref", "-d", "refs/heads/x")
    inner = remote.commit({"a": "3"}, branch="x/y", start=base)

    assert [(p.name, p.head) for p in source.refs("demo").proposals] == [("x/y", inner)]


def test_a_rewritten_branch_is_followed(remote, source):
    remote.commit({"a": "1"})
    source.refs("demo")
    remote.git("update-ref", "-d", "refs/heads/main")
    rewritten = remote.commit({"a": "other"})

    assert source.refs("demo").head == rewritten


def test_tags_stand_for_their_commits(remote, source):
    sha = remote.commit({"a": "1"})
    remote.git("tag", "light", sha)
    remote.git("tag", "-a", "-m", "heavy", "heavy", sha)
    remote.git("tag", "tree", f"{sha}^{{tree}}")

    assert source.refs("demo").tags == {"heavy": sha, "light": sha}


def test_names_that_commands_would_misread_are_ignored_and_named(remote, source):
    sha = remote.commit({"a": "1"})
    remote.git("update-ref", "refs/heads/--upload-pack=touch-x", sha)

    refs = source.refs("demo")

    assert refs.proposals == ()
    assert refs.ignored == ("refs/heads/--upload-pack=touch-x",)


def test_a_working_repository_is_judged_by_main_whatever_is_checked_out(tmp_path):
    work = tmp_path / "work"
    git = ["git", "-C", str(work), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    work.mkdir()
    for words in (["init", "-qb", "main"], ["commit", "-q", "--allow-empty", "-m", "one"], ["checkout", "-qb", "wip"]):
        subprocess.run([*git, *words], check=True)

    refs = GitSource(tmp_path / "data", lambda name: str(work)).refs("demo")

    assert refs.default_branch == "main"
    assert [p.name for p in refs.proposals] == ["wip"]


def test_reads_regular_files_in_one_go_and_leaves_out_the_rest(remote, source):
    target = remote.blob(b"/etc/passwd")
    plain = remote.blob(b"content\n")
    tree = remote.raw_tree([("120000", "link", target), ("100644", "plain", plain), ("160000", "sub", "a" * 40)])
    sha = remote.commit_tree(tree, "main", [])

    assert source.read("demo", sha, ["link", "plain", "sub", "absent", "plain"]) == {"plain": b"content\n"}
    assert source.tree("demo", sha)["sub"].mode == "160000"


def test_strange_names_and_bytes_survive(remote, source):
    files = {"with space": b"\0\xff", "new\nline": b"", "ünï/cödé": b"x", ":(glob)*": b"y", "--flag": b"z"}
    sha = remote.commit(files)

    assert source.read("demo", sha, list(files)) == files


def test_what_the_mirror_lacks_is_fetched_when_asked_for(remote, source):
    sha = remote.commit({"a": "1"})

    assert source.read("demo", sha, ["a"]) == {"a": b"1"}


def test_a_commit_that_nobody_has_is_waited_for(remote, source):
    remote.commit({"a": "1"})

    with pytest.raises(Waiting):
        source.tree("demo", "1" * 40)


@pytest.mark.parametrize("text", ["main", "HEAD", "--all", "a" * 39, "A" * 40, "a" * 40 + "\n", ""])
def test_only_whole_ids_reach_git(remote, source, text):
    with pytest.raises(ValueError):
        source.tree("demo", text)
    with pytest.raises(ValueError):
        source.checkout("demo", text)


def test_merging_gives_a_tree_and_touches_no_ref(remote, source):
    base = remote.commit({"a": "1", "b": "1"})
    head = remote.commit({"b": "2"}, branch="x", start=base)
    later = remote.commit({"a": "2"})
    before = source.refs("demo")

    merged = source.merge("demo", head, later)

    assert merged.tree is not None
    assert source.read("demo", merged.tree, ["a", "b"]) == {"a": b"2", "b": b"2"}
    assert source.refs("demo") == before


def test_conflicts_are_named(remote, source):
    base = remote.commit({"a": "1", "b": "1"})
    head = remote.commit({"a": "2"}, branch="x", start=base)
    later = remote.commit({"a": "3"})

    merged = source.merge("demo", head, later)

    assert (merged.tree, merged.conflicts) == (None, ("a",))


def test_histories_without_common_ancestor_do_not_merge(remote, source):
    base = remote.commit({"a": "1"})
    other = remote.commit({"b": "1"}, branch="orphan")

    assert source.merge("demo", other, base).tree is None
    assert source.merge_base("demo", other, base) is None


def test_a_merge_driver_of_the_repository_is_not_run(tmp_path, remote, source):
    base = remote.commit({".gitattributes": "* merge=evil filter=evil diff=evil\n", "a": "1"})
    head = remote.commit({"a": "2"}, branch="x", start=base)
    later = remote.commit({"a": "3"})
    witness = tmp_path / "witness"
    for key in ("merge.evil.driver", "filter.evil.smudge", "diff.evil.command", "core.fsmonitor"):
        remote.git("config", key, f"touch {witness}")

    assert source.merge("demo", head, later).conflicts == ("a",)
    source.checkout("demo", later)
    assert not witness.exists()


def test_the_line_of_first_parents_is_told_oldest_first(remote, source):
    one = remote.commit({"a": "1"})
    remote.commit({"b": "1"}, branch="x", start=one)
    remote.commit({"b": "2"}, branch="x")
    two = remote.commit({"a": "2"})
    three = remote.merge("x")
    four = remote.commit({"a": "4"})

    assert source.first_parents("demo", one, four) == (two, three, four)
    assert source.first_parents("demo", one, four, limit=2) == (three, four)
    assert source.first_parents("demo", "", four) == (one, two, three, four)


def test_a_kept_commit_outlives_its_branch(tmp_path, remote, source):
    remote.commit({"a": "1"})
    lost = remote.commit({"a": "2"}, branch="x", start=remote.sha("main"))
    source.refs("demo")
    source.keep("demo", lost)
    remote.git("update-ref", "-d", "refs/heads/x")
    source.refs("demo")
    (mirror,) = (tmp_path / "data" / "mirrors").glob("*.git")
    subprocess.run(["git", "-C", str(mirror), "gc", "--quiet", "--prune=now"], check=True)
    remote.git("gc", "--quiet", "--prune=now")

    assert source.read("demo", lost, ["a"]) == {"a": b"2"}


def test_a_checkout_is_the_tree_read_only_and_shared(remote, source):
    run = remote.blob(b"#!/bin/sh\n")
    data = remote.blob(b"$Format:%H$ $Id$\n")
    attributes = remote.blob(b"data export-subst ident\nrun.sh export-ignore\n")
    inner = remote.raw_tree([("100755", "run.sh", run), ("120000", "up", remote.blob(b"../data"))])
    tree = remote.raw_tree(
        [("100644", ".gitattributes", attributes), ("100644", "data", data), ("40000", "dir", inner)]
    )
    sha = remote.commit_tree(tree, "main", [])

    place = Path(source.checkout("demo", sha))

    assert (place / "data").read_bytes() == b"$Format:%H$ $Id$\n"
    assert (place / "dir" / "up").read_bytes() == b"$Format:%H$ $Id$\n"
    assert os.access(place / "dir" / "run.sh", os.X_OK)
    assert stat.S_IMODE((place / "data").stat().st_mode) == 0o444
    assert stat.S_IMODE((place / "dir").stat().st_mode) == 0o555
    assert source.checkout("demo", sha) == str(place)


def test_hostile_trees_write_nothing_outside(tmp_path, remote, source):
    outside = tmp_path / "outside"
    outside.mkdir()
    bad = remote.blob(b"bad")
    leaf = remote.raw_tree([("100644", "file", bad)])
    tree = remote.raw_tree(
        [
            ("40000", "..", leaf),
            ("40000", ".GIT", leaf),
            ("120000", "absolute", remote.blob(str(outside).encode())),
            ("120000", "dir", remote.blob(str(outside).encode())),
            ("40000", "dir", leaf),
            ("100644", "good", bad),
            ("120000", "up", remote.blob(b"../../../outside")),
            ("120000", "winding", remote.blob(b"dir/../../x")),
        ]
    )
    sha = remote.commit_tree(tree, "main", [])

    place = Path(source.checkout("demo", sha))

    assert sorted(path.name for path in place.iterdir()) == ["dir", "good"]
    assert list(outside.iterdir()) == []
    assert [path.name for path in place.parent.iterdir()] == [sha]


def test_many_threads_and_sources_make_one_checkout(tmp_path, remote):
    sha = remote.commit({f"d{n}/f": str(n) for n in range(50)})
    sources = [GitSource(tmp_path / "data", lambda name: str(remote.path)) for _ in range(2)]

    with ThreadPoolExecutor(8) as pool:
        places = set(pool.map(lambda n: sources[n % 2].checkout("demo", sha), range(8)))

    (place,) = places
    assert len(list(Path(place).iterdir())) == 50
    assert [path.name for path in Path(place).parent.iterdir()] == [sha]


def test_a_missing_directory_is_waited_for_and_another_kind_of_place_is_not(tmp_path):
    (tmp_path / "plain").mkdir()
    places = {"gone": str(tmp_path / "gone"), "plain": str(tmp_path / "plain"), "relative": "somewhere"}
    source = GitSource(tmp_path / "data", places.__getitem__)

    with pytest.raises(Waiting) as waiting:
        source.refs("gone")
    with pytest.raises(Stalled) as stalled:
        source.refs("plain")
    with pytest.raises(Stalled):
        source.refs("relative")
    assert (waiting.value.reason, stalled.value.reason) == ("RepositoryMissing", "NotARepository")


def test_a_plain_directory_within_a_repository_is_not_that_repository(tmp_path, remote):
    (remote.path / "inner").mkdir()

    with pytest.raises(Stalled):
        GitSource(tmp_path / "data", lambda name: str(remote.path / "inner")).refs("demo")


def test_the_callers_git_environment_has_no_say(tmp_path, remote, source, monkeypatch):
    sha = remote.commit({"a": "1"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.file.allow")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "never")

    assert source.refs("demo").head == sha


def test_a_replaced_object_is_not_believed(remote, source):
    sha = remote.commit({"a": "1"})
    other = remote.commit({"a": "2"}, branch="x", start=sha)
    source.refs("demo")
    remote.git("replace", sha, other)

    assert source.read("demo", sha, ["a"]) == {"a": b"1"}


def test_large_trees_and_many_blobs_are_read_without_waiting_for_each_other(remote, source):
    files = {f"f{n}": f"{n}".encode() * 400 for n in range(1500)}
    lines = "".join(
        f"blob\nmark :{n + 1}\ndata {len(data)}\n{data.decode()}\n" for n, data in enumerate(files.values())
    )
    changes = "".join(f"M 100644 :{n + 1} {path}\n" for n, path in enumerate(files))
    commit = f"commit refs/heads/main\ncommitter A <a@example.org> 1700000000 +0000\ndata 1\nx\n{changes}\n"
    remote.git("fast-import", "--quiet", stdin=(lines + commit).encode())

    sha = source.refs("demo").head

    assert source.read("demo", sha, list(files)) == files


def test_no_branch_stands_in_for_the_one_that_head_names(remote, source):
    remote.commit({"a": "1"})
    remote.git("symbolic-ref", "HEAD", "refs/heads/trunk")

    with pytest.raises(Stalled) as stalled:
        source.refs("demo")

    assert "git symbolic-ref HEAD refs/heads/main" in stalled.value.message


def test_what_differs_between_two_commits_is_told_by_path(remote, source):
    old = remote.commit({"a/x.py": "1", "a/y.py": "1", "b/z.py": "1", "c": "1"})
    new = remote.commit({"a/x.py": "2", "a/y.py": None, "c": None, "c/d": "1"})

    changed = source.changed("demo", old, new)

    assert {path: entry is not None for path, entry in changed.items()} == {
        "a/x.py": True,
        "a/y.py": False,
        "c": False,
        "c/d": True,
    }
    assert source.changed("demo", old, old) == {}


def test_nothing_is_told_of_a_commit_that_is_nowhere_any_more(remote, source):
    sha = remote.commit({"a": "1"})

    assert source.changed("demo", "d" * 40, sha) is None
    assert source.first_parents("demo", "d" * 40, sha) == (sha,)


def test_a_tree_made_from_an_earlier_one_is_as_if_it_were_listed(remote, source, tmp_path):
    shas = [
        remote.commit(files)
        for files in (
            {"a": "1", "b/c": "1", "b/d/e": "1"},
            {"a": None, "a/f": "1", "b/c": "2"},
            {"b/d/e": None, "b/d": "1", "0": "1"},
        )
    ]
    for sha in shas:
        tree, listed = source.tree("demo", sha), fresh_source(remote, tmp_path / sha).tree("demo", sha)
        assert dict(tree) == dict(listed)
        assert list(tree.below(("b",))) == list(listed.below(("b",)))
        assert list(tree.below(("",))) == sorted(listed)


def fresh_source(remote, data):
    return GitSource(data, lambda name: str(remote.path))


# --- what is kept, and let go -----------------------------------------------------------------------------------------

SOON = 60.0  # s: a time by which all that a test did is of the past
DAY = 86_400.0


def refs_of(source: GitSource) -> str:
    return subprocess.check_output(["git", "-C", source.mirror_of("demo"), "for-each-ref"], text=True)


def test_nothing_is_kept_of_a_repository_that_was_never_fetched(source):
    assert source.kept("demo", time.time() + SOON) == ()


def test_kept_commits_and_trees_are_told_once_they_are_of_the_past(remote, source):
    kept, checked_out = remote.commit({"a": "1"}), remote.commit({"a": "2"})
    both = remote.commit({"a": "3"})
    source.refs("demo")
    for sha in (kept, both):
        source.keep("demo", sha)
    for sha in (checked_out, both):
        source.checkout("demo", sha)

    assert source.kept("demo", time.time() - DAY) == ()
    assert source.kept("demo", time.time() + SOON) == tuple(sorted({kept, checked_out, both}))


def test_what_an_earlier_service_kept_is_told(tmp_path, remote, source):
    sha = remote.commit({"a": "1"})
    source.keep("demo", sha)
    source.checkout("demo", sha)
    later = GitSource(tmp_path / "data", lambda name: str(remote.path))

    assert later.kept("demo", time.time() + SOON) == (sha,)


def test_what_is_let_go_has_neither_ref_nor_tree_and_others_stay(remote, source):
    gone, kept = remote.commit({"a": "1"}), remote.commit({"a": "2"})
    for sha in (gone, kept):
        source.keep("demo", sha)
        source.checkout("demo", sha)
    source.kept("demo", time.time() + SOON)

    source.let_go("demo", [gone])

    assert source.kept("demo", time.time() + SOON) == (kept,)
    assert gone not in refs_of(source).partition("refs/heads")[0]
    assert [path.name for path in Path(source.checkout("demo", kept)).parent.iterdir()] == [kept]


def test_a_tree_without_a_ref_and_a_ref_without_a_tree_are_let_go(remote, source):
    held, checked_out = remote.commit({"a": "1"}), remote.commit({"a": "2"})
    source.keep("demo", held)
    source.checkout("demo", checked_out)
    shas = source.kept("demo", time.time() + SOON)

    source.let_go("demo", shas)

    assert source.kept("demo", time.time() + SOON) == ()


def test_refs_that_git_has_packed_are_told_and_let_go(remote, source):
    sha = remote.commit({"a": "1"})
    source.keep("demo", sha)
    subprocess.run(["git", "-C", source.mirror_of("demo"), "pack-refs", "--all"], check=True)
    assert source.kept("demo", time.time() + SOON) == (sha,)

    source.let_go("demo", [sha])

    assert source.kept("demo", time.time() + SOON) == ()


def test_what_was_let_go_is_fetched_and_written_again_when_it_is_needed(remote, source):
    sha = remote.commit({"a": "1"})
    source.keep("demo", sha)
    source.checkout("demo", sha)
    source.let_go("demo", source.kept("demo", time.time() + SOON))

    source.keep("demo", sha)

    assert (Path(source.checkout("demo", sha)) / "a").read_text() == "1"
    assert source.kept("demo", time.time() + SOON) == (sha,)


def test_what_was_kept_since_somebody_looked_is_not_let_go(remote, source):
    """A run that began at an old commit while it was found out who needs that."""
    kept, checked_out = remote.commit({"a": "1"}), remote.commit({"a": "2"})
    source.keep("demo", kept)
    place = Path(source.checkout("demo", checked_out))
    shas = source.kept("demo", time.time() + SOON)

    source.keep("demo", kept)
    source.checkout("demo", checked_out)
    source.let_go("demo", shas)

    assert f"{kept} commit\trefs/headgate/keep" in refs_of(source)
    assert (place / "a").read_text() == "2"


def test_a_tree_that_is_used_again_and_again_is_not_of_the_past(remote, source):
    sha = remote.commit({"a": "1"})
    source.checkout("demo", sha)
    began = time.time()

    source.checkout("demo", sha)

    assert source.kept("demo", began) == ()


def test_trees_that_somebody_died_over_go_with_the_others(tmp_path, remote, source):
    sha = remote.commit({"a": "1"})
    trees = Path(source.checkout("demo", sha)).parent
    left = [trees / f".going-{'0' * 40}", trees / ".making-abc"]
    for place in left:
        (place / "dir").mkdir(parents=True)
        os.utime(place, (1.0, 1.0))
        (place / "dir").chmod(0o555)
    (trees / ".making-now").mkdir()

    source.let_go("demo", source.kept("demo", time.time() + SOON))

    assert [path.name for path in trees.iterdir()] == [".making-now"]


def test_a_mirror_that_a_failed_disk_left_empty_is_made_anew(tmp_path, remote, source):
    head = remote.commit({"a": "1"})
    source.refs("demo")
    mirror = source.mirror_of("demo")
    (mirror / "HEAD").write_bytes(b"")
    again = GitSource(tmp_path / "data", {"demo": str(remote.path)}.__getitem__)

    assert again.refs("demo").head == head
    assert again.read("demo", head, ["a"]) == {"a": b"1"}
