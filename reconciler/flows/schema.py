"""The language as JSON Schema (draft 2020-12) for editors: of components, operations, flow files and settings.

A schema says less than the reader. What it takes and `headgate validate` may still refuse: names that occur twice or
do not exist, references that lead nowhere, values that do not fit their input, fields that cannot stand together,
templates, cron expressions, time zones, globs, cycles, and what is wrong with the YAML itself. Whatever the reader
takes without a word, the schema takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from reconciler.flows import documents, settings
from reconciler.flows.model import Json
from reconciler.flows.schema_walk import Walk

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_EXPRESSION: Final[dict[str, Json]] = {
    "description": "A template, filled in when the op runs.",
    "type": "string",
    "pattern": r"\{\{",
}


def schema(name: str) -> dict[str, Json]:
    """The schema of that name, one of `SCHEMAS`. Raises KeyError for another name."""
    title, made = SCHEMAS[name]
    walk = Walk()
    document = made(walk)
    definitions = dict(sorted({**walk.definitions, "expression": _EXPRESSION}.items()))
    return {"$schema": DRAFT, "$id": f"urn:headgate:schema:{name}", "title": title, **document, "$defs": definitions}


def _document(walk: Walk) -> dict[str, Json]:
    return walk.of(documents.DOCUMENT, "document")


def _narrowed(kind: str) -> Callable[[Walk], dict[str, Json]]:
    return lambda walk: {**_document(walk), "properties": {"kind": {"const": kind}}}


SCHEMAS: Final[Mapping[str, tuple[str, Callable[[Walk], dict[str, Json]]]]] = {
    "component": ("A component of Headgate", _narrowed("component")),
    "operation": ("An operation of Headgate", _narrowed("operation")),
    "flow": ("A flow file of Headgate", _document),
    "settings": (
        "The settings of a repository (.headgate.yaml)",
        lambda walk: walk.of(settings.SETTINGS, "repository"),
    ),
}
