"""The demo from its beginning to its end: the stage is set, the parts are played, and what came of them is counted."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import click

from console.config import Config
from console.demo import examples, merges, outage, proposals
from console.demo.clock import DemoClock
from console.demo.outage import Server
from console.demo.sample import Sample
from console.demo.stage import REPOSITORY, Stage, heading, say, until
from console.failures import Failure
from console.opening import store_of
from console.service import Service
from reconciler.checks.words import count
from reconciler.engine.model import Status


def tell(folder: Path, data_dir: Path, host: str, port: int, once: bool) -> None:
    """Play all parts in a folder of their own. Raises Failure as soon as one does not come true."""
    if (data_dir / "headgate.db").exists():
        raise Failure("data-used", f"{data_dir} is in use already.", do="Give the demo a folder of its own.")
    sample = Sample(folder)
    sample.create()
    head = sample.commit("main", "Begin with examples", examples.at_first() | (_ends() if once else {}))
    config = Config(data_dir, host=host, port=port, repositories={REPOSITORY: sample.bare}, slots=outage.SLOTS)
    with _stage(sample, config) as stage:
        proposals.connect(stage, head)
        proposals.refuse(stage)
        proposals.preview(stage)
        merges.night(stage)
        merges.merge(stage)
        merges.reuse(stage)
    with outage.server(config, sample) as server:
        outage.survive(server)
        _serve(server, once)


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


def _serve(server: Server, once: bool) -> None:
    """Part 7: the page, until somebody has seen enough; then what the demo leaves running is ended."""
    heading(7, "What is left")
    address = f"http://{server.config.host}:{(server.config.data_dir / 'port').read_text().strip()}"
    if once:
        say("Everything came true. Without --once the demo goes on to serve its page.")
    else:
        say(f"Everything came true. The runs are to be seen at {address} until Ctrl-C.")
    with store_of(server.config) as store:
        runs = store.runs(limit=10_000)
        succeeded = sum(op.state.status is Status.SUCCEEDED for run in runs for op in store.ops(run.id))
    told = (count(len(runs), "run") + " started", count(succeeded, "op") + " succeeded")
    click.echo(f"{told[0]}, {told[1]}, {count(server.sample.posted(), 'check')} posted")
    if not once:
        _until_interrupted()
        _end_services(server)


def _until_interrupted() -> None:
    ended = Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    ended.wait()
    for number, handler in before.items():
        signal.signal(number, handler)


def _end_services(server: Server) -> None:
    """A service outlives what started it as long as it is declared: so its flow is removed."""
    server.sample.commit("main", "Remove the service", {"flows/serving.yaml": None})
    with store_of(server.config) as store:
        flows = [flow.id for flow in store.flows(REPOSITORY)]
        until("the end of the service", lambda: not any(store.services(flow) for flow in flows), seconds=20)
