"""Values of inputs that are given with a command, as text: `0.1`, `true`, `[1, 2]`."""

from __future__ import annotations

from reconciler.flows.model import Json
from reconciler.flows.reader import read_documents


def value_of(text: str) -> Json:
    """The value, read as YAML, so that numbers, booleans and lists are what they look like. Raises ValueError."""
    documents, findings = read_documents(text.encode(), "")
    if findings or len(documents) > 1:
        raise ValueError("It is not YAML.")
    return documents[0].data() if documents else ""
