"""The flows of histories: dags with a bit of everything, schedules, settings, and files that are broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import yaml

from tests.documents import dag, exits, op, runs_forever, writes

FLOWS = ("churn", "prices")  # that histories change; others are there as well
BROKEN = (
    "version: 1.1\nkind: {",
    "version: 1.1\nrun: {kind: jub}\n",
    yaml.safe_dump(dag({"train": exits(0, dependencies=["nobody"])})),
    yaml.safe_dump(dag({"train": exits(0, dependencies=["tell"]), "tell": exits(0, dependencies=["train"])})),
    yaml.safe_dump(dag({"train": {"hubRef": "nowhere"}})),
    yaml.safe_dump(dag({"train": {"pathRef": "../hub/nowhere.yaml"}})),
    yaml.safe_dump(dag({"train": op("exit", "0", inputs=[{"name": "lr", "type": "int"}])})),
    yaml.safe_dump(dag({"train": op("exit", "0", "{{ nobody }}")})),
)
SETTINGS_FILE = ".headgate.yaml"
BROKEN_SETTINGS = "settings: ["
NEWER_WINS = 'settings: {"**": {code: none, onNewPlan: cancel}}'
RETRIES = 2  # of the op `flaky`
TIMEOUT = 20  # s, of the op `slow`
SETTINGS: Mapping[str, Sequence[Any]] = {
    "onNewPlan": ("queue", "cancel", "parallel"),
    "onRemove": ("finish", "stop"),
    "services": ("keep", "run"),
    "concurrency": (1, 2),
}
_WRONG = frozenset(text.encode() for text in (*BROKEN, BROKEN_SETTINGS))
_NEVER_SAME = {"cache": {"disable": True}}


def is_wrong(data: bytes) -> bool:
    """Whether histories know a file for one that nobody can apply. All others are fine."""
    return data in _WRONG


def some_flow(random: Random) -> dict[str, Any]:
    """A dag, or an operation on a schedule."""
    flow = dag(_some_ops(random))
    if random.random() < 0.15:
        return {"version": 1.1, "kind": "operation", "schedule": _schedule(random), "component": flow}
    return flow


def _schedule(random: Random) -> dict[str, Any]:
    overlap = {"overlap": random.choice(["allow", "skip", "replace"]), "missed": random.choice(["skip", "one", "all"])}
    if random.random() < 0.3:
        return {"kind": "cron", "cron": "*/2 * * * *", **overlap}
    return {"kind": "interval", "frequency": random.choice([60, 300]), "maxRuns": random.randrange(1, 9), **overlap}


def _some_ops(random: Random) -> dict[str, Any]:
    word = random.choice("xyz")
    train = random.choice([runs_forever(), op("exit", "0", word), op("exit", "1", word)])
    ops = {"prepare": writes({"rows": "3"}), "train": {**train, "dependencies": ["prepare"]}}
    for part in (_sweep, _service, _nested, _guarded, _handler, _flaky, _slow, twins):
        if random.random() < 0.2:
            ops |= part(random, word)
    return ops


def _sweep(random: Random, word: str) -> dict[str, Any]:
    command = random.choice([("exit", "0"), ("exit", "0"), ("exit", "1"), ("forever",)])
    lr = {"name": "lr", "type": "int", "isOptional": True, "value": 0}  # or an empty sweep would leave it without one
    tune = op(*command, word, inputs=[lr], dependencies=["prepare"])
    values = [{"lr": number} for number in range(random.randrange(4))]
    return {"tune": {**tune, "matrix": {"kind": "mapping", "concurrency": 2, "values": values}}}


def _service(random: Random, word: str) -> dict[str, Any]:
    run = {"kind": "service", "ports": [80], "container": {"image": "any", "command": ["serve", word]}}
    return {"board": {"component": {"run": run}}}


def _nested(random: Random, word: str) -> dict[str, Any]:
    inner = {"a": exits(0, **_NEVER_SAME), "b": op("exit", random.choice("001"), dependencies=["a"])}
    if random.random() < 0.3:
        inner["endless"] = runs_forever()
    return {"nested": {"component": {"run": dag(inner)["run"]}, "dependencies": ["prepare"]}}


def _guarded(random: Random, word: str) -> dict[str, Any]:
    return {"deploy": exits(0, dependencies=["train"], isApproved=False)}


def _handler(random: Random, word: str) -> dict[str, Any]:
    return {"mourn": exits(0, dependencies=["train"], trigger="one_failed", **_NEVER_SAME)}


def _flaky(random: Random, word: str) -> dict[str, Any]:
    """Fails, and may be tried again."""
    return {"flaky": exits(1, termination={"maxRetries": RETRIES})}


def _slow(random: Random, word: str) -> dict[str, Any]:
    """Takes longer than it may."""
    return {"slow": runs_forever(termination={"timeout": TIMEOUT})}


def twins(random: Random, word: str) -> dict[str, Any]:
    """Two ops that are planned alike, and one between them."""
    between = exits(0, dependencies=["one"], **_NEVER_SAME)
    return {"one": op("exit", "0", word), "between": between, "same": op("exit", "0", word, dependencies=["between"])}
