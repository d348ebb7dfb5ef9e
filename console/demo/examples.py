"""The files that the demo works with: the examples that lie beside the packages, and how the story changes them."""

from __future__ import annotations

import socket
from pathlib import Path

from console.demo.sample import Files
from console.failures import Failure

FOLDER = Path(__file__).resolve().parents[2] / "examples"
LATER = ("flows/iris.yaml", "flows/nested.yaml", "flows/seed.yaml", "flows/serving.yaml", "hub/deep-wide-model.yaml")
_SUFFIXES = (".yaml", ".py", ".csv", ".md")
_PORT = "8599"  # as flows/serving.yaml has it


def at_first() -> dict[str, str]:
    """What the repository holds when it is connected. Raises Failure where the examples are not installed."""
    if not (FOLDER / "flows").is_dir():
        do = "Run `headgate demo` from a checkout (`make run`): the examples are not part of an installed package."
        raise Failure("no-examples", "The examples that the demo runs are not here.", where=str(FOLDER), do=do)
    paths = (path.relative_to(FOLDER).as_posix() for path in sorted(FOLDER.rglob("*")) if path.suffix in _SUFFIXES)
    return {path: _text(path) for path in paths if path not in LATER and not path.startswith("published/")}


def with_mistakes() -> Files:
    """The proposal as it was first: the published example word for word, and three slips of a hurried person."""
    iris = _changed("flows/iris.yaml", "value: inputs.seed", "value: inputs.sead")
    iris = _once(iris, "  - name: evaluate\n    dagRef: evaluate", "  - name: evaluate\n    dagRef: evaluat")
    nested = _changed("flows/nested.yaml", "  - name: numbers\n", "  - name: numbers\n    dependencies: [total]\n")
    return {"flows/iris.yaml": iris, "flows/nested.yaml": nested, "flows/seed.yaml": _text("published/seed.yaml")}


def mended() -> Files:
    """The proposal as it gets merged; the service listens on a port that is free here."""
    serving = _changed("flows/serving.yaml", f"value: {_PORT}", f"value: {_free_port()}")
    return {path: _text(path) for path in LATER} | {"flows/serving.yaml": serving}


def other_neighbours() -> Files:
    """A change of one param of one op."""
    return {"flows/iris.yaml": _changed("flows/iris.yaml", "{k: 15}", "{k: 7}")}


def slow(journal: Path) -> Files:
    """A flow of ops that take a second each and note in a journal that they have started."""
    text = _changed("flows/features/steps.yaml", "name: steps", "name: slow")
    text = _once(_once(text, "/dev/null", str(journal)), "value: 0.3", "value: 1.0")
    return {"flows/slow.yaml": text}


def services_end_with_runs() -> Files:
    """The settings for a demo that ends: nothing is left running."""
    return {".headgate.yaml": _text(".headgate.yaml") + "  flows/serving.yaml: {services: run}\n"}


def _text(path: str) -> str:
    return (FOLDER / path).read_text(encoding="utf-8")


def _changed(path: str, old: str, new: str) -> str:
    return _once(_text(path), old, new)


def _once(text: str, old: str, new: str) -> str:
    if old not in text:
        raise Failure("examples-changed", f"The demo looks for `{old.strip()}` in the examples and does not find it.")
    return text.replace(old, new, 1)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
