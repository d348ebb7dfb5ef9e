"""Statements that every step runs, on the driver's own cursor: each is compiled once, and rows are plain.

For a small statement SQLAlchemy's own execution costs five times as much as the statement itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import Boolean, Connection, Dialect, Executable, Insert, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import Text

Values = Mapping[str, Any]
Question = tuple[Executable, Values]
Batch = tuple[Executable, Sequence[Values]]
_NONE: Values = {}
_AT_ONCE = nullcontext()
MOST_ROWS = 32  # of one statement


def rows(connection: Connection, statement: Executable, values: Values = _NONE) -> list[dict[str, Any]]:
    """What a statement finds, by the names of its columns. `values` are those of its parameters."""
    made = _made(statement, tuple(values), connection.dialect, reads=True)
    return made.found(run(connection, made.text, made.parameters(values)))


def row(connection: Connection, statement: Executable, values: Values = _NONE) -> dict[str, Any] | None:
    """The first of them."""
    found = rows(connection, statement, values)
    return found[0] if found else None


def rows_of_all(
    connection: Connection, questions: Sequence[Question], written: Sequence[Batch] = ()
) -> list[list[dict[str, Any]]]:
    """What each of several statements finds once others have written. A server is sent all of them at once."""
    asked = []
    with _together(connection) if len(questions) + len(written) > 1 else _AT_ONCE:
        for statement, many in written:
            _begun(connection, statement, many)
        for statement, values in questions:
            made = _made(statement, tuple(values), connection.dialect, reads=True)
            asked.append((made, run(connection, made.text, made.parameters(values))))
    return [made.found(cursor) for made, cursor in asked]


def change(connection: Connection, statement: Executable, values: Sequence[Values]) -> int:
    """Run a statement that writes, once for each of these; returns how many rows it wrote."""
    return changes(connection, [(statement, values)])[0]


def changes(connection: Connection, batches: Iterable[Batch]) -> list[int]:
    """Run statements, each once for each of its values; how many rows each wrote, or found.

    A server is sent all of them before it is asked what came of the first.
    """
    with _together(connection):
        begun = [_begun(connection, statement, values) for statement, values in batches]
    return [sum(map(_count, cursors)) for cursors in begun]


def _count(cursor: Any) -> int:
    return len(cursor.fetchall()) if cursor.description else int(cursor.rowcount)


def _begun(connection: Connection, statement: Executable, values: Sequence[Values]) -> list[Any]:
    """The cursors that run it."""
    dialect, names = connection.dialect, tuple(values[0])
    if len(values) == 1:
        made = _made(statement, names, dialect)
        return [run(connection, made.text, made.parameters(values[0]))]
    if dialect.name == "sqlite" or not isinstance(statement, Insert) or not _differ(statement, values):
        made = _made(statement, names, dialect)
        return [run(connection, made.text, [made.parameters(one) for one in values], many=True)]
    return [_begun_at_once(connection, statement, names, piece) for piece in _pieces(values)]


def _begun_at_once(connection: Connection, statement: Insert, names: tuple[str, ...], piece: Sequence[Values]) -> Any:
    """Rows in one statement: a server takes as long for each of it as for several rows."""
    made = _made(_of_rows(statement, names, len(piece)), (), connection.dialect)
    given = {f"_{place}_{name}": value for place, one in enumerate(piece) for name, value in one.items()}
    return run(connection, made.text, made.parameters(given))


@cache
def _of_rows(statement: Insert, names: tuple[str, ...], size: int) -> Insert:
    """An insert of so many rows, whose parameters are named `_0_name` and so on."""
    columns = statement.table.c
    return statement.values(
        [{name: bindparam(f"_{place}_{name}", type_=columns[name].type) for name in names} for place in range(size)]
    )


def _differ(statement: Insert, values: Sequence[Values]) -> bool:
    """Whether no two rows have the same key: one statement may not write a row twice."""
    keys = [column.name for column in statement.table.primary_key if column.name in values[0]]
    return not keys or len({tuple(one[key] for key in keys) for one in values}) == len(values)


def _pieces(values: Sequence[Values]) -> Iterator[Sequence[Values]]:
    """In powers of two, as few sizes make few statements."""
    start = 0
    while left := len(values) - start:
        size = min(MOST_ROWS, 1 << (left.bit_length() - 1))
        yield values[start : start + size]
        start += size


def _together(connection: Connection) -> AbstractContextManager[object]:
    if connection.dialect.name == "sqlite":
        return _AT_ONCE
    return _Pipeline(connection)


class _Pipeline:
    """Until it is left, the server's answers are not waited for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pipeline = cast(Any, connection.connection.driver_connection).pipeline()

    def __enter__(self) -> None:
        self._pipeline.__enter__()

    def __exit__(self, *error: Any) -> None:
        try:
            self._pipeline.__exit__(*error)
        except _failures(self._connection) as found:
            raise _translated(self._connection, found, "(several statements)", ()) from found


