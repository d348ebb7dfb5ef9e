"""The rules of the house: who may import whom, what stays pure, where each third-party package lives."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from tests.architecture import (
    Module,
    broad_excepts,
    homeless,
    import_cycle,
    impurities,
    product,
    within,
    wrong_directions,
)

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = product(ROOT)

FLOWS, PLAN, ENGINE = "reconciler.flows", "reconciler.plan", "reconciler.engine"
RUNTIMES, CHECKS = "reconciler.runtimes", "reconciler.checks"
PURE = (FLOWS, PLAN, ENGINE, RUNTIMES, CHECKS)
# Plain data that the store, the steps and the edges pass to each other.
DATA = ("reconciler.keys", "reconciler.records", "reconciler.errors")
STORE, PORTS = "reconciler.store", "reconciler.ports"
STEPS, ADAPTERS, LOOP = "reconciler.steps", "reconciler.adapters", "reconciler.loop"

# zone -> the zones it may import. What is not listed is forbidden: a new folder needs a decision here.
ARROWS: dict[str, tuple[str, ...]] = {
    "policies": (),
    FLOWS: (),
    PLAN: (FLOWS,),
    ENGINE: (PLAN, FLOWS),
    RUNTIMES: (ENGINE, PLAN, FLOWS),
    CHECKS: (ENGINE, PLAN, FLOWS),
    "reconciler.keys": (),
    "reconciler.errors": (),
    "reconciler.records": (*PURE, "reconciler.keys"),
    STORE: (*PURE, *DATA),
    PORTS: (STORE, *PURE, *DATA),
    STEPS: (STORE, PORTS, *PURE, *DATA, "policies"),
    ADAPTERS: (STORE, PORTS, *PURE, *DATA),
    LOOP: (STEPS, STORE, PORTS, *DATA),
    # The edge for machines verifies, stores and reads: it sees ports and data. Only console wires adapters.
    "webhooks": (STORE, PORTS, *PURE, *DATA),
    "console": ("webhooks", LOOP, STEPS, ADAPTERS, STORE, PORTS, *PURE, *DATA, "policies"),
}

IMPURE = (
    *(
        "os",
        "pathlib",
        "shutil",
        "tempfile",
        "glob",
        "fileinput",
        "io",
        "mmap",
        "fcntl",
        "sqlite3",
        "dbm",
        "shelve",
    ),
    *("socket", "ssl", "select", "selectors", "http", "urllib.request", "ftplib", "smtplib", "webbrowser"),
    *("subprocess", "multiprocessing", "signal", "pty", "ctypes", "platform", "getpass", "pwd"),
    *("threading", "concurrent", "asyncio", "queue", "sched", "contextvars"),
    *(
        "time",
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
    ),
    *("random", "secrets", "uuid.uuid1", "uuid.uuid4", "uuid.getnode"),
    *("logging", "warnings", "importlib", "sys.stdin", "sys.stdout", "sys.stderr", "sys.argv", "sys.exit"),
    *("open", "print", "input", "breakpoint", "exec", "eval", "__import__"),
    # Differs from process to process for strings, and so would a plan's identity.
    "hash",
)
# Parts of the above that compute and touch nothing.
PURE_PARTS = (
    "pathlib.PurePath",
    "pathlib.PurePosixPath",
    "io.StringIO",
    "io.BytesIO",
    "random.Random",
    "threading.Lock",
)
PURE_THIRD_PARTY = frozenset({"yaml", "ryml", "jinja2", "msgspec", "cronsim"})

# package -> the one module (or the one folder) of the product that imports it.
HOMES: dict[str, str | tuple[str, ...]] = {
    "alembic": "reconciler.adapters.sql.migrations",
    # Commands are click functions, one module each.
    "click": "console",
    "cronsim": "reconciler.engine.schedules",
    # A program that signs and ends; what seals loads it only when somebody signs in.
    "cryptography": ("reconciler.adapters.github_signer", "reconciler.adapters.sealing"),
    "inotify_simple": "reconciler.adapters.folder_events",
    # Two uses that share nothing: expressions of flow files are parsed in one, pages are rendered in the other.
    "jinja2": ("reconciler.plan.syntax", "console.pages.rendering"),
    "msgspec": "reconciler.plan.encoding",
    "prometheus_client": "webhooks.health",
    "psycopg": "reconciler.adapters.sql.server",
    "rich": "console.live",
    "ryml": "reconciler.flows.fast_reader",
    "sqlalchemy": "reconciler.adapters.sql",
    "starlette": "webhooks.asgi",
    "urllib3": "reconciler.adapters.github_connections",
    "uvicorn": "webhooks.server",
    "yaml": "reconciler.flows.reader",
}

# module -> why it may catch everything, once.
BROAD_EXCEPTS = {LOOP: "one poison key must not stop the others: it is counted, logged and retried slowly"}


def test_packages_and_folders_import_only_to_the_right():
    assert wrong_directions(PRODUCT, ARROWS) == []


def test_pure_folders_do_no_io_read_no_clock_and_draw_no_unseeded_numbers():
    pure = tuple(module for module in PRODUCT if within(module.name, (*PURE, *DATA)))

    assert impurities(pure, IMPURE, PURE_PARTS, PURE_THIRD_PARTY) == []


def test_no_module_imports_itself_through_others():
    assert import_cycle(PRODUCT) is None


def test_init_files_are_empty():
    assert [module.name for module in PRODUCT if module.package and module.source] == []


def test_each_third_party_package_has_one_home():
    assert homeless(PRODUCT, HOMES) == []


def test_each_home_is_lived_in():
    lived_in = {imported.module.split(".")[0] for module in PRODUCT for imported in module.imports}

    assert set(HOMES) - lived_in == set()


def test_only_the_loop_catches_everything():
    places = [place.rpartition(":")[0] for place in broad_excepts(PRODUCT)]

    assert [place for place in places if place not in BROAD_EXCEPTS] == []
    assert len(places) == len(set(places))


def test_each_dependency_says_why_it_is_there():
    listed = re.findall(
        r'^    "([a-z][a-z0-9-]+)[><=!~][^"]*",(.*)$', (ROOT / "pyproject.toml").read_text("utf-8"), re.M
    )

    assert len(listed) > 10
    assert [name for name, rest in listed if not re.match(r"\s+# \S+", rest)] == []


# The checker has teeth.


def module(name: str, source: str) -> Module:
    return Module(name, dedent(source))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("policies.evaluate", "import reconciler.flows.model"),
        ("policies.evaluate", "def later():\n    from reconciler import keys"),
        ("webhooks.github", "from console import config"),
        ("webhooks.github", "from reconciler.adapters.sql_store import SqlStore"),
        ("reconciler.flows.model", "from reconciler.plan import model"),
        ("reconciler.flows.model", "from ..plan import model"),
        ("reconciler.engine.model", "from reconciler.runtimes import job"),
        ("reconciler.checks.words", "from reconciler.runtimes import job"),
        ("reconciler.steps.review", "from reconciler.adapters import git_source"),
        ("reconciler.adapters.git_source", "from reconciler.steps import review"),
        (
            "reconciler.ports",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import reconciler.steps.review",
        ),
        ("reconciler.keys", "import reconciler.records"),
        ("reconciler.helpers", ""),
    ],
)
def test_an_arrow_to_the_left_is_found(name, source):
    assert len(wrong_directions((module(name, source),), ARROWS)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "import os.path",
        "from os import environ",
        "import pathlib",
        "from pathlib import Path",
        "def f():\n    import subprocess",
        "import datetime as d\nx = d.datetime.now()",
        "from datetime import datetime as dt\nx = dt.utcnow()",
        "from datetime import datetime\nx = field(default_factory=datetime.now)",
        "from datetime import date\nx = date.today()",
        "from time import monotonic",
        "import uuid\nx = uuid.uuid4()",
        "from uuid import uuid4",
        "import random\nx = random.random()",
        "from random import choice",
        "import random\nx = random.Random()",
        "from random import Random\nx = Random(None)",
        "x = open('file')",
        "print('hello')",
        "x = hash('name')",
        "import git",
        "from urllib.request import urlopen",
    ],
)
def test_an_impure_line_is_found(source):
    assert impurities((module("reconciler.plan.x", source),), IMPURE, PURE_PARTS, PURE_THIRD_PARTY) != []


@pytest.mark.parametrize(
    "source",
    [
        "from pathlib import PurePosixPath\nx = PurePosixPath('a') / 'b'",
        "from random import Random\nx = Random(7).random()",
        "from datetime import UTC, datetime\nx = datetime(2024, 1, 1, tzinfo=UTC)",
        "from uuid import UUID, uuid5\nx = uuid5(UUID(int=0), 'run')",
        "from urllib.parse import quote\nimport yaml, hashlib",
        "from io import StringIO",
        "def select(x):\n    return x\nx = select(1)",
        "def f(when, time, input):\n    return when.time, when.open(), when.now(), time.hour, input.name",
    ],
)
def test_a_pure_line_is_left_alone(source):
    assert impurities((module("reconciler.plan.x", source),), IMPURE, PURE_PARTS, PURE_THIRD_PARTY) == []


def test_a_cycle_is_found():
    one = module("reconciler.plan.one", "from reconciler.plan import two")
    two = module("reconciler.plan.two", "from reconciler.plan.one import x")

    assert import_cycle((one, two)) is not None


def test_an_import_inside_a_function_is_no_import_cycle():
    one = module("reconciler.plan.one", "def f():\n    from reconciler.plan import two")
    two = module("reconciler.plan.two", "from reconciler.plan.one import f")

    assert import_cycle((one, two)) is not None


def test_a_third_party_package_outside_its_home_is_found():
    homes = {"git": "reconciler.adapters.git_source"}

    assert homeless((module("reconciler.adapters.git_source", "import git"),), homes) == []
    assert len(homeless((module("console.cli", "from git import Repo"),), homes)) == 1
    assert len(homeless((module("console.cli", "import unheard_of"),), homes)) == 1


@pytest.mark.parametrize("caught", ["", " Exception", " BaseException as error", " (ValueError, Exception)"])
def test_a_broad_except_is_found(caught):
    source = f"try:\n    pass\nexcept{caught}:\n    pass"

    assert broad_excepts((module("console.cli", source),)) == ["console.cli:3"]


def test_suppressing_everything_is_a_broad_except():
    source = "import contextlib\nwith contextlib.suppress(Exception):\n    pass"

    assert len(broad_excepts((module("console.cli", source),))) == 1
