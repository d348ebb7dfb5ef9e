"""From a method and a path to the function that answers, with what it may ask about the caller."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from tests.github.answers import Answer, Refused, not_found
from tests.github.auth import Actor
from tests.github.records import PullRequest, Repository
from tests.github.shapes.accounts import Addresses

if TYPE_CHECKING:
    from tests.github.world import FakeGitHub

MANY_PARTS = ("ref", "branch", "path")  # parameters whose values may hold a slash


@dataclass(slots=True)
class Call:
    """One request as its route sees it."""

    world: FakeGitHub
    base: str  # of the API, as this caller addressed it
    method: str
    template: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    body: dict[str, Any]
    actor: Actor | None

    @property
    def web(self) -> str:
        """The address of the pages and of Git."""
        return self.world.url

    @property
    def at(self) -> Addresses:
        """For the bodies: this caller's addresses."""
        return Addresses(self.base, self.world.url)

    @property
    def actor_name(self) -> str:
        return self.actor.name if self.actor else "nobody"

    @property
    def someone(self) -> Actor:
        """The caller, who must be known."""
        if self.actor is None:
            raise Refused(401, "Requires authentication")
        return self.actor

    def needs(self, *alternatives: str) -> None:
        """Refuse a token that has none of these permissions ("checks:write")."""
        if self.someone.app:
            raise Refused(403, "Resource not accessible with a JSON web token of an App")
        wanted = [item.split(":") for item in alternatives]
        if not any(self.someone.may(permission, level) for permission, level in wanted):
            kind = "integration" if self.someone.installation else "personal access token"
            raise Refused(
                403,
                f"Resource not accessible by {kind}",
                headers={"x-accepted-github-permissions": "; ".join(item.replace(":", "=") for item in alternatives)},
            )

    def repository(self, *needs: str) -> Repository:
        """The repository of the path: 404 for strangers, 301 where it moved, 403 without the permission."""
        full_name = f"{self.parameters['owner']}/{self.parameters['repo']}"
        state = self.world.state
        found = state.repository(full_name)
        if found is None and (moved := state.moved(full_name)) and self.someone.sees(moved):
            raise self._moved(moved)
        if found is None or not self.someone.sees(found):
            raise not_found()
        if needs:
            self.needs(*needs)
        if self.method != "GET" and found.archived:
            raise Refused(403, "Repository was archived so is read-only.")
        return found

    def _moved(self, repository: Repository) -> Refused:
        rest = self.template.removeprefix("/repos/{owner}/{repo}")
        values = {name: quote(value, safe="/") for name, value in self.parameters.items()}
        address = f"{self.base}/repositories/{repository.id}{rest.format(**values)}"
        address += f"?{urlencode(self.query)}" if self.query else ""
        return Refused(301, "Moved Permanently", headers={"location": address}, fields={"url": address})

    def pull(self, *needs: str, parameter: str = "pull_number") -> PullRequest:
        pull = self.repository(*needs).pulls.get(int(self.parameters[parameter]))
        if pull is None:
            raise not_found()
        return pull

    def commit(self, repository: Repository, revision: str) -> str:
        """The sha of `heads/x`, `tags/x`, a branch or a sha."""
        names = [f"refs/{revision}", f"refs/heads/{revision}"] if not re.fullmatch("[0-9a-f]{40}", revision) else []
        for candidate in (*names, revision):
            if sha := repository.git.sha(candidate):
                return sha
        raise Refused(422, f"No commit found for SHA: {revision}")

    def page(self, items: list[Any], shape: Callable[[Any], Any], key: str = "") -> Answer:
        """One page of a list with its `Link` header; with `key`, inside an object that counts them all."""
        size = max(1, min(int(self.query.get("per_page", 30)), 100))
        number, last = max(1, int(self.query.get("page", 1))), max(1, -(-len(items) // size))
        shown = [shape(item) for item in items[(number - 1) * size : number * size]]
        links = {"prev": number - 1, "first": 1} if number > 1 else {}
        links |= {"next": number + 1, "last": last} if number < last else {}
        header = ", ".join(f'<{self._page_address(page)}>; rel="{name}"' for name, page in links.items())
        document = {"total_count": len(items), key: shown} if key else shown
        return Answer(200, document, {"link": header} if header else {})

    def _page_address(self, number: int) -> str:
        values = {name: quote(value, safe="") for name, value in self.parameters.items()}
        return f"{self.base}{self.template.format(**values)}?{urlencode({**self.query, 'page': str(number)})}"


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    template: str
    handler: Handler
    pattern: re.Pattern[str]


@dataclass(slots=True)
class Routes:
    """The table that the decorators of `tests/github/routes` fill."""

    table: list[Route] = field(default_factory=list)

    def __call__(self, signature: str) -> Callable[[Handler], Handler]:
        method, template = signature.split(" ")

        def register(handler: Handler) -> Handler:
            self.table.append(Route(method, template, handler, _pattern(template)))
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route of a raw (still percent-encoded) path, and the values in it."""
        fitting = [row for row in self.table if row.method == method and row.pattern.fullmatch(path)]
        if not fitting:
            return None
        found = max(fitting, key=lambda row: len(row.template))  # `commits/{ref}/status`, not `commits/{ref}`
        match = found.pattern.fullmatch(path)
        assert match is not None
        return found, {name: unquote(value) for name, value in match.groupdict().items()}


def _pattern(template: str) -> re.Pattern[str]:
    def group(match: re.Match[str]) -> str:
        name = match[1]
        return f"(?P<{name}>{'.+' if name in MANY_PARTS else '[^/]+'})"

    return re.compile(re.sub(r"\\{(\w+)\\}", group, re.escape(template)))


route = Routes()
