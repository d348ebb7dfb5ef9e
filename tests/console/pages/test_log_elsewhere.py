"""The page of a log that another place keeps."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from console.pages.application import application
from reconciler.records import Changes, PlaceRow
from tests.console.pages.test_pages import Checked
from tests.console.pages.world import PagesWorld
from tests.reconciler.checks.samples import CHURN, state

THERE = PlaceRow("build-2:/data", "http://build-2:8470", "two", "0.2.0")
LOG = "/runs/3f2a9c1d77/logs/train"


@pytest.fixture
def world(tmp_path):
    """Shown by the service of build-1; the op ran at build-2, and nobody here has its log."""
    made = PagesWorld(tmp_path)
    made.add_run(CHURN, ops=(state("train", "failed"),))
    row = made.store.attempt("attempt-of-train")
    made.write(Changes(attempts=(replace(row, place=THERE.name),)))
    shown = application(made.store, made.logs, made.clock, made.store.ask, place="build-1:/data")
    made.browser = TestClient(shown, base_url="http://127.0.0.1:8000")
    yield made
    made.store.close()


def test_it_names_the_place_and_links_to_the_same_page_there(world):
    world.store.see_place(THERE)
    answer = world.get(f"{LOG}?search=Error")

    assert answer.status_code == 200
    Checked(answer.text)
    assert "It ran at another place, <code>build-2:/data</code>, which keeps its log." in answer.text
    assert f'<a href="{THERE.address}{LOG}?search=Error">Read it there</a>' in answer.text


def test_a_place_without_an_address_is_told_how_to_be_read(world):
    assert "Read it on that machine with <code>headgate logs" in world.get(LOG).text


def test_the_log_of_a_place_that_was_given_up_is_gone(world):
    world.store.see_place(THERE)
    world.store.give_up(THERE.name, "It was given up.")
    html = world.get(LOG).text

    assert "The place was given up, and its log with it." in html
    assert "Read it there" not in html


def test_a_log_of_this_place_is_shown_here(world):
    world.logs.logs["attempt-of-train"] = b"epoch 1\n"
    row = world.store.attempt("attempt-of-train")
    world.write(Changes(attempts=(replace(row, place="build-1:/data"),)))

    assert "epoch 1" in world.get(LOG).text
