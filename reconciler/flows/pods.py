"""What every kind that runs containers may say: environment, init, connections, sidecars, volumes, container."""

from __future__ import annotations

from typing import Any, Final

from reconciler.flows.kube import (
    AFFINITY,
    CONTAINER,
    DNS_CONFIG,
    HOST_ALIAS,
    TOLERATION,
    VOLUME,
)
from reconciler.flows.nodes import Node
from reconciler.flows.shapes import (
    ANYTHING,
    COUNT,
    FLAG,
    LENIENT_TEXT,
    MAPPING,
    TEXT,
    TEXTS,
    WHOLE,
    Built,
    Either,
    Listing,
    Record,
    Report,
    Shape,
    Table,
    Words,
)

ENVIRONMENT: Final = Record(
    {
        "labels": Table(LENIENT_TEXT),
        "annotations": Table(LENIENT_TEXT),
        "nodeSelector": Table(LENIENT_TEXT),
        "affinity": AFFINITY,
        "tolerations": Listing(TOLERATION),
        "nodeName": TEXT,
        "serviceAccountName": TEXT,
        "hostAliases": Listing(HOST_ALIAS),
        "securityContext": MAPPING,
        "imagePullSecrets": TEXTS,
        "hostNetwork": FLAG,
        "hostPID": FLAG,
        "dnsPolicy": TEXT,
        "dnsConfig": DNS_CONFIG,
        "schedulerName": TEXT,
        "priorityClassName": TEXT,
        "priority": WHOLE,
        "restartPolicy": Words("Always", "OnFailure", "Never", "ExitCode"),
    },
    aliases={"serviceAccount": "serviceAccountName"},
)

_PATH_OR_PAIR: Final = Either("a path or a pair of paths", str=TEXT, list=TEXTS)
ARTIFACTS: Final = Record(
    {"files": Listing(_PATH_OR_PAIR), "dirs": Listing(_PATH_OR_PAIR), "workers": COUNT},
)
_GIT: Final = Record({"url": TEXT, "revision": TEXT, "flags": TEXTS})
_DOCKERFILE: Final = Record(
    {
        "image": TEXT,
        "env": Either("a mapping or a list of pairs", dict=MAPPING, list=Listing(ANYTHING), str=TEXT),
        "path": TEXTS,
        "copy": Listing(_PATH_OR_PAIR),
        "postRunCopy": Listing(_PATH_OR_PAIR),
        "run": TEXTS,
        "langEnv": TEXT,
        "uid": WHOLE,
        "gid": WHOLE,
        "username": TEXT,
        "filename": TEXT,
        "workdir": TEXT,
        "workdirPath": TEXT,
        "shell": TEXT,
    },
    required=("image",),
    aliases={"lang_env": "langEnv", "post_run_copy": "postRunCopy", "workdir_path": "workdirPath"},
)
_FILE: Final = Record({"kind": TEXT, "content": TEXT, "filename": TEXT, "chmod": LENIENT_TEXT}, required=("content",))
_TENSORBOARD: Final = Record({"port": WHOLE, "uuids": TEXTS, "useNames": FLAG, "pathPrefix": TEXT, "plugins": TEXTS})
_INIT_SOURCES: Final[dict[str, Shape]] = {
    "artifacts": ARTIFACTS,
    "paths": Either("a path or a list of paths", str=TEXT, list=Listing(_PATH_OR_PAIR)),
    "git": _GIT,
    "dockerfile": _DOCKERFILE,
    "file": _FILE,
    "tensorboard": _TENSORBOARD,
    "lineageRef": TEXT,
    "modelRef": TEXT,
    "artifactRef": TEXT,
}


def _check_init(value: Any, node: Node, path: str, report: Report) -> Any:
    sources = [name for name in _INIT_SOURCES if name in value]
    if len(sources) > 1:
        message = f"Split this init in two: it can hold only one of {' and '.join(f'`{s}`' for s in sources)}."
        report.add("field-conflict", message, node.key_span(sources[1]), path)
    git = value.get("git")
    if isinstance(git, dict) and not git.get("url") and "connection" not in value:
        span = node.key_span("git")
        report.add("field-missing", "Add `url` to `git`, or a `connection` to this init.", span, path)
    return value


INIT: Final = Built(Record({**_INIT_SOURCES, "connection": TEXT, "path": TEXT, "container": CONTAINER}), _check_init)

POD_FIELDS: Final[dict[str, Shape]] = {
    "environment": ENVIRONMENT,
    "connections": TEXTS,
    "volumes": Listing(VOLUME),
    "init": Listing(INIT),
    "sidecars": Listing(CONTAINER),
    "container": CONTAINER,
}
