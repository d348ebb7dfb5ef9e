"""The store that the options of a command name, opened for reading and asking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from console.config import Config, load_config
from console.opening import store_of
from reconciler.adapters.sql_store import SqlStore


def config_of(file: Path | None, data_dir: Path | None) -> Config:
    """The configuration of `--config` and `--data-dir`. Raises ConfigError."""
    return load_config(file, data_dir=data_dir)


@contextmanager
def reading(options: Mapping[str, Any]) -> Iterator[SqlStore]:
    """The store of the options as click has parsed them. Raises Failure."""
    with store_of(config_of(options.get("file"), options.get("data_dir"))) as store:
        yield store
