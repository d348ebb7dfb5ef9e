"""What happens in a folder is told, and who is not told is patient no more."""

import os
import resource
from contextlib import closing

import pytest

from reconciler.adapters.bell import Bell
from reconciler.adapters.folder_events import OFTEN, SELDOM, FolderEvents

LONG = 30.0  # s: nobody who is told waits so long


@pytest.fixture
def events(tmp_path):
    (tmp_path / "there").write_text("1")
    made = FolderEvents()
    made.watch([str(tmp_path)])
    yield made
    made.close()


HAPPENINGS = {
    "a file that is made": lambda folder: (folder / "new").touch(),
    "a folder that is made": lambda folder: (folder / "new").mkdir(),
    "a file that is written to": lambda folder: (folder / "there").write_text("2"),
    "a file that comes from elsewhere": lambda folder: os.rename(folder.parent / "elsewhere", folder / "there"),
    "a file that goes elsewhere": lambda folder: os.rename(folder / "there", folder.parent / "elsewhere"),
    "a file that is removed": lambda folder: (folder / "there").unlink(),
}


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_what_happens_is_told_once(events, tmp_path, happening):
    (tmp_path.parent / "elsewhere").write_text("3")
    assert not events.drain()

    HAPPENINGS[happening](tmp_path)

    with closing(Bell()) as bell:
        assert bell.wait(LONG, *events.descriptors)
        assert events.drain()
        assert not events.drain()
        assert not bell.wait(0, *events.descriptors)


def test_a_look_at_a_file_is_not_told(events, tmp_path):
    (tmp_path / "there").read_text()

    assert not events.drain()


def test_a_folder_that_is_missing_and_a_file_in_its_place_are_passed_over(events, tmp_path):
    events.watch([str(tmp_path / "missing"), str(tmp_path / "there"), str(tmp_path)])

    (tmp_path / "there").write_text("2")
    assert events.drain()
    assert events.patience == SELDOM


def test_whoever_cannot_be_told_of_a_folder_looks_often_and_hears_of_the_others(events, tmp_path):
    (tmp_path / "more").mkdir()
    events.watch(["x" * 5000, str(tmp_path / "more")])  # refused by the kernel, as one more than its limit is

    assert events.patience == OFTEN
    assert events.drain()  # the folder itself
    (tmp_path / "more" / "file").touch()
    assert events.drain()


def test_whoever_is_told_nothing_at_all_looks_often(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))  # no descriptor can be had
    try:
        deaf = FolderEvents()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    deaf.watch([str(tmp_path)])
    assert deaf.patience == OFTEN
    assert deaf.descriptors == ()
    assert not deaf.drain()
    deaf.close()
