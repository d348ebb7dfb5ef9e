"""Repositories that are served: whether each can be read and written, its default branch, its mirror."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from pathlib import Path

from console.doctor.model import Examined, fine, problem, warning
from reconciler.adapters.git_condition import RepositoryCondition, mirror_fault, repository_condition


def examine_repositories(data_dir: Path, paths: Mapping[str, str]) -> Iterator[Examined]:
    """Each repository by its name and path."""
    if not paths:
        yield warning("repository", "No repository is served.", do="Name one: `headgate serve --repository PATH`.")
    for name, path in sorted(paths.items()):
        yield judge_repository(name, path, repository_condition(data_dir, name, path), os.geteuid())
        place, fault = mirror_fault(data_dir, name)
        if fault:
            do = f"Move {place} away while no service runs: the next look makes a new one from {path}."
            yield problem("mirror", f"The mirror of {name} is damaged: {fault}", str(place), do)


def judge_repository(name: str, path: str, found: RepositoryCondition, user: int) -> Examined:
    """What a repository's condition means for a service that runs as `user`. Pure."""
    if found.fault:
        return problem("repository", found.fault, path, "Nothing of it is started or removed until then.")
    if not found.writable:
        do = f"Give the user of the service the right to write there: it belongs to {_user(found.owner)}."
        return problem("repository", f"{name} cannot be written, so its commits get no checks.", path, do)
    if found.owner != user:
        what = f"{name} belongs to {_user(found.owner)}, who cannot write beside what {_user(user)} has written there."
        do = "Start the service as that user, or set core.sharedRepository to group there."
        return warning("repository", what, path, do)
    if not found.head:
        return warning("repository", f"{name} has no commit.", path, "Push to it.")
    return fine("repository", f"{name}: {found.default_branch} is at {found.head[:10]}.", path)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
