"""A run of some two hundred short local ops: wide, deep, with outputs and a sweep; and what must be left of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

from tests.e2e.service import Place

LAYERS, WIDTH, CHILDREN = 8, 20, 30


class ManyOps:
    """Each op appends its path and attempt to the ledger when it begins and when it ends; times are drawn."""

    def __init__(self, place: Place, random: Random, longest: float = 1.6) -> None:
        self._ledger, self._random, self._longest = place.ledger, random, longest
        self.operations = [*self._layers(), *self._numbers(), self._sweep()]

    @property
    def paths(self) -> list[str]:
        """Every op that is a process."""
        plain = [one["name"] for one in self.operations if "matrix" not in one]
        return sorted([*plain, *(f"tune[{number}]" for number in range(CHILDREN))])

    def text(self) -> str:
        """The flow file."""
        document = {"version": 1.1, "kind": "component", "run": {"kind": "dag", "operations": self.operations}}
        return json.dumps(document)

    def _layers(self) -> list[dict[str, Any]]:
        return [
            self._op(f"o{layer}-{number}", [f"o{layer - 1}-{one}" for one in self._two()] if layer else [])
            for layer in range(LAYERS)
            for number in range(WIDTH)
        ]

    def _two(self) -> list[int]:
        return sorted(self._random.sample(range(WIDTH), 2))

    def _numbers(self) -> list[dict[str, Any]]:
        """A chain in which each op adds one to what the op before it has written."""
        ops = []
        for number in range(10):
            before = f"number-{number - 1}"
            op = self._op(f"number-{number}", [before] if number else [], 'echo "{\\"n\\": {{ n + 1 }}}" > $out; ')
            op["component"] |= {
                "inputs": [{"name": "n", "type": "int"}], "outputs": [{"name": "n", "type": "int"}],
            }  # fmt: skip
            op["params"] = {"n": {"ref": f"ops.{before}", "value": "outputs.n"} if number else {"value": 0}}
            ops.append(op)
        return ops

    def _sweep(self) -> dict[str, Any]:
        op = self._op("tune", ["o0-0"], 'echo "{\\"loss\\": {{ lr }}.5}" > $out; ')
        op["component"] |= {
            "inputs": [{"name": "lr", "type": "int"}], "outputs": [{"name": "loss", "type": "float"}],
        }  # fmt: skip
        values = {"kind": "choice", "value": list(range(CHILDREN))}
        op["matrix"] = {"kind": "grid", "concurrency": 6, "params": {"lr": values}}
        return op

    def _op(self, name: str, upstream: list[str], act: str = "") -> dict[str, Any]:
        line = f'$HEADGATE_OP $HEADGATE_ATTEMPT" >> {self._ledger}'
        pause = f"sleep {self._random.uniform(0.0, self._longest):.2f}; "
        script = f'out=$HEADGATE_OUTPUTS_PATH; echo "began {line}; {pause}{act}echo "ended {line}'
        container = {"command": ["sh", "-c"], "args": [script], "image": "sh"}
        return {
            "name": name,
            "dependencies": upstream,
            "component": {"cache": {"disable": True}, "run": {"kind": "job", "container": container}},
        }


def attempts(place: Place, word: str) -> Mapping[str, list[str]]:
    """Op path → attempts that have written `began` or `ended`, in order."""
    found: dict[str, list[str]] = {}
    for line in place.lines():
        said, path, attempt = line.split()
        if said == word:
            found.setdefault(path, []).append(attempt)
    return found


def started_twice(place: Place) -> list[str]:
    """Attempts that began more than once: there must be none, whatever was killed."""
    begun = Counter(attempt for some in attempts(place, "began").values() for attempt in some)
    return [attempt for attempt, times in begun.items() if times > 1]
