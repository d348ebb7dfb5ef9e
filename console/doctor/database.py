"""The database: whether it can be read, is whole, and has the schema of this release. Who holds it."""

from __future__ import annotations

from collections.abc import Iterator

from console.doctor.model import Examined, fine, problem, warning
from console.presence import APART
from reconciler.adapters.sql.condition import NEWEST, NO_FILE, Condition
from reconciler.adapters.sql.copying import file_of
from reconciler.adapters.sql.engines import BAD_ADDRESS
from reconciler.adapters.sql.holding import holder_of
from reconciler.checks.words import duration, plain
from reconciler.errors import ReconcileError, Waiting

_LARGE_LOG = 256 << 20  # bytes: a reader that never ends keeps it from being emptied
_HELD = 2.0  # seconds that no commit of ours takes
_NAMED = 3  # tables


_REFUSALS = {  # of a server that answers in English; others are told in its own words
    "authentication failed": "Give the service the right user and password (`HEADGATE_DATABASE`, or a `.pgpass` file).",
    "no password supplied": "Give the service its password (`HEADGATE_DATABASE`, or a `.pgpass` file).",
    "no pg_hba.conf entry": "Let the server's `pg_hba.conf` admit this machine and user.",
    "does not exist": "Create it (`createdb`, `createuser`), or mend the address in `HEADGATE_DATABASE`.",
}
_GRANT = (
    "Let the user of the service own the tables, or `GRANT ALL` on all tables and sequences of the schema to it; "
    "the service then goes on by itself."
)
_WRITE = (
    "Take that back (`ALTER ROLE … RESET default_transaction_read_only`, or the same with `ALTER DATABASE` or "
    "`ALTER SYSTEM`); the service then goes on by itself."
)


def examine_holder(store: str) -> Iterator[Examined]:
    """Whether another program lets nobody else write; to be asked before the database is read."""
    file = file_of(store)
    holder = holder_of(file, _HELD) if file is not None else None
    if holder is not None:
        who = f"Process {holder.process} ({plain(holder.program)})" if holder.process else "Another program"
        what = f"{who} writes to it and has let nobody else for {duration(_HELD)}: it is locked."
        do = "Unless it is the service in a large clean-up, end that program; the service then goes on by itself."
        yield problem("database-held", what, str(file), do)


def judge_database(found: Condition, where: str, now: float) -> Iterator[Examined]:
    """What its condition means."""
    yield from _structure(found, where)
    if not found.faults:
        yield _schema(found, where)
    yield from _clocks(found, where, now)


def out_of_reach(error: ReconcileError, where: str) -> Examined:
    """It could not be read."""
    at_connecting = "connection failed" in error.message
    refused = next((do for words, do in _REFUSALS.items() if at_connecting and words in error.message), "")
    if refused:
        do = refused
    elif "permission denied for" in error.message:
        do = _GRANT
    elif error.reason == BAD_ADDRESS:
        do = "Mend it where the service has it from: `HEADGATE_DATABASE`, or `database` in its configuration."
    elif error.reason == NO_FILE:
        do = "Stop the service, move that away, and restore a backup if there was a database."
    elif isinstance(error, Waiting):
        do = "Is its server up, its disk there, and does no other program hold it? Then ask again."
    else:
        do = "Restore it from a backup, or name another one. Nothing was changed."
    return problem("database", error.message, where, do)


def _structure(found: Condition, where: str) -> Iterator[Examined]:
    if found.faults:
        do = "Stop the service, keep a copy of the file, and restore a backup (or `sqlite3 FILE .recover`)."
        yield problem("database", f"It is damaged: {found.faults[0]}.", where, do)
        return
    if found.standby:
        do = "Name the primary: an address with all servers and `target_session_attrs=read-write` finds it by itself."
        yield problem("database", "It is a standby: nothing can be written to it.", where, do)
        return
    refused = _refused(found)
    if refused is not None:
        yield problem("database", refused[0], where, refused[1])
        return
    if not found.size:
        return  # what its schema says is all there is to say
    yield fine("database", f"It is whole ({_size(found.size)}).", where)
    if found.log_size > _LARGE_LOG:
        do = "A program that reads it all the time keeps it so: end that, or restart the service."
        yield warning("database-log", f"Its write-ahead log has {_size(found.log_size)}.", f"{where}-wal", do)


def _refused(found: Condition) -> tuple[str, str] | None:
    """What its user may not do, and what to do about it."""
    if found.rights.reads_only:
        return "It takes no writes from this user: `default_transaction_read_only` is on.", _WRITE
    names = found.rights.unwritable
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"Its user may not write all that is ours: {', '.join(names[:_NAMED])}{more}.", _GRANT
    return None


def _schema(found: Condition, where: str) -> Examined:
    if found.schema is None and not found.rights.makes_tables:
        do = "Let the user of the service own the database, or `GRANT CREATE` on its schema to it."
        return problem("database-schema", "It is empty, and its user may not make tables in it.", where, do)
    if found.schema is None:
        return warning("database-schema", "It is empty.", where, "The first `headgate serve` or `run` fills it.")
    if found.schema == NEWEST:
        return fine("database-schema", f"It has schema {found.schema}, as this release.")
    if found.usable:
        do = "Install that release here as well."
        what = f"It has schema {found.schema} of the next release; this one, which knows {NEWEST}, may work with it."
        return warning("database-schema", what, where, do)
    if found.schema > NEWEST:
        do = "Install the release that has used it last."
        return problem(
            "database-schema", f"It has schema {found.schema}; this release knows {NEWEST}.", where, do
        )  # fmt: skip
    do = f"The next `headgate serve` moves it to {NEWEST}; back it up before."
    return warning("database-schema", f"It has schema {found.schema} of an earlier release.", where, do)


def _clocks(found: Condition, where: str, now: float) -> Iterator[Examined]:
    apart = abs(found.now - now)
    if apart > APART:
        do = "Set both clocks, and let them be kept right (NTP): schedules go by this one, leases by the database's."
        yield problem("clock", f"The database's clock and this one are {duration(apart)} apart.", where, do)
    elif found.newest is not None and found.newest > now + APART:
        what = f"The newest event is {duration(found.newest - now)} ahead of this machine's clock."
        yield warning("clock", what, where, "Was the clock set back? Ticks that were served are not repeated.")


def _size(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"
