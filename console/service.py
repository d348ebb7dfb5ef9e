"""The composition root: every part is made and joined here, once, by plain constructor calls."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from console.config import Config, ConfigError
from console.data_lock import lock
from console.github import GitHubParts, github_parts, may_act
from console.incoming import routes_of, secrets_of
from console.known_secrets import known_secrets
from console.lease_owners import is_gone, this_owner
from console.log_files import FileLogs
from console.lost_database import refuse_lost
from console.pages.application import Door, application
from console.pages.doors import Doors, OpenDoor
from console.pages.nearby import Nearness
from console.pages.sign_in import SignIn
from console.presence import Presence
from console.signing_in import Lacking, closed, sign_in_of
from reconciler.adapters.checks_by_source import ChecksBySource
from reconciler.adapters.git_commands import Children
from reconciler.adapters.git_mirrors import Origin
from reconciler.adapters.git_source import GitSource
from reconciler.adapters.github_names import is_github
from reconciler.adapters.github_source import NoOrigin
from reconciler.adapters.notes_checks import NotesChecks
from reconciler.adapters.process_executor import ProcessExecutor
from reconciler.adapters.process_files import ProcessFiles
from reconciler.adapters.sql_store import open_store
from reconciler.adapters.system_clock import SystemClock
from reconciler.keys import ForgeKey, Key, MissedKey, RepositoryKey, RetentionKey, RunKey, SweepKey
from reconciler.loop import Loop
from reconciler.ports import Clock, CommitChecks, World
from reconciler.records import OFFERED, RepositoryRow, RunRow, Wake
from reconciler.steps.advance_run import LOOK_AGAIN
from reconciler.steps.wiring import steps_of
from reconciler.store import WakeRow
from webhooks.callbacks import callback_routes
from webhooks.github_events import FORGE
from webhooks.health import health_routes
from webhooks.mailbox import Mailbox
from webhooks.server import AddressInUse, Server, listen
from webhooks.tokens import Tokens

log = logging.getLogger(__name__)

MACHINES = (
    "/webhooks/",
    "/v1/attempts/",
    "/healthz",
    "/readyz",
    "/metrics",
)  # paths that prove themselves, or tell nothing
APART = 0.02  # s between the looks at runs that are under way when the service starts


class Service:
    """One Headgate on one data directory: the loop, the executor and the HTTP server.

    Raises ServiceRuns if another one works there, ConfigError if its address cannot be listened on, Stalled for a
    database that was lost, and what `open_store` raises. `passing`: it ends with the command that needs it.
    `found`: runs that were under way already.
    """

    def __init__(self, config: Config, clock: Clock | None = None, workers: int = 4, passing: bool = False) -> None:
        self.config = config
        self.clock = clock or SystemClock()
        data = config.data_dir
        data.mkdir(parents=True, exist_ok=True)
        self._passing = passing
        self._lock = lock(data, passing)
        self.found: tuple[RunRow, ...] = ()
        self._listener = _listen(config)
        host, self._port = self._listener.getsockname()[:2]
        self.address = f"http://{host}:{self._port}"
        refuse_lost(config)
        self.store = open_store(config.store, self.clock)
        self._children = Children()
        self._near = Nearness(data / "hidden-visitors", config.github.api_url if config.github else "")
        self._mailbox = Mailbox(self.store)
        self.github = self._github()
        self.source = GitSource(data, self._path_of, self._children, self._origin_of)
        self.tokens = Tokens(data)
        self.executor = self._executor()
        self.checks = self._checks()
        self.logs = FileLogs(data)
        place = self.executor.place
        world = self._world()
        self.loop = Loop(
            self.store, steps_of(world), self.clock, this_owner(place), workers=workers, places=self._places
        )
        page = config.page_url or self.address
        self.presence = Presence(self.store, self.executor, data, page, config.place_lost_after, self.clock)
        self._server = Server(self._application(world), self._listener)

    def _github(self) -> GitHubParts | None:
        config = self.config.github
        if config is None:
            return None
        return github_parts(config, self.store, self.clock, self._path_of, self._mailbox, self._near.heard)

    def start(self) -> None:
        """Adopt what runs, look at everything once, and go on until `stop`."""
        for name, path in self.config.repositories.items():
            self.store.add_repository(RepositoryRow(name, str(path.resolve())))
        self._server.start()
        if self.config.database:
            self.presence.check_no_copy()
        self.store.expire_leases(partial(is_gone, self.executor.place))
        self.executor.resume()
        self._tell_of_unknown()
        self.presence.begin(shared=bool(self.config.database))
        self.found = tuple(self.store.runs(live=True, limit=100_000))
        known = [Wake(RepositoryKey(row.name)) for row in self.store.repositories()]
        known += [Wake(ForgeKey(FORGE)), Wake(MissedKey(FORGE))] if self.github is not None else []
        self.store.wake([*known, *under_way(self.store.pending(), self.clock.now()), *self._tidying()])
        self.source.watch.begin(self._look_at)
        self.loop.start()

    def stop(self, timeout: float = 3.0) -> None:
        """Finish the steps at hand and let go; ops go on and are adopted by the next start.

        Ends within ten seconds: a step that hangs is left to its lease, and is repeated.
        """
        parts = (self.source.watch.end, self.presence.end, partial(self._end_steps, timeout), self._server.stop)
        with ThreadPoolExecutor(len(parts)) as ending:  # where the database hangs, each of them waits its time
            for part in [ending.submit(part) for part in parts]:
                part.result()
        self.executor.close()
        self.store.close()
        self._lock.close()

    def _end_steps(self, timeout: float) -> None:
        if not self.loop.stop(timeout):
            self._children.end()
            self.loop.stop(timeout / 4)

    def _tell_of_unknown(self) -> None:
        """What runs here and has no row, as after a restore of an older database."""
        living = self.executor.living()
        unknown = set(living) - self.store.attempts_by_id(living).keys()
        if unknown:
            log.warning("Ops run here that the database does not know: %d. `headgate doctor` names them.", len(unknown))

    def _tidying(self) -> list[Wake]:
        """A lasting service looks at once, its settings may be new; one that is there for a run when it is due."""
        keys: list[Key] = [RetentionKey(), SweepKey(self.executor.place)]
        return [Wake(key) for key in keys if not self._passing or self.store.queued(key) is None]

    def _path_of(self, repository: str) -> str:
        """Where it is for this machine; another replica may reach it by another path."""
        if repository in self.config.repositories:
            return str(self.config.repositories[repository].resolve())
        row = self.store.repository(repository)
        return "" if row is None else row.source

    def _world(self) -> World:
        config, github = self.config, self.github
        return World(
            self.store,
            self.source,
            self.executor,
            self.checks,
            self.clock,
            self.logs,
            self.address if github else config.page_url or self.address,  # what is not of GitHub is for this machine
            config.queues,
            config.poll_seconds,
            retention=config.retention,
            files=ProcessFiles(config.data_dir),
            shared=bool(config.database),
            known_secrets=partial(
                known_secrets, config.connections, [*(github.secrets if github else ()), *secrets_of(config.incoming)]
            ),
            forge=github.forge if github else None,
            missed=github.missed if github else None,
            conversations=github.conversations if github else None,
            may_run=self._may_run,
            public_url=config.page_url,
        )

    def _origin_of(self, repository: str) -> Origin | None:
        """Who brings what is in a repository; None for one on this machine."""
        if not is_github(self._path_of(repository)):
            return None
        return self.github.origin if self.github is not None else NoOrigin()

    def _checks(self) -> CommitChecks:
        notes = NotesChecks(self._path_of, self.clock, self._children)
        return notes if self.github is None else ChecksBySource(self._path_of, notes, self.github.checks)

    def _may_run(self, repository: str) -> bool:
        """Ops of what people far away may change are processes of this machine only where that was said."""
        github = self.config.github
        return not is_github(self._path_of(repository)) or (github is not None and github.run_locally)

    def _executor(self) -> ProcessExecutor:
        return ProcessExecutor(
            self.config.data_dir,
            report=self.store.observe,
            clock=self.clock,
            connections=self.config.connections,
            slots=self.config.slots,
            checkout=self.source.checkout,
            api_address=self.address,
            token_for=self.tokens.token,
            wake=lambda runs: self.store.wake([Wake(RunKey(run)) for run in runs]),
            room=self._room if self.config.database else None,
        )

    def _look_at(self, repositories: Sequence[str]) -> None:
        self.store.wake([Wake(RepositoryKey(name)) for name in repositories])

    def _room(self) -> None:
        self.store.interrupt()  # who waits has not asked for what is offered

    def _places(self) -> Sequence[str]:
        """Whose keys are taken here: those of no place, our own, and with a slot free what is offered to any."""
        mine = ("", self.executor.place)
        return (*mine, OFFERED) if self.executor.has_room() else mine

    def _application(self, world: World) -> Any:
        sign_in = sign_in_of(self.config, self.store, self.clock) if self.config.github is not None else None
        return application(
            self.store,
            self.logs,
            self.clock,
            self.store.ask,
            place=self.executor.place,
            extra_routes=[
                *callback_routes(self.tokens, self.executor, self.store),
                *routes_of(self.config.incoming, world, self._mailbox),
                *health_routes(lambda: dict(self.loop.counts), lambda: self.store.queued(RetentionKey())),
                *(sign_in.routes() if isinstance(sign_in, SignIn) else ()),
            ],
            hooks=self.github.routes if self.github is not None else (),
            door=self._door(sign_in),
            may_act=self._may_act,
        )

    def _may_act(self, repository: RepositoryRow, person: str) -> bool:
        return self.github is not None and may_act(self.github.conversations, self.source, repository, person)

    def _door(self, sign_in: SignIn | Lacking | None) -> Door:
        """Who reaches the pages: where GitHub is served, strangers reach their address."""
        if sign_in is None:
            return OpenDoor
        if isinstance(sign_in, SignIn):
            return partial(Doors, machines=MACHINES, sign_in=sign_in, near=self._near)
        return partial(Doors, machines=MACHINES, sign_in=None, closed=closed(sign_in, self._port), near=self._near)


def under_way(queued: Iterable[WakeRow], now: float) -> Iterator[Wake]:
    """Of the runs in the queue those that would be looked at soon anyway, and parked ones: none that waits for people.

    They come one after the other, so that what was merged meanwhile does not wait until all of them were looked at.
    """
    runs = (row for row in queued if isinstance(row.key, RunKey))
    soon = (row for row in runs if row.parked or row.due_at <= now + LOOK_AGAIN)
    return (Wake(row.key, now + place * APART) for place, row in enumerate(soon))


def _listen(config: Config) -> socket.socket:
    """The configured address; with port 0 the one that this data directory had before, if it is free.

    Ops that were started by an earlier service report to that address.
    """
    kept = config.data_dir / "port"
    if config.port == 0:
        with suppress(OSError, ValueError, AddressInUse):
            return listen(config.host, int(kept.read_text()))
    try:
        listener = listen(config.host, config.port)
    except AddressInUse as error:
        raise ConfigError(f"{error} Choose another one with --listen.") from None
    kept.write_text(str(listener.getsockname()[1]))
    return listener
