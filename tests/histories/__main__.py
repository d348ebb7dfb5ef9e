"""`make histories N=1000 SEED=1`: random histories on every core; the laws, what was covered, how fast it went.

Ends with 1 at the first history that breaks a law, after it was made small: its seed and moves repeat it.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.histories.coverage import Pairs, counted, possible
from tests.histories.playing import Played, play, shrunk


def main() -> int:
    parser = argparse.ArgumentParser(prog="make histories", description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=1000, help="how many histories")
    parser.add_argument("seed", type=int, nargs="?", default=1, help="of the first one; the next has the next")
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.number)
    begin, steps, faults, pairs = time.monotonic(), 0, Counter[str](), Counter[tuple[str, str]]()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for number, (played, covered) in enumerate(pool.map(_one, seeds, chunksize=4), 1):
            if played.broken:
                pool.shutdown(cancel_futures=True)
                return _tell(played)
            steps += played.steps
            faults.update(played.faults)
            pairs.update(covered)
            if number % 500 == 0:
                print(f"{number} histories, none breaks a law", file=sys.stderr, flush=True)
    took = time.monotonic() - begin
    print(f"{len(seeds)} histories from seed {options.seed}: every law holds")
    print(f"{took:.0f} s, {len(seeds) / took:.1f} histories/s, {steps / took:.0f} steps/s")
    print("faults met: " + ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(faults.items())))
    print(f"{len(pairs)} pairs of (status of an op, fact about it):")
    for (status, fact), count in sorted(pairs.items()):
        print(f"  {status:16} {fact:24} {count}")
    missing = sorted(possible() - pairs.keys())
    print(f"never met, of {len(possible())} that can be: {len(missing)}")
    for status, fact in missing:
        print(f"  {status:16} {fact}")
    return 0


def _one(seed: int) -> tuple[Played, Pairs]:
    logging.disable(logging.CRITICAL)  # thousands of faults are met on purpose
    with counted() as pairs:
        return play(seed), pairs


def _tell(played: Played) -> int:
    small = shrunk(played)
    print(f"seed {played.seed} breaks a law; {len(small.moves)} of its {len(played.moves)} moves are enough:")
    for move in small.moves:
        print(f"  {move}")
    print("\n".join(small.broken))
    return 1


if __name__ == "__main__":
    sys.exit(main())
