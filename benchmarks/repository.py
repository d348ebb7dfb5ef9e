"""A large repository to measure on: real Git, 20,000 files of which 2,000 are flows. Made once, kept under build/.

Teams have projects of a flow and its code; flows use components of the hub, of their folder and of their own, presets,
and code that all share. What is measured works on copies that borrow the objects, so that the first one stays as it is.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

FILES = 20_000
FLOWS = 2_000
POPULAR = "hub/popular.yaml"  # the component that two hundred flows use
USERS = 200
_TEAMS, _PROJECTS, _SHARED = 40, 45, 200
CHANGED, NUMBER = "teams/team-07/project-13/polyaxonfile.yaml", 7 * _PROJECTS + 13
_HOME = Path(__file__).parents[1] / "build" / "repositories"
_SETTINGS = """\
settings:
  "flows/**": {code: ["lib/**"]}
  "teams/team-3*/**": {onNewPlan: cancel}
  "teams/team-00/**": {startOn: [manual]}
"""


def made() -> Path:
    """The bare repository with everything at its head."""
    files = tree()
    name = sha256(repr(sorted(files.items())).encode()).hexdigest()[:12]
    place = _HOME / f"{name}.git"
    if not place.is_dir():
        making = place.with_suffix(".making")
        shutil.rmtree(making, ignore_errors=True)
        _git(making.parent, "init", "--quiet", "--bare", "--initial-branch=main", str(making))
        _git(making, "fast-import", "--quiet", stdin=commit("main", files))
        making.rename(place)
    return place


def copy(place: Path) -> Path:
    """A repository of its own at `place` with the same commits, its objects borrowed."""
    _git(_HOME, "clone", "--quiet", "--bare", "--shared", str(made()), str(place))
    return place


def push(place: Path, files: Mapping[str, bytes], branch: str = "main", start: str = "refs/heads/main") -> str:
    """Commit changed files on a branch, made at `start` where it is new. Returns the commit."""
    return push_all(place, {branch: files}, start)[branch]


def push_all(
    place: Path, branches: Mapping[str, Mapping[str, bytes]], start: str = "refs/heads/main"
) -> dict[str, str]:
    """One commit on each of the branches, by branch."""
    known = dict(line.split()[::-1] for line in _git(place, "show-ref", "--heads").decode().splitlines())
    base = known[start]
    stream = (commit(one, files, known.get(f"refs/heads/{one}", base)) for one, files in branches.items())
    _git(place, "fast-import", "--quiet", "--force", stdin=b"".join(stream))
    shown = _git(place, "show-ref", "--heads").decode().splitlines()
    return {ref.removeprefix("refs/heads/"): sha for sha, ref in map(str.split, shown)}


def commit(branch: str, files: Mapping[str, bytes], parent: str = "") -> bytes:
    """A commit in the words of git-fast-import(1)."""
    said = f"commit refs/heads/{branch}\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata 6\nchange\n"
    head = [said.encode(), f"from {parent}\n".encode() if parent else b""]
    body = (f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n" for path, data in files.items())
    return b"".join((*head, *body))


def tree() -> dict[str, bytes]:
    """Every file by path."""
    files: dict[str, bytes] = {".headgate.yaml": _SETTINGS.encode(), POPULAR: component("popular").encode()}
    files |= {f"hub/train-{number}.yaml": component(f"train-{number}").encode() for number in range(60)}
    files |= {f"presets/machine-{number}.yaml": _preset(number).encode() for number in range(20)}
    files |= {f"lib/part_{number % 20}/module_{number}.py": _code(number) for number in range(400)}
    for number in range(_TEAMS * _PROJECTS):
        files |= dict(_project(number))
    for number in range(_SHARED):
        files[f"flows/area-{number % 10}/flow-{number}.yaml"] = flow(_TEAMS * _PROJECTS + number).encode()
    files |= {f"docs/page-{number}.md": b"# A page\n\nWords.\n" for number in range(FILES - len(files))}
    return files


def _project(number: int) -> Iterator[tuple[str, bytes]]:
    """A flow, the component beside it, and its code; every tenth has a template that starts nothing."""
    folder = f"teams/team-{number // _PROJECTS:02}/project-{number % _PROJECTS:02}"
    yield f"{folder}/polyaxonfile.yaml", flow(number).encode()
    yield f"{folder}/component.yaml", component("beside").encode()
    for name in ("train.py", "model.py", "data.py", "tests/test_model.py", "tools/export.py"):
        yield f"{folder}/{name}", _code(number * 10 + len(name))
    yield f"{folder}/configs/small.json", f'{{"seed": {number}}}\n'.encode()
    yield f"{folder}/README.md", f"# Project {number}\n".encode()
    if number % 10 == 0:
        yield f"{folder}/again.polyaxon.yaml", component(f"again-{number}", needed=True).encode()


def flow(number: int, note: str = "") -> str:
    """The flow of that number: an op with a component from somewhere, a job of its own, or a dag."""
    name = f"flow-{number}"
    rate = f"  rate: {{value: 0.{number % 9 + 1}}}\n{note}"
    if number % 10 == 0:
        return f"kind: operation\nname: {name}\nhubRef: popular\nparams:\n{rate}"
    if number % 10 < 4:
        used = f"hubRef: train-{number % 60}\npresets: [machine-{number % 20}]\n"
        return f"kind: operation\nname: {name}\n{used}params:\n{rate}"
    if number % 10 < 7 or number >= _TEAMS * _PROJECTS:
        return component(name) + note
    if number % 10 < 9:
        return _dag(name, number) + note
    schedule = 'schedule: {kind: cron, cron: "0 2 * * *"}\n'
    return f"kind: operation\nname: {name}\n{schedule}pathRef: ./component.yaml\nparams:\n{rate}"


def component(name: str, needed: bool = False) -> str:
    """A job; `needed`: it cannot start by itself, as an input has no value."""
    rows = "- {name: rows, type: int}" if needed else "- {name: rows, type: int, value: 100}"
    return f"""\
