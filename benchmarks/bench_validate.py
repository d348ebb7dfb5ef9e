"""What every static check of a flow file costs, against Polyaxon's check of it and against its bare YAML events.

All of it in process and in processor time: ours is what `headgate validate` does with a file that it sees for the
first time, from its bytes to the findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import yaml

from benchmarks.dags import written
from benchmarks.peer import checked_in_process
from benchmarks.rows import Row, cpu_milliseconds
from console.judging import chosen, judge

SIZES = (10, 100, 1_000, 10_000)
FORMS = ("inline", "shared")
# What does not grow with the file (finding its repository, its settings) weighs more in a small one.
TO_PEER = {10: 1 / 10, 100: 1 / 20, 1_000: 1 / 20, 10_000: 1 / 20}
TO_YAML = {10: 8, 100: 4, 1_000: 3, 10_000: 3}
GROWTH = 12  # for ten times as many ops


def _ours(form: str, ops: int) -> Callable[[], float]:
    return cpu_milliseconds(partial(_judge, form, ops))


def _judge(form: str, ops: int) -> None:
    file = written(form, ops)
    found = judge(chosen([str(file)], file.parent), bytes)
    assert not found.findings, found.findings[:3]


def _events(form: str, ops: int) -> Callable[[], float]:
    return cpu_milliseconds(lambda: _drain(written(form, ops)))


def _drain(file: Path) -> None:
    assert sum(1 for _ in yaml.parse(file.read_bytes(), Loader=yaml.CSafeLoader))


def _rows(form: str, ops: int) -> Iterator[Row]:
    often = 5 if ops < 10_000 else 2
    yield Row(
        name=f"validate/{form}-{ops}-ops-to-polyaxon",
        unit="ms CPU",
        ours=_ours(form, ops),
        reference=checked_in_process(partial(written, form, ops)),
        bar=TO_PEER[ops],
        why="The reference is check_polyaxonfile() of Polyaxon 2.18.0 on the same file, in its own process and by its "
        "own clock, warmed up: judging while somebody types needs a twentieth of it.",
        rounds=often,
        reference_rounds=1 if ops == 10_000 else 2,
    )
    yield Row(
        name=f"validate/{form}-{ops}-ops-to-yaml",
        unit="ms CPU",
        ours=_ours(form, ops),
        reference=_events(form, ops),
        bar=TO_YAML[ops],
        why="The reference is libyaml's events of the same bytes, read from Python and thrown away: the least that any "
        "reader in Python can do. Places, types, references, params, edges and templates may cost twice as much again.",
        rounds=often,
    )


def _growth(form: str) -> Row:
    small, large = SIZES[-2:]
    return Row(
        name=f"validate/{form}-{large}-ops-to-{small}",
        unit="ms CPU",
        ours=_ours(form, large),
        reference=_ours(form, small),
        bar=GROWTH,
        why="The reference is our own check of a tenth as many ops: a ratio above ten is work that is not linear.",
        rounds=3,
    )


ROWS = (
    *(row for form in FORMS for ops in SIZES for row in _rows(form, ops)),
    *map(_growth, FORMS),
)
