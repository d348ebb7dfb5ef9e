"""What came of many histories, and how it is told to whoever let them be played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.histories.coverage import Pairs, possible
from tests.histories.playing import CORE, Family, Played, play, shrunk


@dataclass(frozen=True, slots=True)
class Broken:
    """A history that breaks a law, made small."""

    small: Played
    moves: int  # of the whole history


@dataclass
class Tally:
    """Counts over histories."""

    histories: int = 0
    steps: int = 0
    faults: Counter[str] = field(default_factory=Counter)  # what ports did
    outcomes: Counter[str] = field(default_factory=Counter)  # what steps came to, other than well
    pairs: Pairs = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count these as well."""
        self.histories += other.histories
        self.steps += other.steps
        self.faults.update(other.faults)
        self.outcomes.update(other.outcomes)
        self.pairs.update(other.pairs)
        self.broken += other.broken


def played(seeds: Iterable[int], family: Family = CORE) -> Tally:
    """Play the histories of these seeds; the pairs that were met are counted elsewhere."""
    tally = Tally()
    for seed in seeds:
        one = play(seed, family=family)
        tally.histories += 1
        tally.steps += one.steps
        tally.faults.update(one.faults)
        tally.outcomes.update(one.outcomes)
        if one.broken:
            tally.broken.append(Broken(shrunk(one), len(one.moves)))
    return tally


def told_of(broken: Broken) -> Iterator[str]:
    """Which law a history breaks, by which moves, and how to play it again."""
    small = broken.small
    yield f"seed {small.seed} breaks a law; {len(small.moves)} of its {broken.moves} moves are enough:"
    yield from (f"  {move}" for move in small.moves)
    yield from small.broken
    family = f" FAMILY={small.family.name}" if small.family.name != CORE.name else ""
    yield f"Play it again: make histories N=1 SEED={small.seed}{family}"


def told(tally: Tally, seconds: float, every_pair: bool = False) -> Iterator[str]:
    """The summary; with `every_pair` also how often each was met."""
    seeds = ", ".join(str(one.small.seed) for one in tally.broken)
    verdict = f"a law is broken by seed {seeds}" if seeds else "every law holds" if tally.histories else "nothing known"
    yield f"{tally.histories:,} histories, {tally.steps:,} steps: {verdict}"
    yield f"{seconds:.0f} s, {tally.histories / seconds:.1f} histories/s, {tally.steps / seconds:.0f} steps/s"
    yield from _by_port(tally.faults)
    yield f"steps came to: {_counts(tally.outcomes)}"
    missing = possible() - tally.pairs.keys()
    yield f"pairs of an op's status and a fact about it: {len(possible() - missing)} of {len(possible())} met"
    for fact in sorted({fact for _, fact in missing}):
        yield f"  never: {fact}, when {', '.join(sorted(status for status, one in missing if one == fact))}"
    for status, fact in sorted(tally.pairs) if every_pair else ():
        yield f"  {tally.pairs[status, fact]:<9,} {fact}, when {status}"


def _by_port(faults: Counter[str]) -> Iterator[str]:
    for port in sorted({name.partition(" ")[0] for name in faults}):
        of_port = {name.partition(" ")[2]: number for name, number in faults.items() if name.startswith(f"{port} ")}
        yield f"faults of {port}: {_counts(of_port)}"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in sorted(counts.items())) or "nothing"
