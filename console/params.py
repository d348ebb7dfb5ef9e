"""Values of inputs as the command line gives them: `-P lr=0.1`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from console.failures import Failure
from reconciler.flows.findings import Finding
from reconciler.flows.given import at_given, value_of
from reconciler.flows.model import Json


def at_options(findings: Iterable[Finding], flow: str, given: Sequence[str]) -> list[Finding]:
    """The findings; those about a value of the command line name its option instead of a place in a file."""
    return at_given(findings, flow, {text.partition("=")[0]: f"-P {text}" for text in given})


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
