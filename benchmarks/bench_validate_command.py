"""What `headgate validate` costs as a whole command, its start included, against `polyaxon check` of the same file."""

from __future__ import annotations

from functools import partial
from tempfile import TemporaryDirectory

from benchmarks.dags import written
from benchmarks.peer import checked_as_command
from benchmarks.processes import Rounds, Spent, headgate, spent
from benchmarks.rows import Row

LARGE = 10_000


def _ours(form: str, ops: int) -> Spent:
    """The command as somebody's first one: nothing is known from an earlier run."""
    file = written(form, ops)
    with TemporaryDirectory() as empty:
        return spent(headgate("validate", file.name), {"XDG_CACHE_HOME": empty}, str(file.parent))


def _polyaxon(form: str, ops: int) -> Spent:
    return checked_as_command(written(form, ops))


_OURS = Rounds(partial(_ours, "job", 1))
_THEIRS = Rounds(partial(_polyaxon, "job", 1))
_WHY = "The reference is `polyaxon check -f` of Polyaxon 2.18.0 on the same file with one job. "


def _cold(part: str, unit: str, bar: float, why: str) -> Row:
    ours, theirs = _OURS.part(part), _THEIRS.part(part)
    return Row(f"validate/cold-one-job-{part}", unit, ours, bar, _WHY + why, theirs, 7, 3, limit=True)


ROWS = (
    _cold("wall", "ms", 150, "A check that ends within 150 ms can run on every save and in every commit hook."),
    _cold("cpu", "ms", 150, "Time on the clock must not be bought with a second core."),
    _cold("peak", "MiB", 40, "40 MiB are room for an interpreter, the command line and the rules, and nothing else."),
    Row(
        name=f"validate/shared-{LARGE}-ops-memory",
        unit="MiB",
        ours=Rounds(partial(_ours, "shared", LARGE)).part("peak"),
        reference=Rounds(partial(_polyaxon, "shared", LARGE)).part("peak"),
        bar=1 / 3,
        why="The reference is `polyaxon check -f` of Polyaxon 2.18.0 on the same file: a component that 10,000 ops use "
        "is kept once.",
        rounds=1,
    ),
    Row(
        name=f"validate/inline-{LARGE}-ops-memory",
        unit="MiB",
        ours=Rounds(partial(_ours, "inline", LARGE)).part("peak"),
        bar=512,
        why="10 MiB of YAML, the largest file that is taken, is judged on the smallest runners that forges rent out.",
        rounds=1,
    ),
)
