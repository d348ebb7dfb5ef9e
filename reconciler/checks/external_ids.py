"""What a check is called where it is posted: our key, by which it is found again and a button on it is understood."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote, unquote

from reconciler.checks.model import Check

LONGEST = 255  # characters of a name, or of an id, that every place takes
_PREFIX = "headgate"
_NAME = 120
_PLAIN = "/[]."


@dataclass(frozen=True, slots=True)
class ExternalId:
    """The parts of an id; `run` and `attempt` are those that the check speaks of, "" = none."""

    repository: str
    name: str
    run: str = ""
    attempt: str = ""


def key_of(repository: str, check: Check) -> str:
    """What stays the same however often the check is worded anew: `headgate:acme/shop:headgate/churn`."""
    return ":".join((_PREFIX, _part(repository), _part(check.name)))


def external_id(repository: str, check: Check) -> str:
    """The key with the run and attempt that are shown, so that a button pressed twice is one wish."""
    return ":".join((key_of(repository, check), _part(check.run, 40), _part(check.attempt, 40)))


def parse_external_id(text: str) -> ExternalId | None:
    """The parts of an id of ours; None for any other text. A name that was too long for an id ends with `~…`."""
    prefix, *parts = text.split(":")
    if prefix != _PREFIX or len(parts) != 4:
        return None
    return ExternalId(*(unquote(part) for part in parts))


def shortened(name: str, longest: int = LONGEST) -> str:
    """The name itself, or what fits of it with a mark that tells it from others that begin the same."""
    if len(name) <= longest:
        return name
    return f"{name[: longest - 9]}~{sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _part(text: str, longest: int = _NAME) -> str:
    quoted = quote(text, safe=_PLAIN, errors="replace")
    return shortened(quoted, longest) if len(quoted) > longest else quoted
