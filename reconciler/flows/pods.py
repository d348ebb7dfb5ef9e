"""What every kind that runs containers may say: environment, init, connections, sidecars, volumes, container."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from reconciler.flows.composite import COMMAS, MAPPING, PLAIN_TEXTS, TEXTS, Built, Either, Listing, Table, section
from reconciler.flows.kube import (
    AFFINITY,
    CONTAINER,
    DNS_CONFIG,
    HOST_ALIAS,
    POD_SECURITY,
    TOLERATION,
    VOLUME,
)
from reconciler.flows.literals import quoted
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import COUNT, FLAG, LENIENT_TEXT, PLAIN_FLAG, TEXT, WHOLE, Shape, Whole, Words, is_template

ENVIRONMENT: Final = section(
    {
        "labels": Table(LENIENT_TEXT),
        "annotations": Table(LENIENT_TEXT),
        "nodeSelector": Table(LENIENT_TEXT),
        "affinity": AFFINITY,
        "tolerations": Listing(TOLERATION),
        "nodeName": TEXT,
        "serviceAccountName": TEXT,
        "hostAliases": Listing(HOST_ALIAS, templated=False),
        "securityContext": POD_SECURITY,
        "imagePullSecrets": TEXTS,
        "hostNetwork": PLAIN_FLAG,
        "hostPID": PLAIN_FLAG,
        "dnsPolicy": TEXT,
        "dnsConfig": DNS_CONFIG,
        "schedulerName": TEXT,
        "priorityClassName": TEXT,
        "priority": Whole(templated=False, quoted=True),
        "restartPolicy": Words("Always", "OnFailure", "Never", "ExitCode"),
    },
    aliases={"serviceAccount": "serviceAccountName"},
)

_PATH_OR_PAIR: Final = Either("a path or a pair of paths", str=TEXT, list=TEXTS)
ARTIFACTS: Final = section(
    {"files": Listing(_PATH_OR_PAIR), "dirs": Listing(_PATH_OR_PAIR), "workers": COUNT},
)
_ID: Final = Whole(quoted=True)
_VARIABLES: Final = Either(
    "a mapping or a list of pairs", dict=MAPPING, list=Listing(Listing(TEXT, templated=False)), str=TEXT
)
_GIT: Final = section({"url": TEXT, "revision": TEXT, "flags": TEXTS})
_DOCKERFILE: Final = section(
    {
        "image": TEXT,
        "env": _VARIABLES,
        "path": TEXTS,
        "copy": Listing(_PATH_OR_PAIR),
        "postRunCopy": Listing(_PATH_OR_PAIR),
        "run": TEXTS,
        "langEnv": TEXT,
        "uid": _ID,
        "gid": _ID,
        "username": TEXT,
        "filename": TEXT,
        "workdir": TEXT,
        "workdirPath": TEXT,
        "shell": TEXT,
    },
    required=("image",),
    aliases={"lang_env": "langEnv", "post_run_copy": "postRunCopy", "workdir_path": "workdirPath"},
)
_ARTIFACT_KINDS: Final = (
    "model audio video histogram image tensor dataframe chart csv tsv psv ssv metric env html text file dir dockerfile "
    "docker_image data coderef table tensorboard curve confusion analysis iteration markdown system artifact span"
)
_FILE: Final = section(
    {"kind": Words(*_ARTIFACT_KINDS.split(), templated=True), "content": TEXT, "filename": TEXT, "chmod": TEXT},
    required=("content",),
)


def _uuids(value: Any, node: Node, path: str, report: Report) -> Any:
    for text in [text for text in value if not is_template(text)]:
        try:
            UUID(text)
        except ValueError:
            report.add("value-not-allowed", f"Name runs by their UUIDs, not {quoted(text)}.", node.span, path)
    return value


_UUIDS: Final = Either("a list of UUIDs", str=Built(COMMAS, _uuids), list=Built(PLAIN_TEXTS, _uuids))
_TENSORBOARD: Final = section(
    {"port": WHOLE, "uuids": _UUIDS, "useNames": FLAG, "pathPrefix": TEXT, "plugins": COMMAS},
)
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
    if isinstance(git, dict) and not git.get("url") and not value.get("connection"):
        span = node.key_span("git")
        report.add("field-missing", "Add `url` to `git`, or a `connection` to this init.", span, path)
    return value


INIT: Final = Built(section({**_INIT_SOURCES, "connection": TEXT, "path": TEXT, "container": CONTAINER}), _check_init)

POD_FIELDS: Final[dict[str, Shape]] = {
    "environment": ENVIRONMENT,
    "connections": TEXTS,
    "volumes": Listing(VOLUME),
    "init": Listing(INIT),
    "sidecars": Listing(CONTAINER),
    "container": CONTAINER,
}
