"""Making ready to start an attempt: its directory, its code, its command. Claims and spawns nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from reconciler.adapters.process_connections import Connection
from reconciler.adapters.process_environment import (
    Callback,
    argv_of,
    check_directory,
    environment,
    executable,
    working_directory,
)
from reconciler.adapters.process_init_plan import init_plan
from reconciler.adapters.process_link import Command
from reconciler.adapters.process_records import Folder, make_folders
from reconciler.engine.model import AttemptSpec
from reconciler.plan.encoding import digest


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every op of this place is given the same way."""

    connections: Mapping[str, Connection]
    checkout: Callable[[str, str], str]
    token_for: Callable[[str], str]
    api_address: Callable[[], str] | str

    def environment(self, spec: AttemptSpec, folder: Folder) -> dict[str, str]:
        """The op's environment. Raises ConfigError."""
        address = self.api_address if isinstance(self.api_address, str) else self.api_address()
        return environment(spec, folder, Callback(address, self.token_for(spec.attempt)), self.connections)

    def prepare(self, spec: AttemptSpec, folder: Folder) -> Command:
        """Make the attempt's directory and say what to execute; once more changes nothing.

        Raises ConfigError, Waiting, Stalled, OSError.
        """
        code = self._code(spec)
        make_folders(folder, work=code is None or bool(spec.init))
        if code is not None:
            link(code, folder)
        argv = argv_of(spec)
        env = self.environment(spec, folder)
        cwd = working_directory(spec, folder, code)
        plan = init_plan(spec, folder, env, self.connections)
        if not plan:
            check_directory(cwd, spec)
        return Command(executable(argv, env, cwd, later=bool(plan)), env, cwd, plan)

    def _code(self, spec: AttemptSpec) -> str | None:
        given = spec.labels.get("code_dir")
        if given:
            return given
        return self.checkout(spec.repository, spec.commit) if spec.commit and spec.repository else None


def link(code: str, folder: Folder) -> None:
    """Make the attempt's `code` a link to that directory.

    It is another name of the one link that all attempts share, as one of its own would cost as much as a file.
    """
    shared = f"{folder.data_dir}/links/{_name_of(code)}"
    with suppress(FileExistsError):
        try:
            os.link(shared, folder.code, follow_symlinks=False)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(shared), exist_ok=True)
            os.symlink(code, folder.code)
            os.link(folder.code, shared, follow_symlinks=False)
        except OSError:  # it has as many names as it may have, or the file system knows only one for each file
            os.symlink(code, folder.code)


@lru_cache(maxsize=64)
def _name_of(code: str) -> str:
    return digest(code)[:16]
