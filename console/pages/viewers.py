"""Who looks at a page, and which repositories they see. What a page shows of them is not decided here."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.adapters.github_names import github_repository, is_github
from webhooks.asgi import Request, Scope

_KEY = "headgate.viewer"


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person, by the name at GitHub, or ("") whoever sits at this machine.

    `seen`: numbers of the repositories of GitHub that are shown; None = everything, what is on this machine too.
    `form_token` is what the person's forms carry; "" = that of a cookie.
    """

    name: str = ""
    seen: frozenset[int] | None = None
    form_token: str = ""

    @property
    def sees_all(self) -> bool:
        """Whether nothing is hidden."""
        return self.seen is None

    def sees(self, source: str) -> bool:
        """Whether the repository of a source exists for this viewer."""
        return self.seen is None or (is_github(source) and github_repository(source).id in self.seen)


HERE = Viewer()
NOBODY = Viewer(seen=frozenset())


def viewer_of(request: Request) -> Viewer:
    """Who was let in. Nobody, where nobody was asked."""
    found = request.scope.get(_KEY, NOBODY)
    assert isinstance(found, Viewer)
    return found


def let_in(scope: Scope, viewer: Viewer) -> None:
    """From here on the request is this viewer's."""
    scope[_KEY] = viewer
