"""What moves refs is noticed without asking Git, and nothing else is."""

import os
from datetime import timedelta
from threading import Event

import pytest

from reconciler.adapters import folder_events, git_watch
from reconciler.adapters.git_watch import GitWatch, ref_times
from reconciler.errors import Waiting
from tests.reconciler.adapters.git_repository import GitRepository


@pytest.fixture
def repository(tmp_path):
    made = GitRepository(tmp_path / "shop.git")
    made.commit({"a": "1"})
    made.commit({"a": "2"}, branch="feature/one", start=made.sha("main"))
    return made


def rested(repository):
    """Its times as they are once it has not been touched for a while."""
    for folder, names, files in os.walk(repository.path):
        for name in (*names, *files):
            os.utime(os.path.join(folder, name), (1_700_000_000, 1_700_000_000))
    times = ref_times(repository.path)
    assert not times.have_changed()
    return times


MOVES = {
    "a commit": lambda repository: repository.commit({"a": "3"}),
    "a commit on a branch in a folder": lambda repository: repository.commit({"a": "3"}, branch="feature/one"),
    "a new branch": lambda repository: repository.git("branch", "new", "main"),
    "a new branch in a new folder": lambda repository: repository.git("branch", "deep/er/new", "main"),
    "a branch that goes": lambda repository: repository.git("branch", "-D", "feature/one"),
    "a tag": lambda repository: repository.git("tag", "v1", "main"),
    "another default branch": lambda repository: repository.git("symbolic-ref", "HEAD", "refs/heads/feature/one"),
    "packed refs": lambda repository: repository.git("pack-refs", "--all"),
}


@pytest.mark.parametrize("move", MOVES)
def test_a_move_shows(repository, move):
    before = rested(repository)

    MOVES[move](repository)

    assert before.have_changed()


def test_a_branch_that_goes_from_packed_refs_shows(repository):
    repository.git("pack-refs", "--all")
    before = rested(repository)

    repository.git("branch", "-D", "feature/one")

    assert before.have_changed()


def test_objects_and_notes_are_no_move(repository):
    before = rested(repository)

    repository.blob(b"something")
    repository.git("update-ref", "refs/notes/checks", repository.sha("main"))

    assert not before.have_changed()


def test_a_look_right_after_a_move_is_not_relied_on(repository, monkeypatch):
    monkeypatch.setattr(git_watch, "YOUNG", 60.0)  # s; git itself may take longer to end than it is
    repository.commit({"a": "3"})

    assert ref_times(repository.path).have_changed()


def test_a_linked_working_tree_shows_the_moves_of_its_repository(repository, tmp_path):
    repository.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "feature/one")
    rested(repository)
    before = ref_times(tmp_path / "linked")
    assert not before.have_changed()

    repository.commit({"a": "3"})

    assert before.have_changed()


def test_a_repository_that_is_away_shows_when_it_returns(tmp_path):
    before = ref_times(tmp_path / "shop.git")

    GitRepository(tmp_path / "shop.git")

    assert before.have_changed()


def test_times_in_the_future_hide_nothing(repository):
    rested(repository)
    os.utime(repository.path / "refs/heads", (4_000_000_000, 4_000_000_000))

    times = ref_times(repository.path)
    assert not times.have_changed()
    repository.commit({"a": "3"})
    assert times.have_changed()


def test_a_move_is_told_though_nobody_looks_by_the_clock(repository, monkeypatch):
    monkeypatch.setattr(folder_events, "SELDOM", 600.0)
    watch, told, rested_ = GitWatch(), Event(), rested(repository)
    watch.begin(lambda names: told.set())
    watch.looked("shop", rested_)
    assert not told.wait(0.3)  # it is watched by then

    repository.commit({"a": "3"})

    assert told.wait(20)
    watch.end()


def test_a_watch_that_has_ended_holds_no_file_and_may_be_told_of_looks(repository):
    before, watch = os.listdir("/proc/self/fd"), GitWatch()
    watch.begin(lambda names: None)
    watch.end()
    watch.looked("shop", rested(repository))

    assert os.listdir("/proc/self/fd") == before


def test_a_move_is_told_once_until_the_repository_was_looked_at(repository):
    watch, told = GitWatch(), []
    heard = Event()

    def tell(names):
        told.append(names)
        if len(told) == 1:
            raise Waiting("StoreUnavailable", "not now", timedelta(seconds=1))
        heard.set()

    watch.looked("shop", rested(repository))
    repository.commit({"a": "3"})
    watch.begin(tell)
    assert heard.wait(20)
    watch.end()
    assert told == [["shop"], ["shop"]]
    assert watch.moved() == []

    watch.looked("shop", rested(repository))
    repository.commit({"a": "4"})
    assert watch.moved() == ["shop"]
