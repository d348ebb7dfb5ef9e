"""Readiness of local services: asks their probe, or their port, until they answer. Decides nothing else."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reconciler.adapters.process_connections import ConfigError
from reconciler.adapters.process_living import Live
from reconciler.adapters.process_records import Folder, read_record
from reconciler.engine.model import AttemptSpec, Observed, Status
from reconciler.flows.model import Json
from reconciler.ports import Clock

HOST = "127.0.0.1"
PERIOD = 0.25  # seconds between looks at a service whose probe says nothing of it
TIMEOUT = 1.0  # seconds for an answer, as in Kubernetes


@dataclass(frozen=True, slots=True)
class Probe:
    """What to ask. `kind`: http, tcp, exec, or none (ready as soon as it runs)."""

    kind: str = "none"
    port: int = 0
    path: str = "/"
    headers: Mapping[str, str] | None = None
    command: tuple[str, ...] = ()
    delay: float = 0.0
    period: float = PERIOD
    timeout: float = TIMEOUT


@dataclass(slots=True)
class _Waiting:
    live: Live
    probe: Probe
    environment: Callable[[], Mapping[str, str]]
    due: float


class Readiness:
    """Tells `RUNNING`, reason `Ready`, once for each service it was given. One thread, started with the first."""

    def __init__(self, tell: Callable[[Observed], None], clock: Clock) -> None:
        self._tell = tell
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, live: Live, spec: AttemptSpec, environment: Callable[[], Mapping[str, str]]) -> None:
        """Ask this service from now on, until it is ready or gone."""
        probe = probe_of(spec)
        with self._changed:
            self._waiting.append(_Waiting(live, probe, environment, self._clock.monotonic() + probe.delay))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="readiness", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._closed:
            now = self._clock.monotonic()
            for waiting in [waiting for waiting in self._waiting if waiting.due <= now]:
                self._ask(waiting)
            with self._changed:
                if not self._closed:
                    self._changed.wait(self._patience())

    def _patience(self) -> float | None:
        due = min((waiting.due for waiting in self._waiting), default=None)
        return None if due is None else max(0.0, due - self._clock.monotonic())

    def _ask(self, waiting: _Waiting) -> None:
        live = waiting.live
        if live.over:
            return self._forget(waiting)
        record = read_record(live.folder)
        began = record.started_at if record else None
        if began is not None and answers(waiting.probe, waiting.environment, _cwd(live.folder)):
            now = self._clock.now()
            self._tell(Observed(live.folder.attempt, Status.RUNNING, now, "Ready", started_at=began))
            return self._forget(waiting)
        waiting.due = self._clock.monotonic() + waiting.probe.period
        return None

    def _forget(self, waiting: _Waiting) -> None:
        with self._changed:
            self._waiting.remove(waiting)


def _cwd(folder: Folder) -> str:
    return folder.code if os.path.isdir(folder.code) else folder.work


def probe_of(spec: AttemptSpec) -> Probe:
    """The readiness probe of a service's container, else its first port, else nothing to ask."""
    container = spec.run_section.get("container")
    given = container.get("readinessProbe") if isinstance(container, Mapping) else None
    if not isinstance(given, Mapping):
        return _port_probe(spec)
    timed = Probe(
        delay=_number(given.get("initialDelaySeconds"), 0.0),
        period=_number(given.get("periodSeconds"), PERIOD),
        timeout=_number(given.get("timeoutSeconds"), TIMEOUT),
    )
    http_get, tcp, command = given.get("httpGet"), given.get("tcpSocket"), given.get("exec")
    if isinstance(http_get, Mapping):
        path, headers = str(http_get.get("path") or "/"), _headers(http_get)
        return replace(timed, kind="http", port=_port(http_get, spec), path=path, headers=headers)
    if isinstance(tcp, Mapping):
        return replace(timed, kind="tcp", port=_port(tcp, spec))
    if isinstance(command, Mapping):
        return replace(timed, kind="exec", command=tuple(str(word) for word in command.get("command") or ()))
    return _port_probe(spec)


def check_ports(spec: AttemptSpec) -> None:
    """Raises ConfigError if somebody else answers where the service would: it would be taken for ready."""
    for port in spec.ports:
        if _tcp(Probe("tcp", port)):
            raise ConfigError(f"Port {port} is taken by another process of this machine. End it, or give another port.")


def _port_probe(spec: AttemptSpec) -> Probe:
    return Probe("tcp", spec.ports[0]) if spec.ports else Probe()


def answers(probe: Probe, environment: Callable[[], Mapping[str, str]], cwd: str) -> bool:
    """Whether the service answers as its probe wants it; an error, or no answer in time, is a no."""
    match probe.kind:
        case "http":
            return _http(probe)
        case "tcp":
            return _tcp(probe)
        case "exec":
            return _exec(probe, environment(), cwd)
        case _:
            return True


def _http(probe: Probe) -> bool:
    connection = http.client.HTTPConnection(HOST, probe.port, timeout=probe.timeout)
    try:
        connection.request("GET", probe.path, headers=dict(probe.headers or {}))
        return 200 <= connection.getresponse().status < 400
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()


def _tcp(probe: Probe) -> bool:
    try:
        socket.create_connection((HOST, probe.port), timeout=probe.timeout).close()
    except (OSError, OverflowError):
        return False
    return True


def _exec(probe: Probe, env: Mapping[str, str], cwd: str) -> bool:
    try:
        done = subprocess.run(
            probe.command,
            env=env,
            cwd=cwd,
            timeout=probe.timeout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError):
        return False
    return done.returncode == 0


def _port(section: Mapping[str, Json], spec: AttemptSpec) -> int:
    value = section.get("port")
    text = str(value) if value is not None else ""
    return int(text) if text.isdigit() else spec.ports[0] if spec.ports else 0


def _headers(section: Mapping[str, Json]) -> dict[str, str]:
    return {str(item.get("name")): str(item.get("value")) for item in section.get("httpHeaders") or ()}


def _number(value: Json, default: float) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else default
