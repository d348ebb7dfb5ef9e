"""The server's configuration: one file, environment variables over it, command-line options over both.

It is judged as flow files are: every mistake at once, on its line, with near names. Secrets stand in it by reference
only. What is configured is wired in console/service.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from console import github_config, incoming_config
from console.failures import Failure
from console.github_config import GITHUB, GitHubConfig, github_of, missing_secrets
from console.incoming_config import INCOMING, IncomingConfig, incoming_of, missing_incoming
from console.retention_config import RETENTION, policy_of
from reconciler.adapters.process_connections import Connection
from reconciler.checks import findings_text
from reconciler.engine.retention import Policy
from reconciler.flows.composite import Listing, Record, Table
from reconciler.flows.findings import Finding
from reconciler.flows.reader import read_documents
from reconciler.flows.report import Report
from reconciler.flows.shapes import BAD, LENIENT_TEXT, POSITIVE, TEXT, Number, Words

_REPOSITORY = Record({"name": TEXT, "path": TEXT}, required=("name", "path"), templated=False)
_CONNECTION = Record(
    {
        "name": TEXT,
        "kind": Words("host_path", "git"),
        "schema": Table(LENIENT_TEXT, templated=False),
        "env": Table(LENIENT_TEXT, templated=False),
        "secretEnv": Table(TEXT, templated=False),
        "secrets": Table(TEXT, templated=False),
    },
    required=("name", "kind"),
    templated=False,
)
_FILE = Record(
    {
        "dataDir": TEXT,
        "database": TEXT,
        "listen": TEXT,
        "pageUrl": TEXT,
        "slots": POSITIVE,
        "pollSeconds": Number(),
        "placeLostAfter": Number(),
        "repositories": Listing(_REPOSITORY, templated=False),
        "queues": Table(POSITIVE, templated=False),
        "connections": Listing(_CONNECTION, templated=False),
        "retention": RETENTION,
        "github": GITHUB,
        "incoming": INCOMING,
    },
    templated=False,
)
_ENVIRONMENT = {
    "HEADGATE_DATA_DIR": "dataDir",
    "HEADGATE_DATABASE": "database",
    "HEADGATE_LISTEN": "listen",
    "HEADGATE_PAGE_URL": "pageUrl",
    "HEADGATE_SLOTS": "slots",
}
_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.]*(/[A-Za-z0-9][-A-Za-z0-9_.]*)?\Z")

SHORTEST_PATIENCE = 60.0  # s
_POLL_SECONDS = 10.0
_SECRET_PLACES = (github_config.SECRET_PLACE, incoming_config.SECRET_PLACE)
_SECRET_LINE = re.compile(rb"databa?se|postgres|://[^/]*@|passw", re.IGNORECASE)  # an address may have a password


class ConfigError(Failure):
    """The configuration cannot be used. `findings` tell where in its file; without any, the message stands alone."""

    def __init__(self, message: str, findings: tuple[Finding, ...] = (), source: bytes = b"") -> None:
        super().__init__("config", message)
        self.findings = findings
        self.source = source

    def text(self) -> str:
        """The message, and every mistake on its line."""
        sources = {one.file: self.source for one in self.findings}
        shown = (findings_text.one(one, {} if self._is_secret(one) else sources) for one in self.findings)
        return "\n\n".join([super().text(), *shown])

    def _is_secret(self, finding: Finding) -> bool:
        """Whether what stands there may be one: by its place, or by the looks of its line."""
        line = b"".join(self.source.splitlines()[finding.span.line - 1 : finding.span.line])
        return bool(_SECRET_LINE.search(line)) or any(place.search(finding.path) for place in _SECRET_PLACES)


@dataclass(frozen=True, slots=True)
class Config:
    """All that an operator decides."""

    data_dir: Path
    database: str = ""  # URL; "" = an SQLite file in the data directory
    host: str = "127.0.0.1"
    port: int = 8470  # 0 = any free one, kept for the data directory
    page_url: str = ""
    slots: int | None = None  # local ops at once; None = number of CPUs
    poll_seconds: float = _POLL_SECONDS  # between looks at a local repository of which nothing was noticed
    place_lost_after: float = 0.0  # s after which a place that is not seen is given up; 0 = only by command
    repositories: Mapping[str, Path] = field(default_factory=dict)
    queues: Mapping[str, int] = field(default_factory=dict)
    connections: Mapping[str, Connection] = field(default_factory=dict)
    retention: Policy = field(default_factory=Policy)
    github: GitHubConfig | None = None
    incoming: tuple[IncomingConfig, ...] = ()

    @property
    def store(self) -> str:
        """What the store is opened with."""
        return self.database or str(self.data_dir / "headgate.db")


def default_data_dir(environment: Mapping[str, str]) -> Path:
    """The XDG state directory's `headgate`."""
    state = environment.get("XDG_STATE_HOME") or str(Path(environment.get("HOME") or "~").expanduser() / ".local/state")
    return Path(state) / "headgate"


