"""Git over HTTP: who may fetch and push, then `git http-backend`."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.github.answers import Refused
from tests.github.auth import Actor, authenticate, can_read
from tests.github.records import Repository

if TYPE_CHECKING:
    from tests.github.world import FakeGitHub

_PATH = re.compile(r"/(?P<name>[^/]+/[^/]+?)(?:\.git)?/(?P<service>info/refs|git-upload-pack|git-receive-pack)")
_CHALLENGE = {"www-authenticate": 'Basic realm="GitHub"'}


@dataclass(slots=True)
class Page:
    """An answer that is not JSON."""

    status: int
    headers: dict[str, str]
    body: bytes


def is_git(path: str) -> bool:
    return _PATH.fullmatch(path) is not None


def serve(world: FakeGitHub, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Page:
    """Answer one request of a Git client."""
    match = _PATH.fullmatch(path)
    assert match is not None
    pushes = "git-receive-pack" in (match["service"], query.removeprefix("service="))
    try:
        with world.state.lock:
            actor = authenticate(world.state, headers.get("authorization"))
            repository = repository_for(world, match["name"], actor, pushes, f"/{match['service']}?{query}")
            before = repository.git.refs()
    except Refused as refusal:
        status = 401 if refusal.status == 401 else refusal.status
        return Page(status, {**refusal.headers, **(_CHALLENGE if status == 401 else {})}, refusal.message.encode())
    page = backend(repository.git.path, method, match["service"], query, headers, body)
    if match["service"] == "git-receive-pack" and actor:
        world.refs_changed(repository, before, actor.account)
    return page


def repository_for(world: FakeGitHub, name: str, actor: Actor | None, pushes: bool, rest: str) -> Repository:
    """The repository of an address, if the actor may. Raises Refused."""
    state = world.state
    found = state.repository(name)
    if found is None and (moved := state.moved(name)):
        address = f"{world.url}/{moved.full_name}.git{rest}"
        raise Refused(301, "Moved", headers={"location": address})
    if actor is None and (found is None or found.private or pushes):
        raise Refused(401, "No anonymous access")
    if found is None or (actor and not actor.sees(found)):
        raise Refused(404, "Repository not found.")
    if actor and not actor.may("contents", "write" if pushes else "read") and (pushes or found.private):
        raise Refused(403, "Write access to repository not granted." if pushes else "Read access not granted.")
    if pushes and (found.archived or (actor and actor.person and not _may_push(found, actor))):
        raise Refused(
            403, "This repository was archived so it is read-only." if found.archived else "Permission denied."
        )
    return found


def _may_push(repository: Repository, actor: Actor) -> bool:
    role = repository.collaborators.get(actor.account.login)
    return repository.owner is actor.account or (
        can_read(repository, actor.account) and role in ("admin", "maintain", "write")
    )


def service_of(path: str) -> str:
    """What is asked of a repository: `info/refs`, `git-upload-pack` or `git-receive-pack`; "" for what is no Git."""
    match = _PATH.fullmatch(path)
    return match["service"] if match else ""


def backend(bare: Path, method: str, service: str, query: str, headers: Mapping[str, str], body: bytes) -> Page:
    """What `git http-backend` answers for a bare repository."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_PROJECT_ROOT": str(bare.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{bare.name}/{service}",
        "REQUEST_METHOD": method,
        "QUERY_STRING": query,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "REMOTE_USER": "somebody",
        "REMOTE_ADDR": "127.0.0.1",
    }
    done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, check=False, env=environment)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if line)
    status = int(fields.pop("Status", "200 OK").split(" ")[0])
    return Page(status, fields, content)
