"""Services as local processes: ready when their probe or port answers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.engine.model import AttemptSpec, Observed, Status
from tests.ports import free_port
from tests.reconciler.adapters.process_world import PYTHON, Machine, eventually, lease, row, spec

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")

SERVER = (
    "import http.server, os, time; time.sleep(0.1);"
    "address = ('127.0.0.1', int(os.environ['PORT']));"
    "http.server.HTTPServer(address, http.server.SimpleHTTPRequestHandler).serve_forever()"
)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "data", slots=1)
    yield machine
    machine.executor.close()


@pytest.fixture
def port() -> int:
    return free_port()


def service(port: int, *command: str, **more: object) -> AttemptSpec:
    return spec("a-1", command or [PYTHON, "-c", SERVER], kind="service", ports=(port,) if port else (), **more)


def ready(machine: Machine, op: AttemptSpec) -> Observed:
    return machine.wait(op, lambda seen: seen.reason == "Ready")


def end(machine: Machine, op: AttemptSpec) -> Observed:
    machine.stop(op)
    return machine.end(op)


@pytest.mark.slow
@pytest.mark.parametrize("probe", [None, {"httpGet": {"path": "/"}}, {"tcpSocket": {"port": "{port}"}}])
def test_a_service_is_ready_when_it_answers(machine, port, probe):
    op = service(port, container={"readinessProbe": probe} if probe else {})
    machine.start(op)

    seen = ready(machine, op)

    assert seen.status is Status.RUNNING
    assert seen.started_at is not None
    assert seen.at >= seen.started_at
    assert end(machine, op).status is Status.STOPPED


def test_a_command_can_be_the_probe(machine, tmp_path):
    probe = {"exec": {"command": ["/bin/sh", "-c", "test -e $HEADGATE_ARTIFACTS_PATH/up"]}, "periodSeconds": 0.02}
    op = service(0, "/bin/sh", "-c", "touch $HEADGATE_ARTIFACTS_PATH/up; sleep 60", container={"readinessProbe": probe})
    machine.start(op)

    ready(machine, op)

    end(machine, op)


def test_a_service_without_a_port_is_ready_as_soon_as_it_runs(machine):
    op = service(0, "/bin/sh", "-c", "sleep 60")
    machine.start(op)

    ready(machine, op)

    end(machine, op)


def test_a_service_that_dies_before_it_answers_is_never_ready(machine, port):
    op = service(port, "/bin/sh", "-c", "exit 3")
    machine.start(op)

    assert machine.end(op).exit_code == 3
    assert not any(seen.reason == "Ready" for seen in machine.seen)


def test_a_service_takes_no_slot(machine):
    op = service(0, "/bin/sh", "-c", "sleep 60")
    machine.start(op)

    assert machine.executor.free() == 1

    end(machine, op)


@pytest.mark.slow
def test_a_service_that_was_adopted_is_asked_again(machine, port):
    op = service(port)
    machine.start(op)
    ready(machine, op)
    machine.executor.close()
    next_machine = Machine(machine.data_dir)

    next_machine.executor.resume()

    ready(next_machine, op)
    assert eventually(lambda: any(seen.started_at for seen in next_machine.seen))
    end(next_machine, op)
    next_machine.executor.close()


def test_a_service_whose_port_is_taken_is_not_started(machine):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = int(other.getsockname()[1])
        (performed,) = machine.executor.start([row(service(taken))], lease())

    assert (performed.outcome, performed.reason) == ("refused", "ConfigError")
    assert f"Port {taken} is taken" in performed.message
