"""Which runs use results of which: what keeps the older ones."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.records import CacheRow, UseRow


def uses_of_results(run: str, hits: Iterable[CacheRow], now: float) -> tuple[UseRow, ...]:
    """A row for each run whose cached results a run has found, with these results."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for hit in hits:
        found.setdefault(hit.run, {})[hit.key, hit.attempt] = None
    return tuple(UseRow(used, run, now, tuple(cached)) for used, cached in found.items())
