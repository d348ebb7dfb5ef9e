"""The time as a part of statements: that of the clock that all who share the database share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Double, TypeDecorator, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


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


class _Kept(FunctionElement[float]):
    """What `until` made of a time, as the time that is kept."""

    inherit_cache = True
    type = Double()


@compiles(_Kept, "sqlite")
def _as_it_is(kept: _Kept, compiler: Any, **words: Any) -> str:
    (given,) = kept.clauses
    return str(compiler.process(given, **words))


@compiles(_Kept, "postgresql")
def _from_now(kept: _Kept, compiler: Any, **words: Any) -> str:
    (given,) = kept.clauses
    return f"({compiler.process(NOW + given, **words)})"


class Due(TypeDecorator[float]):
    """Times by the clock that all share. What a statement is given for one is made by `until`."""

    impl = Double
    cache_ok = True

    def bind_expression(self, bindparam: BindParameter[float]) -> ColumnElement[float]:
        return _Kept(bindparam)


def until(at: float, now: float, dialect: str) -> float:
    """A time by the clock of this process, by which it is `now`, as statements are given it: see `Due`.

    A server adds its own time to what is left until then: two clocks never agree.
    """
    return at if dialect == "sqlite" else at - now