version: 1.1
kind: component
name: {name}
inputs:
- {{name: rate, type: float, value: 0.1}}
- {{name: epochs, type: int, value: 10}}
- {{name: bucket, type: str, value: data}}
{rows}
outputs:
- {{name: count, type: int, value: 0}}
run:
  kind: job
  container:
    image: train:1.4.2
    command: [python, train.py]
    args: ["--rate={{{{ rate }}}}", "--epochs={{{{ epochs }}}}", "--rows={{{{ rows }}}}", "{{{{ bucket }}}}"]
    env:
    - {{name: OUT, value: "{{{{ globals.run_outputs_path }}}}/model"}}
    resources: {{requests: {{cpu: "1", memory: 2Gi}}}}
"""


def _dag(name: str, number: int) -> str:
    inner = "".join(f"    {line}\n" for line in component("inner").splitlines()[2:])
    return f"""\
version: 1.1
kind: component
name: {name}
run:
  kind: dag
  operations:
  - {{name: prepare, dagRef: inner, params: {{epochs: {{value: 1}}}}}}
  - {{name: train, pathRef: ./component.yaml, params: {{rows: {{ref: ops.prepare, value: outputs.count}}}}}}
  - {{name: judge, hubRef: train-{number % 60}, dependencies: [train]}}
  - {{name: report, dagRef: inner, dependencies: [judge]}}
  components:
  -{inner[3:]}"""


def _preset(number: int) -> str:
    return f"kind: operation\nisPreset: true\ntermination: {{maxRetries: {number % 3}}}\ntags: [machine-{number}]\n"


def _code(number: int) -> bytes:
    lines = (f"def step_{line}(x):\n    return x * {number + line}\n\n\n" for line in range(12))
    return "".join(lines).encode()


def _git(place: Path, *words: str, stdin: bytes = b"") -> bytes:
    place.mkdir(parents=True, exist_ok=True)
    command = ["git", "-C", str(place), *words]
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, check=True, env=_environment()).stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
