"""An attempt's spec made into a local process: its command, environment and working directory. Starts nothing.

The image, resource requests and limits, sidecars, volumes and what else only a cluster can give are recorded with the
spec and have no effect on a local process.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from reconciler.adapters.process_connections import ConfigError, Connection, environment_of
from reconciler.adapters.process_records import Folder
from reconciler.engine.model import AttemptSpec
from reconciler.flows.model import Json

INHERITED = ("PATH", "HOME", "LANG", "LANGUAGE", "TZ")  # and LC_*; nothing else of the service's own environment
_LONGEST = 32 * 4096 - 1  # bytes of one word (execve(2), MAX_ARG_STRLEN)
_ROOM = 2048  # bytes that the kernel wants for itself (sysconf(3), ARG_MAX)


@dataclass(frozen=True, slots=True)
class Callback:
    """Where an op reports to, and what it proves with that it may."""

    api: str
    token: str


def container_of(spec: AttemptSpec) -> Mapping[str, Json]:
    """The main container. Raises ConfigError where there is none."""
    container = spec.run_section.get("container")
    if not isinstance(container, Mapping):
        raise ConfigError("The op has no container; give `container: {command: […]}`.")
    return container


def argv_of(spec: AttemptSpec) -> list[str]:
    """Command and arguments as written. Raises ConfigError."""
    container = container_of(spec)
    command = _words(container.get("command"), "command")
    if not command:
        raise ConfigError("An image's entrypoint cannot run as a local process; give the container a `command`.")
    return command + _words(container.get("args"), "args")


def environment(
    spec: AttemptSpec, folder: Folder, callback: Callback, connections: Mapping[str, Connection]
) -> dict[str, str]:
    """The op's whole environment; later ones win: inherited, connections, params, the container's own, ours.

    Raises ConfigError.
    """
    env = dict(inherited())
    env |= environment_of(connections, connection_names(spec))
    env |= spec.env
    env |= _container_env(container_of(spec))
    if spec.ports:
        env |= {"PORT": str(spec.ports[0]), "HEADGATE_PORT": str(spec.ports[0])}
    env |= _ours(spec, folder, callback)
    for name, value in env.items():
        if "\0" in name + value or "=" in name or not name:
            raise ConfigError(f"Environment variable {name!r} cannot be set: a name or value holds NUL or `=`.")
    return env


@cache
def inherited() -> Mapping[str, str]:
    """What every op gets of the service's own environment."""
    env = {name: value for name, value in os.environ.items() if name in INHERITED or name.startswith("LC_")}
    return {"PATH": os.defpath, **env}


def connection_names(spec: AttemptSpec) -> list[str]:
    """Connections the op asks for, each once, in order."""
    listed = spec.run_section.get("connections")
    names = [*spec.connections, *(listed if isinstance(listed, list) else ())]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _ours(spec: AttemptSpec, folder: Folder, callback: Callback) -> dict[str, str]:
    owner, _, project = spec.repository.rpartition("/")
    return {
        "HEADGATE_RUN": spec.run,
        "HEADGATE_OP": spec.op,
        "HEADGATE_ATTEMPT": spec.attempt,
        "HEADGATE_COMMIT": spec.commit,
        "HEADGATE_ARTIFACTS_PATH": folder.artifacts,
        "HEADGATE_OUTPUTS_PATH": folder.outputs_file,
        "HEADGATE_API": callback.api,
        "HEADGATE_TOKEN": callback.token,
        "POLYAXON_RUN_INSTANCE": f"{owner.replace('/', '.') or project}.{project}.runs.{spec.attempt}",
    }


def _container_env(container: Mapping[str, Json]) -> dict[str, str]:
    if container.get("envFrom"):
        raise ConfigError("`envFrom` needs a cluster; a local process takes `env` with names and values.")
    entries = container.get("env") or []
    if isinstance(entries, Mapping):
        return {str(name): _text(value) for name, value in entries.items()}
    return dict(_entry(entry) for entry in entries)


def _entry(entry: Json) -> tuple[str, str]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        raise ConfigError("Each item of `container.env` needs a `name` and a `value`.")
    if entry.get("valueFrom"):
        raise ConfigError(
            f"`valueFrom` of {entry['name']!r} needs a cluster; give a `value` or name a connection of this service."
        )
    return entry["name"], _text(entry.get("value"))


def _words(value: Json, what: str) -> list[str]:
    if value is None:
        return []
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or any(isinstance(word, (dict, list)) for word in words):
        raise ConfigError(f"`container.{what}` is no list of words.")
    texts = [_text(word) for word in words]
    if any("\0" in text for text in texts):
        raise ConfigError(f"`container.{what}` holds a NUL character, which no process can be given.")
    return texts


def _text(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


# --- where, and which file --------------------------------------------------------------------------------------------


def working_directory(spec: AttemptSpec, folder: Folder, code: str | None) -> str:
    """`workingDir` below the code tree (or wherever it says, if absolute); without it the tree, or scratch space."""
    wanted = container_of(spec).get("workingDir")
    return os.path.join(code or folder.work, str(wanted)) if wanted else code or folder.work


def executable(argv: Sequence[str], env: Mapping[str, str], cwd: str, later: bool) -> list[str]:
    """The same command with a path instead of a name.

    `later`: something may still be made before it starts, so a path may name what is not there yet. Raises ConfigError.
    """
    name = argv[0]
    path = os.path.join(cwd, name) if "/" in name else shutil.which(name, path=env.get("PATH", os.defpath))
    if path is None:
        raise ConfigError(f"Command {name!r} was not found on the PATH of this service.")
    if not later:
        _check_executable(name, path)
    words = [path, *argv[1:]]
    _check_length(words, env)
    return words


def _check_length(words: Sequence[str], env: Mapping[str, str]) -> None:
    if 4 * (sum(map(len, words)) + sum(map(len, env)) + sum(map(len, env.values()))) < _LONGEST:
        return  # four bytes is the longest letter
    sizes = [len(os.fsencode(word)) for word in words]
    sizes += [len(os.fsencode(name)) + 1 + len(os.fsencode(value)) for name, value in env.items()]
    pointers = 8 * len(sizes)
    if max(sizes) >= _LONGEST or sum(sizes) + len(sizes) + pointers + _ROOM > os.sysconf("SC_ARG_MAX"):
        raise ConfigError("Its command and environment are too long for this machine.")


def _check_executable(name: str, path: str) -> None:
    if not os.path.isfile(path):
        raise ConfigError(f"Command {name!r} was not found.")
    if not os.access(path, os.X_OK):
        raise ConfigError(f"Command {name!r} may not be executed; is its file's mode 100755 in the repository?")


def check_directory(path: str, spec: AttemptSpec) -> None:
    """Raises ConfigError unless the op can run there."""
    if not os.path.isdir(path):
        wanted = container_of(spec).get("workingDir") or spec.labels.get("code_dir") or path
        raise ConfigError(f"Working directory {str(wanted)!r} does not exist at this commit.")
