"""Random histories on every core: whether the laws hold, what was covered, how fast it went.

Each history that breaks a law is told at once, made small. Ends with 1 if one does, with 130 if it was interrupted;
the summary is that of what was played by then.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed

from tests.histories.coverage import counted
from tests.histories.github.family import GITHUB
from tests.histories.playing import CORE
from tests.histories.tally import Tally, played, told, told_of
from tests.memory import write_into_memory

FAMILIES = {family.name: family for family in (CORE, GITHUB)}
CHUNK = 25  # histories that a process plays at once
ENOUGH = 5  # broken histories, then no more are played
TELL = 60.0  # s between lines of progress


def main() -> int:
    parser = argparse.ArgumentParser(prog="make histories", description=__doc__)
    parser.add_argument("number", type=int, nargs="?", default=1000, help="how many histories")
    parser.add_argument("seed", type=int, nargs="?", default=1, help="of the first one; the next has the next")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="one per core where it is not given")
    parser.add_argument("--family", choices=FAMILIES, default="core", help="github: GitHub is met as well")
    parser.add_argument("--pairs", action="store_true", help="tell how often each pair was met")
    options = parser.parse_args()
    if options.number < 1 or options.processes < 1:
        parser.error("it needs at least one history and one process")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends it has the summary as well
    write_into_memory()
    seeds, begin, tally = range(options.seed, options.seed + options.number), time.monotonic(), Tally()
    chunks = _chunks(seeds, options.processes)
    interrupted = _play_all(chunks, options.family, options.processes, tally, begin, len(seeds))
    print(f"seeds {seeds[0]} to {seeds[-1]}" + (", interrupted" if interrupted else "") + ":")
    print("\n".join(told(tally, time.monotonic() - begin, options.pairs)))
    return 130 if interrupted else 1 if tally.broken else 0


def _chunks(seeds: range, processes: int) -> Sequence[range]:
    size = max(1, min(CHUNK, len(seeds) // processes))
    return [seeds[start : start + size] for start in range(0, len(seeds), size)]


def _play_all(chunks: Sequence[range], family: str, processes: int, tally: Tally, begin: float, number: int) -> bool:
    """Returns whether it was interrupted; what was played by then is counted."""
    pool = ProcessPoolExecutor(processes, initializer=_prepare)
    waiting = {pool.submit(_chunk, chunk, family) for chunk in chunks}
    interrupted, told_at = False, begin
    try:
        for future in as_completed(set(waiting)):
            waiting.remove(future)
            _add(tally, future)
            if len(tally.broken) >= ENOUGH:
                break
            if time.monotonic() - told_at > TELL:
                told_at = time.monotonic()
                print(_progress(tally, told_at - begin, number), file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        interrupted = True
    pool.shutdown(wait=True, cancel_futures=True)  # of a pool that is not waited for nothing is cancelled
    for future in (one for one in waiting if not one.cancelled()):
        _add(tally, future)
    return interrupted


def _add(tally: Tally, future: Future[Tally]) -> None:
    one = future.result()
    tally.add(one)
    for broken in one.broken:
        print("\n".join(told_of(broken)), flush=True)


def _progress(tally: Tally, seconds: float, number: int) -> str:
    left = (number - tally.histories) * seconds / tally.histories
    word = f"{len(tally.broken)} break a law" if tally.broken else "every law holds"
    return f"{tally.histories:,} of {number:,} histories, {word}; {left / 60:.0f} min to go"


def _prepare() -> None:
    for signum in (signal.SIGINT, signal.SIGTERM):  # a terminal or `timeout` sends them to each of a group
        signal.signal(signum, signal.SIG_IGN)  # the summary is the first process's business, and it is what ends us
    logging.disable(logging.CRITICAL)  # thousands of faults are met on purpose
    gc.set_threshold(20_000, 20, 50)  # a history makes many objects and few circles


def _chunk(seeds: range, family: str) -> Tally:
    with counted() as pairs:
        tally = played(seeds, FAMILIES[family])
    tally.pairs = pairs
    return tally


if __name__ == "__main__":
    sys.exit(main())
