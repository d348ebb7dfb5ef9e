"""GitHub's own OpenAPI description: every request, answer and webhook is held against it.

Of 13 MB only what the fake answers is kept, in a file under `build/`, so that loading it takes milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue

from tests.github.packages import BUILD, Package, locked

OPENAPI = Package(
    "@octokit/openapi",
    "23.0.2",
    "sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==",
    "generated/api.github.com.json",
)
EDITION = 2  # of the cut; another one is made anew
HOST = "https://api.github.com"
# What makes the file large and decides nothing.
_WORDS = ("example", "examples", "externalDocs", "x-github", "x-octokit")

# (where, part of the complaint) -> why the description is wrong there, not we.
ALLOWED: dict[tuple[str, str], str] = {
    ("GET /app/installations", "/account: "): "an account is a user and an enterprise there, where elsewhere it is one",
    ("GET /repos/{owner}/{repo}/pulls", "/head/repo: None"): "the fork that a pull request came from may be deleted",
    ("GET /repos/{owner}/{repo}/pulls/{pull_number}", "head/repo: None"): "the same",
    ("GET /repos/{owner}/{repo}/pulls/{pull_number}", "head/user: None"): "and its owner with it",
    ("check-suite-requested", "'merge_group' is not one of"): "its list of events is older than the merge queue",
    ("check-suite-rerequested", "'merge_group' is not one of"): "its list of events is older than the merge queue",
}


class Description:
    """The description, cut down to these signatures ("GET /app") and events ("check-run-created")."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._checkers: dict[str, OpenAPI] = {}
        self._answered: set[tuple[str, int, Hashable]] = set()  # and found well

    def request(
        self,
        method: str,
        template: str,
        parameters: Mapping[str, str],
        query: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> list[str]:
        """What is wrong with a request, in words."""
        path = template.format(**{name: quote(value, safe="") for name, value in parameters.items()})
        asked = MockRequest(
            HOST,
            method.lower(),
            path,
            args=parse_qsl(query, keep_blank_values=True),
            headers=dict(headers),
            data=body or None,
            content_type="application/json",
        )
        wrong = list(self._unknown_names(method, template, query, body))
        try:
            self._checker(template).validate_request(asked)
        except OpenAPIError as error:
            wrong += _words(error)
        return wrong

    def answer(self, method: str, template: str, status: int, document: Any) -> list[str]:
        """What is wrong with an answer of the fake; refusals need not be described one by one."""
        signature = f"{method} {template}"
        described = self._document["paths"][template][method.lower()]["responses"]
        if str(status) not in described:
            return [f"{status} is not described"] if status < 300 else []  # any repository may have moved
        known = (signature, status, _outline(document))
        if document is None or known in self._answered:
            return []
        self._answered.add(known)
        body = json.dumps(document).encode()
        path = template.replace("{", "").replace("}", "")
        asked = MockRequest(HOST, method.lower(), path)
        reply = MockResponse(body, status_code=status, content_type="application/json")
        try:
            self._checker(template).validate_response(asked, reply)
        except OpenAPIError as error:
            return [line for line in _words(error) if not _allowed(signature, line)]
        return []

    def webhook(self, event: str, payload: dict[str, Any]) -> list[str]:
        """What is wrong with the payload of a webhook."""
        name = "-".join([event, *([payload["action"]] if "action" in payload else [])]).replace("_", "-")
        if f"/webhooks/{name}" not in self._document["paths"]:
            return [f"{name} is no event that GitHub describes"]
        known = (name, 0, _outline(payload))
        if known in self._answered:
            return []
        self._answered.add(known)
        body = json.dumps(payload).encode()
        asked = MockRequest(HOST, "post", f"/webhooks/{name}", data=body, content_type="application/json")
        try:
            self._checker(f"/webhooks/{name}").validate_request(asked)
        except OpenAPIError as error:
            return [line for line in _words(error) if not _allowed(name, line)]
        return []

    def _checker(self, template: str) -> OpenAPI:
        """One for each path, as finding a path among many takes longer than everything else."""
        if template not in self._checkers:
            alone = {**self._document, "paths": {template: self._document["paths"][template]}}
            self._checkers[template] = OpenAPI.from_dict(alone, config=Config(spec_validator_cls=None))
        return self._checkers[template]

    def _unknown_names(self, method: str, template: str, query: str, body: bytes) -> Iterator[str]:
        """Names that GitHub would ignore in silence: here they are typing errors."""
        operation = self._document["paths"][template][method.lower()]
        known = {self._follow(row)["name"] for row in operation.get("parameters", [])}
        for name, _ in parse_qsl(query, keep_blank_values=True):
            if name not in known:
                yield f"the query has no parameter {name}"
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body and content:
            fields = set(self._fields(content["schema"]))
            for name in json.loads(body):
                if name not in fields:
                    yield f"the body has no field {name}"

    def _fields(self, schema: dict[str, Any]) -> Iterator[str]:
        schema = self._follow(schema)
        yield from schema.get("properties", {})
        for word in ("oneOf", "anyOf", "allOf"):
            for part in schema.get(word, []):
                yield from self._fields(part)

    def _follow(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            _, _, kind, name = node["$ref"].split("/")
            node = self._document["components"][kind][name]
        return node


def _outline(node: Any) -> Hashable:
    """What the verdict on our own answers depends on: names, kinds, and words that an enumeration could hold."""
    if isinstance(node, dict):
        return tuple((name, _outline(value)) for name, value in node.items())
    if isinstance(node, list):
        return frozenset(_outline(value) for value in node)
    if isinstance(node, str):
        return node if node.islower() and node.replace("_", "").isalpha() else "…"
    return type(node).__name__


def _allowed(where: str, line: str) -> bool:
    return any(place in ("", where) and part in line for place, part in ALLOWED)


def _words(error: BaseException) -> list[str]:
    """The sentences of an error: the schema's own ones where there are any."""
    while error.__cause__ is not None and not isinstance(error, InvalidSchemaValue):
        error = error.__cause__
    if not isinstance(error, InvalidSchemaValue):
        return [str(error)]
    return [f"{'/'.join(map(str, one.absolute_path))}: {one.message[:300]}" for one in _leaves(error.schema_errors)]


def _leaves(errors: Iterable[Any]) -> Iterator[Any]:
    for error in errors:
        yield from _leaves(error.context) if error.context else [error]


@cache
def description(signatures: tuple[str, ...], events: tuple[str, ...]) -> Description:
    """The description of these. Raises Unavailable."""
    wanted = json.dumps([OPENAPI.version, EDITION, signatures, events])
    place = BUILD / f"described-{hashlib.sha256(wanted.encode()).hexdigest()[:16]}.json"
    if not place.exists():
        whole = OPENAPI.path()
        with locked(BUILD / ".lock"):
            draft = place.with_suffix(f".{os.getpid()}")
            draft.write_text(json.dumps(_cut(json.loads(whole.read_bytes()), signatures, events)))
            os.replace(draft, place)
    return Description(json.loads(place.read_bytes()))


def _cut(whole: dict[str, Any], signatures: Iterable[str], events: Iterable[str]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for signature in signatures:
        method, template = signature.split(" ")
        paths.setdefault(template, {})[method.lower()] = _bare(whole["paths"][template][method.lower()])
    for event in events:
        paths[f"/webhooks/{event}"] = _bare(whole["x-webhooks"][event])
    components: dict[str, dict[str, Any]] = {}
    waiting: list[Any] = [paths]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            waiting += node.values()
            _take(whole, components, node.get("$ref"), waiting)
        elif isinstance(node, list):
            waiting += node
    return {"openapi": whole["openapi"], "info": {"title": "", "version": ""}, "paths": paths, "components": components}


def _take(whole: dict[str, Any], components: dict[str, dict[str, Any]], address: Any, waiting: list[Any]) -> None:
    if isinstance(address, str):
        _, _, kind, name = address.split("/")
        if name not in components.setdefault(kind, {}):
            components[kind][name] = _bare(whole["components"][kind][name])
            waiting.append(components[kind][name])


def _bare(node: Any) -> Any:
    if isinstance(node, list):
        return [_bare(value) for value in node]
    if not isinstance(node, dict):
        return node
    texts = {name for name, value in node.items() if name == "description" and isinstance(value, str)}
    bare = {name: _bare(value) for name, value in node.items() if name not in (*_WORDS, *texts)}
    return _null_allowed(bare) if bare.get("nullable") is True else bare


def _null_allowed(schema: dict[str, Any]) -> dict[str, Any]:
    """GitHub writes `nullable` beside an `enum` or `oneOf` that has no null, and answers with null all the same."""
    if "enum" in schema and None not in schema["enum"]:
        return {**schema, "enum": [*schema["enum"], None]}
    if "type" not in schema:
        rest = {name: value for name, value in schema.items() if name != "nullable"}
        return {"anyOf": [rest, {"type": "object", "nullable": True, "enum": [None]}]}
    return schema
