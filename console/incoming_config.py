"""Which flows other systems may start, as the server's configuration says it, and where their secrets are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.github_config import SECRETS, SecretPlace, missing
from reconciler.flows.composite import PLAIN_TEXTS, Built, Listing, Record
from reconciler.flows.findings import Finding
from reconciler.flows.nodes import Node
from reconciler.flows.report import Report
from reconciler.flows.shapes import BAD, TEXT

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)
SECRET_PLACE = re.compile(r"\.incoming(?:\[\d+\])?(?:$|\.secrets\b)")


@dataclass(frozen=True, slots=True)
class IncomingConfig:
    """One flow that another system may start, at `/webhooks/incoming/NAME`."""

    name: str
    repository: str
    flow: str
    secrets: tuple[SecretPlace, ...]
    params: tuple[str, ...] = ()  # inputs whose values may be given


def _name(value: str, node: Node, path: str, report: Report) -> Any:
    if _NAME.fullmatch(value):
        return value
    message = "A name in an address has at most 63 letters, digits, `-` and `_`, and begins with a letter or digit."
    report.add("value-not-allowed", message, node.span, path)
    return BAD


def _secrets(values: Sequence[Any], node: Node, path: str, report: Report) -> Any:
    if 0 < len(values) <= 2:
        return values
    message = "Give one of `secrets`, or two: the present one, and the one that replaces it."
    report.add("value-not-allowed", message, node.span, path)
    return BAD


def _each_once(values: Sequence[Mapping[str, Any]], node: Node, path: str, report: Report) -> Any:
    names = [one.get("name") for one in values]
    for place, name in enumerate(names):
        if name is not None and name in names[:place]:
            message = f"Give each its own name: another one is called `{name}`."
            report.add("value-not-allowed", message, node.child(place).span, f"{path}[{place}].name")
    return values


INCOMING = Built(
    Listing(
        Record(
            {
                "name": Built(TEXT, _name),
                "repository": TEXT,
                "flow": TEXT,
                "secrets": Built(SECRETS, _secrets),
                "params": PLAIN_TEXTS,
            },
            required=("name", "repository", "flow", "secrets"),
            templated=False,
        ),
        templated=False,
    ),
    _each_once,
)


def incoming_of(values: Iterable[Mapping[str, Any]], base: Path) -> tuple[IncomingConfig, ...]:
    """What values that `INCOMING` read stand for; files are relative to `base`."""
    return tuple(
        IncomingConfig(
            one["name"],
            one["repository"],
            one["flow"],
            tuple(place.below(base) for place in one["secrets"]),
            tuple(one.get("params", ())),
        )
        for one in values
    )


def missing_incoming(every: Iterable[IncomingConfig], environment: Mapping[str, str], file: str) -> tuple[Finding, ...]:
    """A finding for each secret that is not where it should be."""
    return missing((place for one in every for place in one.secrets), environment, file, "config.incoming")
