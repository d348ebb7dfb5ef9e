"""`OWNERS` at the root of a repository: who approves and who reviews there, in the format of Kubernetes.

https://www.kubernetes.dev/docs/guide/owners/ describes it. Files of folders below the root are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.flows.findings import Severity
from reconciler.flows.model import Json
from reconciler.flows.reader import read_documents

OWNERS_FILE: Final = "OWNERS"
ALIASES_FILE: Final = "OWNERS_ALIASES"
_EVERYTHING: Final = ".*"  # the filter that is about all files


@dataclass(frozen=True, slots=True)
class Owners:
    """Logins, in lower case."""

    approvers: frozenset[str] = frozenset()
    reviewers: frozenset[str] = frozenset()


def parse_owners(data: bytes | None, aliases: bytes | None = None) -> Owners:
    """Whom the two files name. A file that is absent, or cannot be read, names nobody."""
    said, groups = _read(data, OWNERS_FILE), _under(_read(aliases, ALIASES_FILE), "aliases")
    known = {name.lower(): _names(groups, name) for name in groups}
    parts = (said, _under(_under(said, "filters"), _EVERYTHING))
    return Owners(*(_people(parts, role, known) for role in ("approvers", "reviewers")))


def _people(parts: tuple[Mapping[str, Json], ...], role: str, known: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """An alias stands for its members; it is no person, whatever its name."""
    names = {name for part in parts for name in _names(part, role)}
    return frozenset(person for name in names for person in known.get(name, frozenset({name})))


def _read(data: bytes | None, file: str) -> Mapping[str, Json]:
    documents, findings = read_documents(data or b"", file)
    if any(one.severity is Severity.ERROR for one in findings) or len(documents) != 1:
        return {}
    return _mapping(documents[0].data())


def _under(values: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    return _mapping(values.get(key))


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _names(values: Mapping[str, Json], key: str) -> frozenset[str]:
    found = values.get(key)
    several = found if isinstance(found, list) else []
    return frozenset(name.lower().removeprefix("@") for name in several if isinstance(name, str))
