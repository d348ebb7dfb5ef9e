"""Values of inputs that are given with a command, as text (`0.1`, `true`, `[1, 2]`), and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.flows.findings import NOWHERE, Finding, Severity
from reconciler.flows.model import Json
from reconciler.flows.reader import read_documents


def value_of(text: str) -> Json:
    """The value, read as YAML, so that numbers, booleans and lists are what they look like. Raises ValueError."""
    documents, findings = read_documents(text.encode(), "")
    if findings or len(documents) > 1:
        raise ValueError("It is not YAML.")
    return documents[0].data() if documents else ""


def mistakes(findings: Iterable[Finding], flow: str, given: Iterable[str]) -> list[Finding]:
    """What keeps a flow from being started with these inputs: errors, and a value for an input that is not there.

    The latter whatever its severity is in a file: whoever gives a value wants something of it, and sees no warning.
    """
    paths = _paths(flow, given)
    return [
        found
        for found in findings
        if found.severity is Severity.ERROR or (found.rule == "param-undeclared" and found.path in paths)
    ]


def at_given(findings: Iterable[Finding], flow: str, given: Mapping[str, str]) -> list[Finding]:
    """The findings; those about a given value name it instead of a place in a file. `given`: as shown, by input."""
    shown = {path: given[name] for path, name in _paths(flow, given).items()}
    return [
        replace(found, file=shown[found.path], span=NOWHERE, also=()) if found.path in shown else found
        for found in findings
    ]


def _paths(flow: str, given: Iterable[str]) -> dict[str, str]:
    return {f"{flow}.params.{name}": name for name in given}
