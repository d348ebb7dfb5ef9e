"""What every test run shares: one seed for Hypothesis, printed so that a failing history can be played again."""

from __future__ import annotations

import gc
import os
import random
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.https_server import HttpsServer, make_certificate
from tests.memory import write_into_memory

if TYPE_CHECKING:
    from tests.github.world import FakeGitHub

SEED = "HEADGATE_TEST_SEED"

# Two cores may be shared with other work: time is no reason for a property to fail, pytest-timeout watches for hangs.
settings.register_profile("default", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("default"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--hypothesis-seed") is None:
        # Workers of pytest-xdist inherit the variable, so all of them draw from one seed.
        seed = os.environ.setdefault(SEED, str(random.SystemRandom().randrange(2**32)))
        config.option.hypothesis_seed = seed
    write_into_memory()


def pytest_report_header(config: pytest.Config) -> str:
    return f"hypothesis seed: {config.getoption('--hypothesis-seed')}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        terminalreporter.write_line(f"To repeat: {SEED}={config.getoption('--hypothesis-seed')}")
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    if missing := [reason for reason in reasons if "could not be fetched" in reason]:
        terminalreporter.write_line(f"{len(missing)} tests of GitHub were skipped: {missing[0]}", red=True)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine, made with openssl."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
    """A server with that certificate, which this process trusts."""
    with HttpsServer(certificate).trusted(monkeypatch) as serving:
        yield serving


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    """A GitHub of our own, in real time."""
    from tests.github.world import FakeGitHub  # takes half a second, which only its users pay

    world = FakeGitHub(tmp_path / "github")
    yield world
    world.close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Workers that read all modules in one order would each rewrite the asserts of all of them, where none is kept yet:
    each begins elsewhere, and finds what others have written.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or [Path(one).name for one in session.config.args] != session.config.getini("testpaths"):
        return
    files = sorted(Path(__file__).parent.rglob("test_*.py"))
    start = len(files) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
    for file in files[start:] + files[:start]:
        name = ".".join(file.relative_to(Path(__file__).parents[1]).with_suffix("").parts)
        with suppress(Exception, pytest.skip.Exception):  # what is wrong is told where it is collected
            import_module(name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fetch GitHub's description and examples before the first test that needs them, outside of that test's time."""
    if any("tests.github" in name for name in sys.modules) or any("github" in names_of(item) for item in items):
        from tests.github.description import OPENAPI
        from tests.github.packages import Unavailable
        from tests.github.payloads import EXAMPLES

        for package in (OPENAPI, EXAMPLES):
            with suppress(Unavailable):
                package.path()


def pytest_collection_finish() -> None:
    """Thousands of tests and their modules stay to the end: no search for garbage need go through them."""
    gc.collect()
    gc.freeze()


def names_of(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])
