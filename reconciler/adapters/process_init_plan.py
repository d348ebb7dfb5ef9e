"""What is made before an op starts (`init`): the spec's entries checked and turned into steps for process_init.

Everything is placed below the attempt's own directory; the code tree is shared and read-only.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.adapters.process_connections import ConfigError, Connection, pick, secret
from reconciler.adapters.process_records import Folder
from reconciler.engine.model import AttemptSpec
from reconciler.flows.model import Json
from reconciler.plan.encoding import encode

_FLAG = re.compile(r"--(depth[= ]\d+|single-branch|no-tags|recurse-submodules|shallow-submodules)")
_FORMS = ("file", "paths", "artifacts", "git")
_CLUSTER_ONLY = ("dockerfile", "tensorboard", "lineageRef", "modelRef", "artifactRef")


@dataclass(frozen=True, slots=True)
class _Place:
    folder: Folder
    connections: Mapping[str, Connection]
    env: Mapping[str, str]  # of the op; an entry's own container gets the same


def init_plan(
    spec: AttemptSpec, folder: Folder, env: Mapping[str, str], connections: Mapping[str, Connection]
) -> bytes:
    """The steps as JSON, to be handed over in memory as it may hold credentials; empty where there is nothing to do.

    Raises ConfigError.
    """
    place = _Place(folder, connections, env)
    steps = [_step(entry, number, place) for number, entry in enumerate(spec.init, 1)]
    return encode({"failure": folder.failure, "cwd": folder.work, "steps": steps}) if steps else b""


def _step(entry: Json, number: int, place: _Place) -> dict[str, Json]:
    if not isinstance(entry, Mapping):
        raise ConfigError(f"Item {number} of `init` is no mapping.")
    refused = next((form for form in _CLUSTER_ONLY if entry.get(form)), None)
    if refused:
        raise ConfigError(f"Item {number} of `init`: `{refused}` cannot be made for a local process.")
    form = next((form for form in _FORMS if entry.get(form)), None)
    step = _MAKERS[form](entry, place) if form else _without_form(entry, number, place)
    return {**step, "name": f"init {number} ({step['kind']})"}


def _without_form(entry: Mapping[str, Json], number: int, place: _Place) -> dict[str, Json]:
    if entry.get("container"):
        return _command(entry["container"], place)
    if entry.get("connection"):
        kind = pick(place.connections, entry["connection"]).kind
        return _git(entry, place) if kind == "git" else _copy({**entry, "paths": ["."]}, place)
    raise ConfigError(
        f"Item {number} of `init` says nothing that a local process can use: give `git`, `file`, `paths`, "
        "`artifacts`, `connection` or `container`."
    )


def _file(entry: Mapping[str, Json], place: _Place) -> dict[str, Json]:
    given = entry["file"] if isinstance(entry["file"], Mapping) else {"content": str(entry["file"])}
    name = str(given.get("filename") or "file")
    mode = str(given.get("chmod") or "")
    if mode and not re.fullmatch(r"[0-7]{3,4}", mode):
        raise ConfigError(f'`init.file.chmod` is no octal mode: {mode!r} (write `"644"`).')
    target = _inside(os.path.join(_target(entry, place), name), place)
    return {"kind": "file", "target": target, "content": str(given.get("content", "")), "mode": mode}


def _copy(entry: Mapping[str, Json], place: _Place) -> dict[str, Json]:
    paths = entry["paths"]
    wanted = paths if isinstance(paths, list) else [paths]
    return _copies(wanted, entry, place)


def _artifacts(entry: Mapping[str, Json], place: _Place) -> dict[str, Json]:
    given = entry["artifacts"]
    if not isinstance(given, Mapping):
        return _copies(given if isinstance(given, list) else [given], entry, place)
    return _copies([*(given.get("files") or ()), *(given.get("dirs") or ())], entry, place)


def _copies(wanted: Sequence[Json], entry: Mapping[str, Json], place: _Place) -> dict[str, Json]:
    target = _target(entry, place)
    pairs = []
    for item in wanted:
        source, name = (item[0], item[1]) if isinstance(item, list) and len(item) == 2 else (item, "")
        source = _source(str(source), entry, place)
        name = str(name) or _name_of(source, entry, place)
        pairs.append([source, _inside(os.path.join(target, name), place)])
    return {"kind": "copy", "pairs": pairs}


def _source(path: str, entry: Mapping[str, Json], place: _Place) -> str:
    """Where a path to copy is: below the connection, else an attempt's artifact (`ID/outputs/model`), else the code."""
    if entry.get("connection"):
        return os.path.normpath(os.path.join(_root_of_connection(entry, place), path))
    attempt, _, rest = path.partition("/")
    other = place.folder.artifacts_of(attempt)
    if entry.get("artifacts") and other is not None:
        return os.path.normpath(os.path.join(other, rest))
    return os.path.normpath(os.path.join(place.folder.code, path))


