"""Facts about `headgate validate`."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.reconciler.plan.test_build_seed import SEED

GOOD = "version: 1.1\nkind: component\nname: ok\nrun: {kind: job, container: {image: busybox}}\n"
WARNS = GOOD + "strictParams: false\nparams: {lr: 1}\n"
BROKEN = "kind: [\n"


@pytest.fixture
def write(tmp_path: Path):
    (tmp_path / ".git").mkdir()

    def put(path: str, text: str) -> str:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return path

    return put


def test_the_seed_shows_its_three_mistakes_on_their_lines(bare, write):
    shown = bare("validate", write("flows/seed.yaml", SEED))

    places = [line.split(": ")[0] for line in shown.out.splitlines() if ": error: " in line]
    assert places == ["flows/seed.yaml:9:7", "flows/seed.yaml:11:13", "flows/seed.yaml:26:7"]
    assert shown.out.endswith("3 errors in 1 file.\n")
    assert (shown.code, shown.err) == (1, "`headgate validate --fix` may mend 1 finding.\n")


def test_a_good_file_is_fine_whatever_its_name(bare, write):
    assert bare("validate", write("notes/any.txt", GOOD)).code == 0


def test_without_a_path_everything_of_the_repository_is_judged(bare, write):
    write("flows/good.yaml", GOOD)
    write("hub/part.yaml", BROKEN)
    write("presets/gpu.yaml", "run: 3\n")
    write("docs/other.yaml", BROKEN)
    write(".headgate.yaml", "severitis: {}\n")

    found = bare("validate", "--format", "json").json

    assert {one["file"] for one in found["findings"]} == {"hub/part.yaml", "presets/gpu.yaml", ".headgate.yaml"}
    assert found["files"] == 4


def test_a_folder_is_judged_from_its_repository_even_where_no_glob_names_its_files(bare, write):
    write("examples/flows/one.yaml", BROKEN)

    found = bare("validate", "examples/flows", "--format", "json").json

    assert [one["file"] for one in found["findings"]] == ["examples/flows/one.yaml"]


def test_links_and_pipes_beside_flows_are_no_flows(bare, write, tmp_path):
    write("flows/a.yaml", GOOD)
    (tmp_path / "flows/link.yaml").symlink_to("a.yaml")
    (tmp_path / "flows/away.yaml").symlink_to("nowhere.yaml")
    os.mkfifo(tmp_path / "flows/pipe.yaml")

    assert [bare("validate", *words).out for words in ((), ("flows",))] == ["Nothing to say in 1 file.\n"] * 2
    shown = bare("validate", "flows/pipe.yaml")
    assert (shown.code, "regular file" in shown.err) == (3, True)


def test_a_glob_names_files(bare, write):
    write("flows/a.yaml", GOOD)
    write("flows/deep/b.yaml", GOOD)

    assert bare("validate", "flows/**/*.yaml", "--format", "json").json["files"] == 2


def test_a_component_of_the_hub_is_found_from_a_folder_below(bare, write, monkeypatch):
    write("hub/part.yaml", GOOD)
    write("flows/use.yaml", "kind: operation\nname: use\nhubRef: part\n")
    monkeypatch.chdir("flows")

    assert bare("validate", "use.yaml").code == 0


def test_standard_input_is_judged(bare, write, monkeypatch):
    write("flows/good.yaml", GOOD)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(BROKEN.encode())))

    found = bare("validate", "-", "--format", "json")

    assert found.code == 1
    assert found.json["findings"][0]["file"] == "<stdin>"


def test_a_mistake_of_a_shared_component_is_said_once(bare, write):
    write("hub/part.yaml", GOOD.replace("image: busybox", "imag: busybox"))
    write("flows/one.yaml", "kind: operation\nname: one\nhubRef: part\n")
    write("flows/two.yaml", "kind: operation\nname: two\nhubRef: part\n")

    found = bare("validate", "--format", "json").json["findings"]

    assert len({(one["rule"], one["line"]) for one in found if one["file"] == "hub/part.yaml"}) == len(found)


def test_warnings_fail_only_when_strict(bare, write):
    path = write("flows/warns.yaml", WARNS)

    assert bare("validate", path).code == 0
    assert "1 warning" in bare("validate", path).out
    assert bare("validate", path, "--strict").code == 1


def test_the_repository_sets_severities(bare, write):
    path = write("flows/warns.yaml", WARNS)
    write(".headgate.yaml", "severities: {param-undeclared: error}\n")

    assert bare("validate", path).code == 1


def test_files_of_several_repositories_are_named_from_here(bare, write, tmp_path):
    one = write("flows/bad.yaml", BROKEN)
    (tmp_path / "other" / ".git").mkdir(parents=True)
    two = write("other/bad.yaml", BROKEN)

    found = bare("validate", one, two, "--format", "json").json["findings"]

    assert {item["file"] for item in found} == {"flows/bad.yaml", "other/bad.yaml"}


@pytest.mark.parametrize("form", ["sarif", "junit", "github"])
def test_other_tools_can_read_it(bare, write, form):
    shown = bare("validate", write("flows/seed.yaml", SEED), "--format", form)

    count = {
        "sarif": lambda text: len(json.loads(text)["runs"][0]["results"]),
        "junit": lambda text: ElementTree.fromstring(text).find("testcase/failure").text.count(": error:"),
        "github": lambda text: text.count("::error "),
    }
    assert (shown.code, count[form](shown.out)) == (1, 3)


@pytest.mark.parametrize(
    "words", [("nothing.yaml",), ("*.nothing",), ("--format", "yaml"), ("--strict=1",), ()], ids=str
)
def test_wrong_use_is_two(bare, write, words):
    shown = bare("validate", *words)

    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("headgate: ")


def test_a_failure_is_a_document_too(bare, write):
    shown = bare("validate", "nothing.yaml", "--format", "json")

    assert shown.code == 2
    assert shown.json["error"]["where"] == "nothing.yaml"
    assert shown.json["version"] == 1


# What one small file does not need, by what it would cost to load. Times and memory are a benchmark's to measure.
HEAVY = """
    rich sqlalchemy alembic starlette uvicorn jinja2 markupsafe msgspec cronsim ryml
    asyncio concurrent email http importlib.metadata logging multiprocessing sqlite3 ssl
    difflib html pickle random shutil socket subprocess tempfile unittest xml zoneinfo
    reconciler.adapters reconciler.engine reconciler.ports reconciler.records reconciler.steps
    reconciler.plan.encoding reconciler.plan.hash reconciler.plan.locked reconciler.flows.lock
    webhooks policies console.config console.service
"""


def test_judging_one_job_loads_nothing_that_it_does_not_need(write, tmp_path):
    path = write("flows/good.yaml", GOOD)
    script = "import atexit, sys\natexit.register(lambda: print(*sys.modules))\nfrom console.cli import main\nmain()\n"
    root = Path(__file__).resolve().parents[3]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "XDG_CACHE_HOME": str(tmp_path / "empty")}
    run = subprocess.run([sys.executable, "-c", script, "validate", path], capture_output=True, text=True, env=env)
    said, loaded = run.stdout.splitlines()

    assert said == "Nothing to say in 1 file."
    assert [name for name in loaded.split() if name in HEAVY.split()] == []


def test_the_examples_are_fine(bare):
    shown = bare("validate", str(Path(__file__).resolve().parents[3] / "examples" / "flows"), "--format", "json")

    assert shown.code == 0, shown.out
    assert shown.json["files"] > 5
