"""Checks as Git notes: `refs/notes/checks` holds one document per commit, a line of JSON for each of its checks.

Plain `git notes` loses the note of whoever writes at the same time; here the ref only ever moves from the commit that
was read to one that builds on it. `git notes --ref=checks show SHA` prints a commit's checks.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.adapters.git_blobs import named_objects
from reconciler.adapters.git_commands import Children, Git, GitFailed, checked_sha, located, sorted_failures
from reconciler.adapters.git_refs import CHECKS
from reconciler.adapters.system_clock import SystemClock
from reconciler.checks.model import Annotation, Check, Conclusion
from reconciler.errors import LeaseLost, Stalled, Waiting
from reconciler.ports import CheckTerms, Clock
from reconciler.records import Lease

_TRIES = 30
_PAUSE = 0.02  # seconds, at most so long for each try that was lost
_DEPTHS = (1, 0, 2, 3)  # of the folders that git keeps notes in, the usual one first
_ORDER = ("name", "status", "conclusion", "title", "summary", "text", "annotations", "details_url", "started_at")
_TIMES = ("started_at", "completed_at")
_TERMS = CheckTerms(op_budget=200, lasting=True)


class NotesChecks:
    """CommitChecks in the repository itself: works with any Git server, and offline. Thread-safe.

    `locate` gives the path of a repository by its name; `children` knows the processes of git that it has running.
    """

    def __init__(
        self,
        locate: Callable[[str], str],
        clock: Clock | None = None,
        children: Children | None = None,
    ) -> None:
        self._locate = locate
        self._children = children or Children()
        self._clock = clock or SystemClock()

    def terms(self, repository: str) -> CheckTerms:
        """Notes cost little, and nobody writes another's."""
        return _TERMS

    def post(
        self, repository: str, sha: str, checks: Sequence[Check], lease: Lease, posted: Collection[str] = ()
    ) -> None:
        """Make the commit's document say these checks; one that says so already is left alone.

        Raises Stalled for a commit that the repository does not have, Waiting, LeaseLost.
        """
        git = self._git(repository)
        document = rendered(checks)
        with sorted_failures(repository):
            for attempt in range(_TRIES):
                if self._swapped(git, checked_sha(sha), document, lease):
                    return
                time.sleep(random.uniform(0, _PAUSE * (attempt + 1)))  # noqa: S311  # only spreads writers
        raise Waiting("NotesBusy", f"Others write checks to {repository} all the time.", timedelta(seconds=2))

    def read(self, repository: str, sha: str) -> list[Check]:
        """The checks of a commit as they were posted; none if there are none."""
        git = self._git(repository)
        with sorted_failures(repository):
            _, _, document = _look(git, checked_sha(sha))
        return [_check(json.loads(line)) for line in (document or b"").splitlines() if line]

    def _git(self, repository: str) -> Git:
        return Git(located(repository, self._locate(repository)), children=self._children)

    def _swapped(self, git: Git, sha: str, document: bytes, lease: Lease) -> bool:
        """Whether the document is in place; False if somebody else moved the ref meanwhile."""
        known, tip, current = _look(git, sha)
        if not known:
            raise Stalled("CommitMissing", f"Commit {sha[:10]} is not in the repository; nothing can be said on it.")
        if current == document:
            return True
        if self._clock.monotonic() >= lease.deadline:
            raise LeaseLost
        try:
            git.run("fast-import", "--quiet", "--date-format=raw", stdin=_commit(tip, sha, document))
        except GitFailed as failure:
            if _look(git, sha)[1] == tip and not _is_race(failure):
                raise
            return False
        return True


def rendered(checks: Sequence[Check]) -> bytes:
    """The document: the gate, then flows by name, then their ops in the given order; nothing that says nothing."""
    lines = (json.dumps(_plain(check), ensure_ascii=False) for check in sorted(checks, key=_rank))
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def _rank(check: Check) -> tuple[int, str]:
    parts = check.name.split("/")
    return check.depth, "/".join(parts[:2])


def _plain(check: Check) -> dict[str, Any]:
    values = {field.name: getattr(check, field.name) for field in fields(check)}
    del values["actions"]  # a note has no buttons
    for name in _TIMES:
        if values[name] is not None:
            values[name] = datetime.fromtimestamp(values[name], UTC).isoformat()
    values["annotations"] = [_without_nothing(annotation) for annotation in check.annotations]
    names = [*_ORDER, *(name for name in values if name not in _ORDER)]
    return {name: values[name] for name in names if values[name] not in (None, "", [])}


def _without_nothing(annotation: Annotation) -> dict[str, Any]:
    values = {field.name: getattr(annotation, field.name) for field in fields(annotation)}
    return {name: value for name, value in values.items() if value is not None}


def _check(plain: dict[str, Any]) -> Check:
    known = {"title": "", "summary": ""} | {
        field.name: plain[field.name] for field in fields(Check) if field.name in plain
    }
    for name in _TIMES:
        if name in known:
            known[name] = datetime.fromisoformat(known[name]).timestamp()
    if "conclusion" in known:
        known["conclusion"] = Conclusion(known["conclusion"])
    known["annotations"] = tuple(Annotation(**one) for one in known.get("annotations", ()))
    return Check(**known)


def _look(git: Git, sha: str) -> tuple[bool, str | None, bytes | None]:
    """Whether the commit is there, what the ref points at, and the commit's document."""
    found = named_objects(
        git, [f"{sha}^{{commit}}", f"{CHECKS}^{{commit}}", *(_place(sha, depth) for depth in _DEPTHS)]
    )
    commit, tip, *documents = found
    document = next((one[1] for one in documents if one is not None), None)
    return commit is not None, tip and tip[0], document


def _place(sha: str, depth: int) -> str:
    folders = [sha[2 * level : 2 * level + 2] for level in range(depth)]
    return f"{CHECKS}:{'/'.join([*folders, sha[2 * depth :]])}"


def _commit(tip: str | None, sha: str, document: bytes) -> bytes:
    """A commit for git-fast-import(1), which moves the ref only if it still points at `tip`."""
    head = [
        f"commit {CHECKS}",
        f"committer Headgate <headgate@localhost> {int(time.time())} +0000",
        _data(f"Checks of {sha}\n".encode()),
        *([f"from {tip}"] if tip else []),
        f"N inline {sha}",
    ]
    return "\n".join(head).encode() + b"\n" + _data(document).encode() + b"\ndone\n"


def _data(content: bytes) -> str:
    return f"data {len(content)}\n{content.decode('utf-8')}"


def _is_race(failure: GitFailed) -> bool:
    return any(words in failure.message for words in ("Not updating", "cannot lock ref", "Unable to create", ".lock'"))
