"""The command line with one instruction replaced by `kill -9`, or by a pause: dying_service.py MOMENT serve …

Moments: `intent` (committed, not performed), `spawned` (performed, not committed), `outcome` (an op has ended, nobody
was told), `report` (a check is due and not posted). Those that pause (SIGSTOP) do so once, and go on with what they
were about to do: `pause-intent`, `pause-commit` (a step of a run has been decided, and is not committed),
`pause-report`.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from console.cli import main
from reconciler.adapters.notes_checks import NotesChecks
from reconciler.adapters.process_executor import ProcessExecutor
from reconciler.adapters.sql_store import SqlStore
from reconciler.engine.model import FINAL, Observed


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def pause_before(owner: Any, name: str, is_due: Callable[..., bool] = lambda *_: True) -> None:
    """Stop this process once before a call."""
    act, paused = getattr(owner, name), []

    def pausing(*given: Any, **named: Any) -> Any:
        if not paused and is_due(*given):
            paused.append(True)
            os.kill(os.getpid(), signal.SIGSTOP)
        return act(*given, **named)

    setattr(owner, name, pausing)


def arm(moment: str) -> None:
    start, observe, post = ProcessExecutor.start, SqlStore.observe, NotesChecks.post
    match moment:
        case "intent":
            ProcessExecutor.start = die  # type: ignore[assignment,method-assign]
        case "spawned":
            ProcessExecutor.start = lambda *given: (start(*given), die())  # type: ignore[method-assign]
        case "outcome":

            def dying_observe(store: SqlStore, seen: Any) -> None:
                if any(isinstance(one, Observed) and one.status in FINAL for one in seen):
                    die()
                observe(store, seen)

            SqlStore.observe = dying_observe  # type: ignore[method-assign]
        case "report":

            def dying_post(checks: NotesChecks, repository: str, sha: str, wanted: Any, *rest: Any) -> Any:
                if any(check.status == "completed" and "/" in check.name for check in wanted):
                    die()
                return post(checks, repository, sha, wanted, *rest)

            NotesChecks.post = dying_post  # type: ignore[method-assign]
        case "pause-intent":
            pause_before(ProcessExecutor, "start")
        case "pause-commit":
            pause_before(SqlStore, "commit", lambda _store, _lease, changes: bool(changes.attempts))
        case "pause-report":
            pause_before(
                NotesChecks,
                "post",
                # The flow's own verdict: while its run goes on, nobody else can bring it to its end.
                lambda _checks, _name, _sha, wanted, *_: any(
                    check.status == "completed" and check.name.count("/") == 1 for check in wanted
                ),
            )
        case _:
            raise SystemExit(f"There is no moment {moment!r}.")


if __name__ == "__main__":
    arm(sys.argv[1])
    main(sys.argv[2:])
