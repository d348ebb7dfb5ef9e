"""The demo from its beginning to its end: the stage is set, the parts are played, and what came of them is counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import click

from console.config import Config
from console.demo import examples, merges, outage, proposals
from console.demo.clock import DemoClock
from console.demo.outage import Server
from console.demo.sample import Sample
from console.demo.stage import REPOSITORY, Stage, heading, say
from console.failures import Failure
from console.opening import store_of
from console.service import Service
from reconciler.adapters.process_records import folder_of
from reconciler.adapters.process_signals import kill_strays
from reconciler.engine.model import Status


def tell(folder: Path, data_dir: Path, host: str, port: int, once: bool) -> None:
    """Play all parts in a folder of their own. Raises Failure as soon as one does not come true."""
    if (data_dir / "headgate.db").exists():
        raise Failure("data-used", f"{data_dir} is in use already.", do="Give the demo a folder of its own.")
    sample = Sample(folder)
    sample.create()
    head = sample.commit("main", "Begin with examples", examples.at_first() | (_ends() if once else {}))
    config = Config(data_dir, host=host, port=port, repositories={REPOSITORY: sample.bare}, slots=outage.SLOTS)
    try:
        _play(sample, config, head, once)
    finally:
        # Ops and services outlive whoever started them, by design; those of the demo end with it.
        kill_strays([folder_of(str(data_dir.resolve()), path.name) for path in data_dir.glob("attempts/*/*")])


def _play(sample: Sample, config: Config, head: str, once: bool) -> None:
    with _stage(sample, config) as stage:
        proposals.connect(stage, head)
        proposals.refuse(stage)
        proposals.preview(stage)
        merges.night(stage)
        merges.merge(stage)
        merges.reuse(stage)
    with outage.server(config, sample) as server:
        outage.survive(server)
        _end(server, once)


def _ends() -> dict[str, str]:
    return {path: text for path, text in examples.services_end_with_runs().items() if text is not None}


@contextmanager
def _stage(sample: Sample, config: Config) -> Iterator[Stage]:
    clock = DemoClock()
    service = Service(config, clock)
    try:
        service.start()
        click.echo(f"Headgate, the whole way of a flow. The page is at {service.address} meanwhile.")
        yield Stage(sample, config, service, clock)
    finally:
        service.stop()


def _end(server: Server, once: bool) -> None:
    """Part 7: what came of it, and the page until somebody has seen enough."""
    heading(7, "Everything came true")
    if once:
        say("Without --once the demo goes on to serve its page.")
    else:
        say(f"All of it is to be seen at {server.address} until Ctrl-C.")
    with store_of(server.config) as store:
        runs = store.runs(limit=10_000)
        succeeded = sum(op.state.status is Status.SUCCEEDED for run in runs for op in store.ops(run.id))
    checks = server.sample.posted()
    click.echo(f"{len(runs):,} runs started, {succeeded:,} ops succeeded, {checks:,} checks posted")
    if not once:
        with suppress(KeyboardInterrupt):
            Event().wait()
