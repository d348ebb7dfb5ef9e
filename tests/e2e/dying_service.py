"""The command line with one instruction replaced by `kill -9`: dying_service.py MOMENT serve …

Moments: `intent` (committed, not performed), `spawned` (performed, not committed), `outcome` (an op has ended, nobody
was told), `report` (a check is due and not posted).
"""

import os
import signal
import sys
from typing import Any

from console.cli import main
from reconciler.adapters.notes_checks import NotesChecks
from reconciler.adapters.process_executor import ProcessExecutor
from reconciler.adapters.sql_store import SqlStore
from reconciler.engine.model import FINAL, Observed


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


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

            def dying_post(checks: NotesChecks, repository: str, sha: str, posted: Any, lease: Any) -> Any:
                if any(check.status == "completed" and "/" in check.name for check in posted):
                    die()
                return post(checks, repository, sha, posted, lease)

            NotesChecks.post = dying_post  # type: ignore[method-assign]
        case _:
            raise SystemExit(f"There is no moment {moment!r}.")


if __name__ == "__main__":
    arm(sys.argv[1])
    main(sys.argv[2:])