class _Made:
    """A statement as text of its dialect. Drivers know every type but two: see `_into` and `_flags`."""

    def __init__(self, statement: Executable, names: Sequence[str], dialect: Dialect, reads: bool) -> None:
        compiled = cast(Any, statement).compile(dialect=dialect, column_keys=None if reads else names)
        self.text = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if name not in names}
        self._into = _processors(compiled.binds, dialect)
        self._in_order = _in_order(compiled.positiontup)  # None: parameters are named
        found = getattr(statement, "exported_columns", ()) if dialect.name == "sqlite" else ()
        self._flags = [column.name for column in found if isinstance(column.type, Boolean)]
        self._columns: Sequence[str] = ()

    def parameters(self, values: Values) -> Any:
        """What the driver is given."""
        if self._fixed or self._into:
            given = {**self._fixed, **values}
            for name, convert in self._into:
                given[name] = convert(given[name])
            values = given
        return values if self._in_order is None else self._in_order(values)

    def found(self, cursor: Any) -> list[dict[str, Any]]:
        """Rows with their flags as such: a file has only numbers."""
        columns = self._columns = self._columns or [column[0] for column in cursor.description]
        found = [dict(zip(columns, one, strict=True)) for one in cursor.fetchall()]
        for name in self._flags:
            for one in found:
                one[name] = None if one[name] is None else bool(one[name])
        return found


# Every statement that is run here lives as long as the process, and compiling it costs as much as running it ten times.
_MADE: dict[tuple[Executable, tuple[str, ...], str], _Made] = {}


def _made(statement: Executable, names: tuple[str, ...], dialect: Dialect, reads: bool = False) -> _Made:
    known = _MADE.get((statement, names, dialect.name))
    if known is None:
        known = _MADE[statement, names, dialect.name] = _Made(statement, names, dialect, reads)
    return known


def _in_order(names: Sequence[str] | None) -> Callable[[Values], Sequence[Any]] | None:
    """Values by name as those of a statement whose parameters have only places."""
    if names is None:
        return None
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]


def _processors(binds: Mapping[str, Any], dialect: Dialect) -> list[tuple[str, Callable[[Any], Any]]]:
    """What PostgreSQL does not take as it is: texts with NUL."""
    texts = ((name, bind.type) for name, bind in binds.items() if isinstance(bind.type, Text))
    found = ((name, kind.dialect_impl(dialect).bind_processor(dialect)) for name, kind in texts)
    return [(name, processor) for name, processor in found if processor is not None and not name.startswith("%")]


def run(connection: Connection, text: str, parameters: Any = (), many: bool = False) -> Any:
    """A cursor that has run it. Raises what SQLAlchemy raises, and like it gives up a connection that was lost."""
    cursor = connection.connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(text, parameters)
    except _failures(connection) as error:
        raise _translated(connection, error, text, parameters) from error
    return cursor


def begin(connection: Connection) -> None:
    """Begin a transaction that writes, to be ended by `end`. PostgreSQL's driver does it with the first statement."""
    if connection.dialect.name == "sqlite":
        run(connection, "BEGIN IMMEDIATE")


def end(connection: Connection, keep: bool) -> None:
    """Commit what was written since `begin`, or take it back."""
    how = "commit" if keep else "rollback"
    if connection.in_transaction():  # SQLAlchemy counts it as its own where it ran a statement in it
        getattr(connection, how)()
        return
    try:
        getattr(connection.connection, how)()
    except _failures(connection) as error:
        raise _translated(connection, error, how.upper(), ()) from error


def _failures(connection: Connection) -> type[Exception]:
    return cast(type[Exception], cast(Any, connection.dialect).loaded_dbapi.Error)


def _translated(connection: Connection, error: Exception, text: str, parameters: Any) -> Exception:
    dialect = connection.dialect
    if dialect.is_disconnect(cast(Any, error), cast(Any, connection.connection.driver_connection), None):
        connection.invalidate(error)
    return cast(Exception, DBAPIError.instance(text, parameters, error, _failures(connection), dialect=dialect))
