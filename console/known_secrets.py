"""The values of the secrets that the configuration refers to, for those who must not say them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from reconciler.adapters.process_connections import ConfigError, Connection, secret


def known_secrets(connections: Mapping[str, Connection], more: Iterable[Callable[[], str]] = ()) -> Sequence[str]:
    """Every value as it is now; one that cannot be read is in nobody's hands. `more` give others."""
    values: list[str] = []
    for name, connection in connections.items():
        for reference in (*connection.secret_env.values(), *connection.secrets.values()):
            with suppress(ConfigError):
                values.append(secret(reference, name))
    for read in more:
        with suppress(OSError, ConfigError):
            values.append(read())
    return values
