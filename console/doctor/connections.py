"""Connections of the configuration: whether the secrets they refer to are there. No value of one is ever told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from console.doctor.model import Examined, fine, problem, warning
from reconciler.adapters.process_connections import ConfigError, Connection, secret


def examine_connections(connections: Iterable[Connection]) -> Iterator[Examined]:
    """Each reference of each connection."""
    for connection in connections:
        references = {**connection.secret_env, **connection.secrets}
        told = [found for name in sorted(references) for found in _missing(connection.name, references[name])]
        yield from told or [fine("connection", f"Connection {connection.name}: its secrets are there.")]


def _missing(name: str, reference: str) -> Iterator[Examined]:
    try:
        secret(reference, name)
    except ConfigError as error:
        if reference.startswith("env:"):  # the service may have been started with it, and this command without
            do = "See that the service is started with it."
            yield warning("connection", str(error).replace("for the service", "here"), reference, do)
        else:
            yield problem("connection", str(error), reference, "Put it there, readable for the user of the service.")
