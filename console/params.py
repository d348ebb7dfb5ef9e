"""Values of inputs as the command line gives them: `-P lr=0.1`."""

from __future__ import annotations

from collections.abc import Sequence

from console.failures import Failure
from reconciler.flows.model import Json
from reconciler.flows.reader import read_documents


def parse_params(given: Sequence[str]) -> dict[str, Json]:
    """Names and values; a value is read as YAML, so that numbers, booleans and lists are what they look like.

    Raises Failure.
    """
    values: dict[str, Json] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise Failure("param-form", f"`-P {text}` gives no value.", do="Write it as -P NAME=VALUE.")
        documents, findings = read_documents(value.encode(), f"-P {name}")
        if findings or len(documents) > 1:
            raise Failure("param-form", f"The value of `{name}` is not YAML.", do=f"Quote it: -P '{name}=\"…\"'.")
        values[name] = documents[0].data() if documents else ""
    return values
