"""Values of inputs as the command line gives them: `-P lr=0.1`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from console.failures import Failure
from reconciler.flows.findings import NOWHERE, Finding
from reconciler.flows.given import value_of
from reconciler.flows.model import Json


def at_options(findings: Iterable[Finding], flow: str, given: Sequence[str]) -> list[Finding]:
    """The findings; those about a value of the command line name its option instead of a place in a file."""
    options = {f"{flow}.params.{text.partition('=')[0]}": f"-P {text}" for text in given}
    return [
        replace(found, file=options[found.path], span=NOWHERE, also=()) if found.path in options else found
        for found in findings
    ]


def parse_params(given: Sequence[str]) -> dict[str, Json]:
    """Names and values; a value is read as YAML, so that numbers, booleans and lists are what they look like.

    Raises Failure.
    """
    values: dict[str, Json] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise Failure("param-form", f"`-P {text}` gives no value.", do="Write it as -P NAME=VALUE.")
        try:
            values[name] = value_of(value)
        except ValueError:
            do = f"Quote it: -P '{name}=\"…\"'."
            raise Failure("param-form", f"The value of `{name}` is not YAML.", do=do) from None
    return values
