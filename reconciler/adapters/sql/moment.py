"""The time as a part of statements: that of the clock that all who share the database share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Double, bindparam
from sqlalchemy.ext.compiler import compiles


class _Now(ColumnElement[float]):
    """The server's time, which need not be asked for first; a file has none and is given it as `_now`."""

    inherit_cache = True
    type = Double()


@compiles(_Now, "sqlite")
def _given(_: _Now, compiler: Any, **words: Any) -> str:
    return str(compiler.process(bindparam("_now", type_=Double()), **words))


@compiles(_Now, "postgresql")
def _known(_: _Now, compiler: Any, **words: Any) -> str:
    # Not the time of the clock itself, which changes within a statement, so that no index can be used for it.
    return "CAST(extract(epoch FROM statement_timestamp()) AS double precision)"


NOW = _Now()
