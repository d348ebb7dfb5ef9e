"""Words on the fields of the kinds of runs that are one pod or a dag. What each kind is for stands with the kind."""

from __future__ import annotations

from typing import Final

from reconciler.flows.words.pods import POD
from reconciler.flows.words.word import Word

_CONTAINER: Final = {"image": "python:3.12", "command": ["python", "train.py"]}
_OPS: Final = [
    {"name": "prepare", "hubRef": "prepare"},
    {"name": "train", "hubRef": "train", "dependencies": ["prepare"]},
]
_TRAIN: Final = {"name": "train", "run": {"kind": "job", "container": _CONTAINER}}


def _kind(name: str) -> dict[str, Word]:
    return {"kind": Word("The kind of run.", name)}


_DAG: Final = {
    "operations": Word("The ops; what they read from each other makes the edges. `ops` is taken too.", _OPS),
    "components": Word("Components that its ops run by `dagRef`.", [_TRAIN]),
    "concurrency": Word("At most so many ops at once; without it, what the service has places for.", 4),
    "earlyStopping": Word("What ends it before all its ops ran.", [{"kind": "failure_early_stopping", "percent": 50}]),
    **{name: POD[name] for name in ("environment", "connections", "volumes")},
}
_SERVICE: Final = {
    "ports": Word("The ports it answers on.", [8080]),
    "rewritePath": Word("Whether its own address is taken off the paths that it is asked for.", True, False),
    "isExternal": Word("Whether it is asked without the login of the service.", True, False),
    "replicas": Word("How many of it there are.", 2, 1),
}
RUNS: Final = {
    "job": {**_kind("job"), **POD},
    "service": {**_kind("service"), **POD, **_SERVICE},
    "dag": {**_kind("dag"), **_DAG},
    "notifier": {**_kind("notifier"), **POD},
    "cleaner": {**_kind("cleaner"), **POD},
    "tuner": {**_kind("tuner"), **POD},
}
