"""Connections that the service is configured with, for ops that run as local processes: what they give to an op.

Secrets are named, never written down: `env:NAME` is a variable of the service, `file:/path` a file it can read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.flows.model import Json


class ConfigError(Exception):
    """An op that cannot start as it is written or as the service is configured; the text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A named connection. `schema` as in a Polyaxon connection: `hostPath` of a host_path, `url`, `revision` of a git.

    `secret_env`: environment variable of the op -> reference of its value. A git connection uses the references
    `username` and `token` of `secrets` to fetch; the op does not see these.
    """

    name: str
    kind: str
    schema: Mapping[str, Json] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    secret_env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


def pick(connections: Mapping[str, Connection], name: str) -> Connection:
    """The connection of that name. Raises ConfigError."""
    if name not in connections:
        known = ", ".join(sorted(connections)) or "none"
        raise ConfigError(f"Connection {name!r} is not configured on this service (configured: {known}).")
    return connections[name]


def environment_of(connections: Mapping[str, Connection], names: Sequence[str]) -> dict[str, str]:
    """What the named connections add to an op's environment, secrets included. Raises ConfigError."""
    env: dict[str, str] = {}
    for name in names:
        connection = pick(connections, name)
        env.update(connection.env)
        env.update({key: secret(reference, name) for key, reference in connection.secret_env.items()})
    return env


def secret(reference: str, owner: str) -> str:
    """The value that a reference names, without the line feed at its end. Raises ConfigError, which never holds it."""
    kind, _, name = reference.partition(":")
    if kind == "env" and name in os.environ:
        return os.environ[name]
    if kind == "file":
        try:
            with open(name, encoding="utf-8") as file:
                return file.read(1 << 20).rstrip("\n")
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"Connection {owner!r}: its secret file {name!r} cannot be read.") from None
    what = f"variable {name!r} is not set for the service" if kind == "env" else "it is neither env:NAME nor file:PATH"
    raise ConfigError(f"Connection {owner!r} refers to a secret that is not there: {what}.")
