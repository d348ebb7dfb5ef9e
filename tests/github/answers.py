"""What a route gives back, and the refusals that GitHub knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


@dataclass(slots=True)
class Answer:
    """A status, a JSON document (None: no body) and headers."""

    status: int
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A request that GitHub does not do; its words go into the body."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Mapping[str, Any] | str] = (),
        headers: Mapping[str, str] | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.fields = dict(fields or {})

    def answer(self) -> Answer:
        document: dict[str, Any] = {"message": self.message, **self.fields, "documentation_url": DOCUMENTATION}
        if self.errors:
            document["errors"] = self.errors
        return Answer(self.status, {**document, "status": str(self.status)}, self.headers)


def not_found() -> Refused:
    return Refused(404, "Not Found")


def invalid(resource: str, field_name: str, code: str = "invalid", message: str | None = None) -> Refused:
    """GitHub's "Validation Failed"."""
    error = {"resource": resource, "field": field_name, "code": code} | ({"message": message} if message else {})
    return Refused(422, "Validation Failed", errors=[error])