def _name_of(source: str, entry: Mapping[str, Json], place: _Place) -> str:
    """How a copy is named where nothing was said: like its source, or as the attempt whose artifacts it is."""
    if entry.get("connection") and source == os.path.normpath(_root_of_connection(entry, place)):
        return ""
    parent, name = os.path.split(source)
    return os.path.basename(parent) if source == place.folder.artifacts_of(os.path.basename(parent)) else name


def _root_of_connection(entry: Mapping[str, Json], place: _Place) -> str:
    connection = pick(place.connections, entry["connection"])
    root = connection.schema.get("hostPath")
    if not isinstance(root, str) or not os.path.isabs(root):
        raise ConfigError(
            f"Connection {connection.name!r} ({connection.kind}) has no `hostPath`: nothing local to copy from."
        )
    return root


def _git(entry: Mapping[str, Json], place: _Place) -> dict[str, Json]:
    connection = pick(place.connections, entry["connection"]) if entry.get("connection") else None
    given: Mapping[str, Json] = {**(connection.schema if connection else {}), **_filled(entry.get("git"))}
    url, revision = str(given.get("url") or ""), str(given.get("revision") or "")
    if not url or url.startswith("-") or revision.startswith("-"):
        raise ConfigError("`init.git` needs a `url`, of its own or of its connection.")
    flags = [str(flag) for flag in given.get("flags") or ()]
    for flag in flags:
        if not _FLAG.fullmatch(flag):
            raise ConfigError(f"Flag {flag!r} of `init.git` is not supported.")
    name = connection.name if connection else os.path.basename(url.rstrip("/")).removesuffix(".git") or "repository"
    target = _target(entry, place, name)
    env = _credentials(connection) if connection else {}
    return {"kind": "git", "url": url, "revision": revision, "flags": flags, "target": target, "env": env}


def _filled(given: Json) -> Mapping[str, Json]:
    return {key: value for key, value in given.items() if value} if isinstance(given, Mapping) else {}


def _credentials(connection: Connection) -> dict[str, str]:
    if "token" not in connection.secrets:
        return {}
    user = secret(connection.secrets["username"], connection.name) if "username" in connection.secrets else "git"
    pair = f"{user}:{secret(connection.secrets['token'], connection.name)}"
    header = "Authorization: Basic " + base64.b64encode(pair.encode()).decode()
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraHeader", "GIT_CONFIG_VALUE_0": header}


def _command(container: Json, place: _Place) -> dict[str, Json]:
    given = container if isinstance(container, Mapping) else {}
    command = [str(word) for word in given.get("command") or ()]
    if not command:
        raise ConfigError("A container of `init` needs a `command`: images cannot run as a local process.")
    argv = [*command, *(str(word) for word in given.get("args") or ())]
    return {"kind": "command", "argv": argv, "env": dict(place.env)}


def _target(entry: Mapping[str, Json], place: _Place, name: str = "") -> str:
    given = str(entry.get("path") or entry.get("connection") or name)
    return _inside(os.path.join(place.folder.artifacts, given), place)


def _inside(path: str, place: _Place) -> str:
    path = os.path.normpath(path)
    if path != place.folder.root and not path.startswith(place.folder.root + "/"):
        raise ConfigError(
            f"`init` may write below the attempt's directory only, not to {path!r}; "
            "give a relative `path`, or one below {{ globals.run_artifacts_path }}."
        )
    return path


_MAKERS = {"file": _file, "paths": _copy, "artifacts": _artifacts, "git": _git}
