"""The example payloads that Octokit collected: 329 real bodies of webhooks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.github.packages import Package

EXAMPLES = Package(
    "@octokit/webhooks-examples",
    "7.6.1",
    "sha512-De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ==",
    "api.github.com/index.json",
)


@dataclass(frozen=True, slots=True)
class Example:
    """One body; many have no `installation`."""

    event: str
    number: int
    payload: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.event}-{self.payload.get('action', '')}-{self.number}"


@cache
def examples() -> tuple[Example, ...]:
    """All of them. Raises Unavailable."""
    events = json.loads(EXAMPLES.path().read_bytes())
    return tuple(
        Example(event["name"], number, payload) for event in events for number, payload in enumerate(event["examples"])
    )
