"""The address at which the service of a scenario takes webhooks, over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.store import Inbox
from tests.scenarios.github.world import GitHubWorld
from webhooks.asgi import Starlette
from webhooks.github import GitHubHook, github_routes
from webhooks.github_events import HOOK
from webhooks.mailbox import Mailbox
from webhooks.server import Server, listen


@contextmanager
def listening(world: GitHubWorld, inbox: Inbox) -> Iterator[str]:
    """Webhooks signed with `sesame` are taken there."""
    listener = listen("127.0.0.1", 0)
    hook = GitHubHook([b"sesame"], world.names.named, world.app.id)
    server = Server(Starlette(routes=list(github_routes(hook, Mailbox(inbox), world.clock.now))), listener)
    server.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}{HOOK}"
    finally:
        server.stop()
