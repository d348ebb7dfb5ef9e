"""The pages of the real service in a real browser: from a repository to a log, and a run that is asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Browser
from tests.e2e.service import Place, flow

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A served repository whose flow `churn` has just failed in its second of three ops."""
    place = Place(tmp_path)
    place.start()
    place.eventually(lambda: place.checks(place.git("rev-parse", "HEAD").strip()))
    ops = {
        "prepare": ("seq 1 3000; echo rows are ready", ()),
        "train": (f"echo epoch 1; echo 'ValueError: no such column: age'; test -e {place.root}/mended", ("prepare",)),
        "report": ("echo done", ("train",)),
    }
    sha = place.push({"flows/churn.yaml": flow(ops)})
    place.eventually(lambda: place.conclusion(sha, "headgate/churn"))
    yield place
    if place.process is not None and place.process.poll() is None:
        assert place.stop() == 0


@pytest.fixture
def browser(place: Place) -> Iterator[Browser]:
    port = (place.data / "port").read_text()
    browser = Browser(place.root / "profile", f"http://127.0.0.1:{port}")
    yield browser
    browser.close()
    assert browser.complaints == [], "the console is empty: no error, no violation of the policy"


def test_a_failure_is_followed_from_the_first_page_to_its_log_and_run_again(place, browser):
    browser.open("/")
    assert "Failed: train" in browser.text
    browser.picture("home")

    browser.click(place.git("rev-parse", "HEAD")[:7])
    assert "headgate/churn" in browser.text
    browser.picture("commit")

    browser.click("The run of this check")
    assert "Failed: train" in browser.text
    assert "ValueError: no such column: age" in browser.text
    browser.picture("run")

    browser.click("report")
    assert "The chosen op" in browser.chrome.page_source
    assert "train" in browser.text
    browser.picture("op")

    browser.click("The whole log")
    assert "epoch 1" in browser.text
    assert "Likely error in line 2" in browser.text
    browser.picture("log")
    browser.search("EPOCH")
    assert "1 line with EPOCH" in browser.text
    browser.click("Back to the log")

    (place.root / "mended").touch()
    browser.click(" / ")
    browser.click("Run again what failed")
    browser.eventually(lambda: browser.reload() or "The new run" in browser.text)
    browser.click("The new run")
    browser.eventually(lambda: browser.reload() or "Succeeded: 3 ops" in browser.text)
    browser.picture("run-again")


def test_every_page_fits_a_narrow_telephone(place, browser):
    browser.resize(320, 640)
    browser.open("/")
    assert browser.overflow == 0
    browser.click(place.git("rev-parse", "HEAD")[:7])
    assert browser.overflow == 0
    browser.picture("narrow-commit")
    browser.click("The run of this check")
    run = browser.chrome.current_url.removeprefix(browser.home)

    for view in ("graph", "table", "timeline", "why"):
        browser.open(f"{run}?view={view}&op=train")
        assert browser.overflow == 0, view
        browser.picture(f"narrow-{view}")
    browser.click("The whole log")
    assert browser.overflow == 0