def load_config(path: Path | None = None, environment: Mapping[str, str] | None = None, **options: Any) -> Config:
    """The configuration from a file (None: none), the environment and options given by name.

    Raises ConfigError with everything that is wrong.
    """
    env = os.environ if environment is None else environment
    values = _read(path, env) if path is not None else {}
    values |= {key: env[name] for name, key in _ENVIRONMENT.items() if env.get(name)}
    config = _config(values, env, path.parent if path is not None else Path())
    given = {name: value for name, value in options.items() if value is not None}
    return replace(config, **given)


def _read(path: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    documents, findings = read_documents(data, str(path))
    report = Report(str(path))
    values: Any = _FILE.read(documents[0], "config", report) if documents else {}
    wrong = tuple(sorted((*findings, *report.findings), key=lambda one: one.place))
    if not wrong and values is not BAD:
        incoming = incoming_of(values.get("incoming", ()), path.parent)
        values = {**values, "github": github_of(values.get("github"), path.parent), "incoming": incoming}
        wrong = missing_secrets(values["github"], environment, str(path))
        wrong += missing_incoming(incoming, environment, str(path))
    if wrong or values is BAD:
        raise ConfigError(f"{path} has mistakes.", wrong, data)
    return dict(values)


def _config(values: Mapping[str, Any], environment: Mapping[str, str], base: Path) -> Config:
    host, port = listen_address(str(values.get("listen") or "127.0.0.1:8470"))
    data_dir = values.get("dataDir")
    return Config(
        data_dir=base / Path(data_dir).expanduser() if data_dir else default_data_dir(environment),
        database=values.get("database", ""),
        host=host,
        port=port,
        page_url=str(values.get("pageUrl", "")).rstrip("/"),
        slots=_whole("HEADGATE_SLOTS", values["slots"]) if "slots" in values else None,
        poll_seconds=float(values.get("pollSeconds", _POLL_SECONDS)),
        place_lost_after=_patience(values.get("placeLostAfter", 0.0)),
        repositories={
            checked_name(one["name"]): base / Path(one["path"]).expanduser() for one in values.get("repositories", ())
        },
        queues=dict(values.get("queues", {})),
        connections={one["name"]: _connection(one) for one in values.get("connections", ())},
        retention=policy_of(values.get("retention", {})),
        github=values.get("github"),
        incoming=values.get("incoming", ()),
    )


def _connection(values: Mapping[str, Any]) -> Connection:
    return Connection(
        values["name"],
        values["kind"],
        values.get("schema", {}),
        values.get("env", {}),
        values.get("secretEnv", {}),
        values.get("secrets", {}),
    )


def checked_name(name: str) -> str:
    """A repository's name: `name` or `owner/name`. Raises ConfigError."""
    if not _NAME.match(name):
        raise ConfigError(f"{name!r} cannot name a repository; use letters, digits, `-`, `_`, `.` and at most one `/`.")
    return name


def listen_address(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:8470`. Raises ConfigError."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 <= int(port) < 65536:
        raise ConfigError(f"{text!r} is no address to listen on; write it as 127.0.0.1:8470.")
    return host.strip("[]") or "127.0.0.1", int(port)


def _patience(value: Any) -> float:
    seconds = float(value)
    if 0 < seconds < SHORTEST_PATIENCE or seconds < 0:
        raise ConfigError(
            f"placeLostAfter takes at least {SHORTEST_PATIENCE:.0f} s, or 0 for never: a place that only restarts is "
            "not to be given up."
        )
    return seconds


def _whole(name: str, value: Any) -> int:
    try:
        number = int(value)
    except ValueError:
        raise ConfigError(f"{name} takes a whole number, not {value!r}.") from None
    if number < 1:
        raise ConfigError(f"{name} takes a number of at least 1.")
    return number
