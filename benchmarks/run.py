"""Measures the rows of all `bench_*.py` beside this file: a table, build/bench.json, exit code 1 below a bar.

A module adds rows by a tuple `ROWS`; nothing else is registered anywhere.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path

from benchmarks.rows import Result, Row, measure
from reconciler.flows.collecting import collect_seldom

HEADINGS = ("name", "ours", "reference", "unit", "ratio", "bar", "holds")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure and compare with the bars.")
    parser.add_argument("pattern", nargs="?", default="*", help="rows to measure, for example 'validate/*'")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), help="where the numbers go")
    options = parser.parse_args(arguments)
    rows = [row for row in all_rows() if fnmatch(row.name, options.pattern)]
    if not rows:
        parser.error(f"no row is named {options.pattern}")
    collect_seldom()  # as every command does
    return report(measured(rows), options.json)


def all_rows() -> Iterator[Row]:
    for file in sorted(Path(__file__).parent.glob("bench_*.py")):
        yield from import_module(f"benchmarks.{file.stem}").ROWS


def measured(rows: Iterable[Row]) -> Iterator[Result]:
    for row in rows:
        print(f"measuring {row.name} …", file=sys.stderr)
        yield measure(row)


def report(results: Iterable[Result], file: Path) -> int:
    """Print the table, write the numbers, and say by the exit code whether every bar that was measured holds."""
    kept = list(results)
    print(table(kept))
    for result in kept:
        if result.missing:
            print(f"\n{result.name} was not measured against its reference: {result.missing}")
        if result.holds is False:
            print(f"\n{result.name} does not hold its bar: {result.why}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(list(map(entry, kept)), indent=2) + "\n", "utf-8")
    return 1 if any(result.holds is False for result in kept) else 0


def table(results: Sequence[Result]) -> str:
    lines = [HEADINGS, *map(cells, results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def cells(result: Result) -> tuple[str, ...]:
    reference, ratio = number(result.reference), number(result.ratio)
    bar = f"{number(result.bar)}{f' {result.unit}' if result.limit else ''}"
    holds = {True: "yes", False: "NO", None: "not measured"}[result.holds]
    return result.name, number(result.ours), reference, result.unit, ratio, bar, holds


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def entry(result: Result) -> dict[str, object]:
    """One element of build/bench.json; `holds` is null for what was not measured."""
    return {name: getattr(result, name) for name in ("name", "ours", "reference", "unit", "ratio", "bar", "holds")}


if __name__ == "__main__":
    sys.exit(main())
