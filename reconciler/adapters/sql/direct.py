"""Statements that every step runs, on the driver's own cursor: each is compiled once, and rows are plain.

For a small statement SQLAlchemy's own execution costs five times as much as the statement itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Boolean, Connection, Dialect, Executable, Insert, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import Text

Result = TypeVar("Result")
Values = Mapping[str, Any]
Question = tuple[Executable, Values]
Batch = tuple[Executable, Sequence[Values]]
_NONE: Values = {}
MOST_ROWS = 32  # of one statement


class Sent(NamedTuple):
    """A statement as the driver is given it; `many`: once for each of several parameters."""

    text: str
    parameters: Any
    many: bool = False


_BEGIN = Sent("BEGIN IMMEDIATE", ())


def rows(connection: Connection, statement: Executable, values: Values = _NONE) -> list[dict[str, Any]]:
    """What a statement finds, by the names of its columns. `values` are those of its parameters."""
    made = _made(statement, tuple(values), connection.dialect, reads=True)
    return made.found(_run(connection, [made.sent(values)])[0])


def row(connection: Connection, statement: Executable, values: Values = _NONE) -> dict[str, Any] | None:
    """The first of them."""
    found = rows(connection, statement, values)
    return found[0] if found else None


def rows_of_all(
    connection: Connection, questions: Sequence[Question], written: Sequence[Batch] = ()
) -> list[list[dict[str, Any]]]:
    """What each of several statements finds once others have written. A server is sent all of them at once."""
    dialect = connection.dialect
    asked = [(_made(statement, tuple(values), dialect, reads=True), values) for statement, values in questions]
    texts = [made.sent(values) for made, values in asked]
    before = [text for statement, values in written for text in _texts(dialect, statement, values)]
    answers = _run(connection, [*before, *texts])[len(before) :]
    return [made.found(answer) for (made, _), answer in zip(asked, answers, strict=True)]


def change(connection: Connection, statement: Executable, values: Sequence[Values]) -> int:
    """Run a statement that writes, once for each of these; returns how many rows it wrote."""
    return changes(connection, [(statement, values)])[0]


def changes(connection: Connection, batches: Iterable[Batch]) -> list[int]:
    """Run statements, each once for each of its values; how many rows each wrote, or found.

    A server is sent all of them at once.
    """
    texts = [_texts(connection.dialect, statement, values) for statement, values in batches]
    answers = iter(_run(connection, [text for some in texts for text in some]))
    return [sum(map(_count, islice(answers, len(some)))) for some in texts]


def _count(cursor: Any) -> int:
    return len(cursor.fetchall()) if cursor.description else int(cursor.rowcount)


def _texts(dialect: Dialect, statement: Executable, values: Sequence[Values]) -> list[Sent]:
    """A statement for each of its rows, or for several of them at once."""
    names = tuple(values[0])
    if len(values) > 1 and dialect.name != "sqlite" and isinstance(statement, Insert) and _differ(statement, values):
        return [_at_once(dialect, statement, names, piece) for piece in _pieces(values)]
    made = _made(statement, names, dialect)
    if len(values) > 1 and dialect.name == "sqlite":
        return [Sent(made.text, [made.parameters(one) for one in values], many=True)]
    return [made.sent(one) for one in values]


def _at_once(dialect: Dialect, statement: Insert, names: tuple[str, ...], piece: Sequence[Values]) -> Sent:
    """Rows in one statement: a server takes as long for each of it as for several rows."""
    given = {f"_{place}_{name}": value for place, one in enumerate(piece) for name, value in one.items()}
    return _made(_of_rows(statement, names, len(piece)), (), dialect).sent(given)


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


class _Made:
    """A statement as text of its dialect. Drivers know every type but two: see `_into` and `_flags`."""

    def __init__(self, statement: Executable, names: Sequence[str], dialect: Dialect, reads: bool) -> None:
        on_file = dialect.name == "sqlite"
        numbered = dialect if on_file else cast(Any, type(dialect))(paramstyle="numeric_dollar")
        compiled = cast(Any, statement).compile(dialect=numbered, column_keys=None if reads else names)
        self.text = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if name not in names}
        self._into = _processors(compiled.binds, dialect)
        self._in_order = _in_order(compiled.positiontup)
        found = getattr(statement, "exported_columns", ()) if on_file else ()
        self._flags = [column.name for column in found if isinstance(column.type, Boolean)]
        self._columns: Sequence[str] = ()

    def sent(self, values: Values) -> Sent:
        """With these parameters."""
        return Sent(self.text, self.parameters(values))

    def parameters(self, values: Values) -> Sequence[Any]:
        """What the driver is given."""
        if self._fixed or self._into:
            given = {**self._fixed, **values}
            for name, convert in self._into:
                given[name] = convert(given[name])
            values = given
        return self._in_order(values)

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


def _in_order(names: Sequence[str]) -> Callable[[Values], Sequence[Any]]:
    """Values by name as those of a statement whose parameters have only places."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]


def _processors(binds: Mapping[str, Any], dialect: Dialect) -> list[tuple[str, Callable[[Any], Any]]]:
    """What PostgreSQL does not take as it is: texts with NUL."""
    texts = ((name, bind.type) for name, bind in binds.items() if isinstance(bind.type, Text))
    found = ((name, kind.dialect_impl(dialect).bind_processor(dialect)) for name, kind in texts)
    return [(name, processor) for name, processor in found if processor is not None and not name.startswith("%")]


def _run(connection: Connection, statements: Sequence[Sent]) -> Sequence[Any]:
    """Cursors that have run them. Raises what SQLAlchemy raises, and like it gives up a connection that was lost."""
    driver: Any = connection.connection.driver_connection
    try:
        if connection.dialect.name == "sqlite":
            return [
                (driver.executemany if many else driver.execute)(text, parameters)
                for text, parameters, many in statements
            ]
        return cast(Sequence[Any], driver.answers([one[:2] for one in statements])) if statements else ()
    except _failures(connection) as error:
        text = statements[0].text if len(statements) == 1 else "(several statements)"
        raise _translated(connection, error, text, ()) from error


def each_alone(work: Callable[[Connection], Result], connection: Connection) -> Result:
    """What `work` does with PostgreSQL by statements that are each a transaction, on a connection that else writes."""
    driver: Any = connection.connection.driver_connection
    driver.alone = True
    try:
        return work(connection)
    finally:
        driver.alone = False


def begin(connection: Connection) -> None:
    """Begin a transaction that writes, to be ended by `end`. With PostgreSQL the first statement does it."""
    if connection.dialect.name == "sqlite":
        _run(connection, [_BEGIN])


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
