"""What people see who have signed in, and who have not: every route there is, tried."""

import re
from copy import copy
from dataclasses import replace
from functools import partial

import pytest
from starlette.testclient import TestClient

from console.pages.application import application
from console.pages.doors import Doors
from console.pages.security import POLICY
from console.pages.sessions import AGAIN, FRESH, LASTS, Sessions
from console.pages.sign_in import FREE, SignIn
from reconciler.adapters.github_http import Secret
from reconciler.adapters.github_people import Person
from reconciler.adapters.github_reasons import AWAY, SIGN_IN
from reconciler.adapters.sql_store import open_store
from reconciler.errors import Stalled
from reconciler.keys import FlowKey, RunKey
from reconciler.records import Changes, RepositoryRow
from tests.console.pages.world import SHA, PagesWorld
from tests.reconciler.checks.samples import CHURN, state
from webhooks.asgi import PlainTextResponse, Route

PUBLIC = "https://headgate.example.org"
MACHINES = ("/webhooks/", "/healthz")
RUN, FLOW, REPOSITORY, NUMBER = "3f2a9c1d77", "flow-1", "acme/models", 7
CANARY = "SesameInTheLog"
VALUES = {"run": RUN, "flow": FLOW, "repository": REPOSITORY, "sha": SHA, "op": "train", "name": "page.css"}
TELLING = (CANARY, REPOSITORY, CHURN.flow, "merge:1")


class Clock:
    time = 2_000.0

    def now(self):
        return self.time

    def monotonic(self):
        return self.time


class GitHubPeople:
    """GitHub as it answers for one person."""

    def __init__(self):
        self.sees = frozenset()
        self.error = None
        self.asked = 0
        self.client_secret = "sesame"

    def repositories(self, token):
        self.asked += 1
        if self.error is not None:
            raise self.error
        return frozenset(self.sees)

    def secret(self):
        return self.client_secret


class PublicWorld(PagesWorld):
    """Pages of repositories on GitHub, behind a proxy that says for whom it asks."""

    def __init__(self, folder):
        super().__init__(folder, f"github:{NUMBER}:{REPOSITORY}")
        self.path, self.stores = folder / "store.db", []
        self.clock = Clock()
        self.people = GitHubPeople()
        self.sessions = Sessions(self.people, self.store, self.clock)
        self.sign_in = SignIn(self.sessions, PUBLIC)
        self.logs.logs["attempt-of-train"] = f"{CANARY}\n".encode()
        self.add_run(CHURN, ops=(state("train", "failed"),))

        async def machine(request):
            return PlainTextResponse("for machines")

        def door(inner):
            self.routes = inner.routes
            return Doors(inner, MACHINES, self.sign_in)

        hooks = [Route("/webhooks/github", machine, methods=["POST"])]
        routes = [Route("/healthz", machine), *self.sign_in.routes()]
        self.application = application(
            self.store, self.logs, self.clock, self.store.ask, routes, hooks, door=door, may_act=self.may_act
        )
        self.browser = self.another_browser()

    def may_act(self, repository, person):
        return self.commands and (repository.name, person) == (REPOSITORY, "ann")

    def another_browser(self):
        return TestClient(self.application, PUBLIC, client=("127.0.0.1", 4711), follow_redirects=False)

    def another_replica(self):
        """A service of its own on the same database, and this browser, which is led there by the same address."""
        store = open_store(self.path, self.clock)
        sign_in = SignIn(Sessions(self.people, store, self.clock), PUBLIC)
        door = partial(Doors, machines=MACHINES, sign_in=sign_in)
        pages = application(store, self.logs, self.clock, store.ask, sign_in.routes(), door=door, may_act=self.may_act)
        browser = TestClient(pages, PUBLIC, client=("127.0.0.1", 4711), follow_redirects=False)
        browser.cookies = self.browser.cookies
        self.stores.append(store)
        return browser

    def signed_in(self, sees, lasts=None):
        """As a person with these repositories, True = who may command there."""
        self.people.sees, self.commands = frozenset(sees), any(sees.values())
        name = self.sessions.begin(Person("ann", Secret("ghu_canary"), lasts))
        self.browser.cookies.set("__Host-headgate_session", name, domain="headgate.example.org", path="/")
        return name

    def post(self, address, **fields):
        page = self.browser.get("/").text
        token = re.search(r'name="token" value="([^"]+)"', page)
        given = {"token": token[1] if token else "", "nonce": "a" * 20, **fields}
        return self.browser.post(address, data=given, headers={"origin": PUBLIC})

    def asked(self):
        return [*self.store.requests(RunKey(RUN)), *self.store.requests(FlowKey(FLOW))]


@pytest.fixture
def world(tmp_path):
    made = PublicWorld(tmp_path)
    yield made
    for store in (made.store, *made.stores):
        store.close()


def addresses(world, values):
    """Every route with every method."""
    for route in world.routes:
        path = re.sub(r"{(\w+)(?::path)?}", lambda found: values[found[1]], route.path)
        yield from ((method, path) for method in sorted(route.methods - {"HEAD"}))


def is_free(path):
    return path in FREE or path.startswith(("/static/", *MACHINES))


def test_an_answer_to_a_webhook_has_the_headers_of_every_answer(world):
    answer = world.browser.post("/webhooks/github")

    assert answer.text == "for machines"
    assert (answer.headers["content-security-policy"], answer.headers["cache-control"]) == (POLICY, "no-store")


def test_whoever_has_not_signed_in_is_asked_to_on_every_page_there_is(world):
    tried = [one for one in addresses(world, VALUES) if not is_free(one[1])]
    assert len(tried) > 12

    for method, path in tried:
        answer = world.browser.request(method, path)
        assert answer.status_code == 401, path
        assert answer.headers["content-security-policy"] == POLICY
        assert not any(word in answer.text for word in (CANARY, CHURN.flow, "merge:1"))
    page = world.browser.get(f"/runs/{RUN}?view=table&op=train")
    assert f'href="/sign-in?to=%2Fruns%2F{RUN}%3Fview%3Dtable%26op%3Dtrain"' in page.text
    assert world.browser.get("/api/v1/runs").json()["error"]["code"] == "Sign in"


def test_a_stranger_cannot_tell_what_is_hidden_from_what_is_not_there(world):
    world.signed_in(sees={8: True})
    absent = {"run": "f" * 10, "flow": "flow-9", "repository": "acme/nothing", "sha": "d" * 40, "op": "x", "name": "x"}
    pairs = zip(addresses(world, VALUES), addresses(world, absent), strict=True)
    tried = [(one, other) for one, other in pairs if not is_free(one[1]) and one[1] != "/sign-out"]

    for (method, path), (_, nothing) in tried:
        answers = [world.browser.request(method, address) for address in (path, nothing)]
        if method == "POST":
            answers = [world.post(address, verb="stop") for address in (path, nothing)]
        told = [_without(answer.text, values) for answer, values in zip(answers, (VALUES, absent), strict=True)]
        assert told[0] == told[1], path
        assert answers[0].status_code == (200 if path in ("/", "/api/v1/runs") else 404)
        assert not any(word in answers[0].text for word in (CANARY, CHURN.flow, "merge:1"))
    assert world.asked() == []
    assert world.browser.get(f"/api/v1/runs?sha={SHA}&repository={REPOSITORY}&flow={FLOW}").json()["runs"] == []


def _without(text, values):
    for name in ("run", "flow", "repository", "sha"):
        text = text.replace(values[name], "…")
    return re.sub(r'name="(token|nonce)" value="[^"]*"', "", text)


def test_a_person_sees_all_of_the_repositories_they_were_let_into_and_nothing_of_others(world):
    world.store.add_repository(RepositoryRow("here", "/srv/here", "main", SHA))
    world.store.add_repository(RepositoryRow("acme/other", "github:8:acme/other", "main", SHA))
    world.signed_in(sees={NUMBER: False})

    for method, path in addresses(world, VALUES):
        if method == "GET" and not is_free(path):
            assert world.browser.get(path).status_code == 200, path
    home = world.browser.get("/").text
    assert REPOSITORY in home
    assert "ann" in home
    assert RUN in home
    assert "acme/other" not in home
    assert ">here<" not in home
    assert world.browser.get("/repositories/here").status_code == 404
    assert CANARY in world.browser.get(f"/runs/{RUN}/logs/train").text


def test_whoever_may_only_read_presses_no_button(world):
    world.signed_in(sees={NUMBER: False})

    answers = [world.post(f"/runs/{RUN}", verb="restart"), world.post(f"/flows/{FLOW}", verb="pause")]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert "says who may" in answers[0].text
    assert world.asked() == []


def test_whoever_may_command_presses_buttons_in_their_own_name(world):
    world.signed_in(sees={NUMBER: True})

    assert world.post(f"/runs/{RUN}", verb="restart").status_code == 303
    assert [(row.verb, row.by) for row in world.asked()] == [("restart", "ann on the page")]


def test_forms_belong_to_the_session_and_to_these_pages(world):
    world.signed_in(sees={NUMBER: True})
    token = re.search(r'name="token" value="([^"]+)"', world.browser.get(f"/flows/{FLOW}").text)[1]
    fields = {"verb": "pause", "nonce": "a" * 20, "token": token}

    world.signed_in(sees={NUMBER: True})
    old = world.browser.post(f"/flows/{FLOW}", data=fields)
    foreign = world.browser.post(f"/flows/{FLOW}", data=fields, headers={"origin": "https://evil.example"})
    out = world.browser.post("/sign-out", data={"token": token})

    assert [one.status_code for one in (old, foreign, out)] == [403, 403, 403]
    assert world.asked() == []
    assert world.browser.get(f"/flows/{FLOW}").status_code == 200


def test_what_is_taken_away_from_a_person_is_gone_within_minutes(world):
    world.signed_in(sees={NUMBER: True})
    assert world.browser.get(f"/runs/{RUN}").status_code == 200

    world.people.sees = frozenset()
    world.clock.time += FRESH + 1

    assert world.browser.get(f"/runs/{RUN}").status_code == 404
    assert world.people.asked == 2


def test_while_github_does_not_tell_what_a_person_sees_nothing_is_shown_and_it_is_not_asked_each_time(world):
    world.signed_in(sees={NUMBER: True})
    world.people.error = Stalled(AWAY, "GitHub cannot be reached.")

    answers = [world.browser.get(f"/runs/{RUN}") for _ in range(5)]
    assert {answer.status_code for answer in answers} == {503}
    assert "GitHub cannot be reached." in answers[0].text
    assert world.people.asked == 1

    world.people.error = None
    world.clock.time += AGAIN + 1
    assert world.browser.get(f"/runs/{RUN}").status_code == 200


@pytest.mark.parametrize(("lasts", "seconds"), [(None, LASTS), (600.0, 600.0)])
def test_a_session_ends_with_the_working_day_or_with_its_token(world, lasts, seconds):
    world.signed_in({NUMBER: True}, lasts)
    world.clock.time += seconds - 1
    assert world.browser.get("/").status_code == 200

    world.clock.time += 2
    assert world.browser.get("/").status_code == 401


def test_a_token_that_was_revoked_ends_the_session(world):
    world.signed_in(sees={NUMBER: True})
    world.people.error = Stalled(SIGN_IN, "no more")

    assert world.browser.get("/").status_code == 401
    world.people.error = None
    assert world.browser.get("/").status_code == 401


def test_a_person_is_signed_in_at_every_replica_and_presses_buttons_of_one_at_another(world):
    world.signed_in(sees={NUMBER: True})
    other = world.another_replica()
    token = re.search(r'name="token" value="([^"]+)"', world.browser.get(f"/flows/{FLOW}").text)[1]

    assert CANARY in other.get(f"/runs/{RUN}/logs/train").text
    fields = {"verb": "pause", "nonce": "a" * 20, "token": token}
    assert other.post(f"/flows/{FLOW}", data=fields, headers={"origin": PUBLIC}).status_code == 303
    assert [(row.verb, row.by) for row in world.asked()] == [("pause", "ann on the page")]


def test_who_signs_out_at_one_replica_is_out_at_all(world):
    name = world.signed_in(sees={NUMBER: True})
    other = world.another_replica()
    assert other.get("/").status_code == world.browser.get("/").status_code == 200
    token = re.search(r'name="token" value="([^"]+)"', other.get("/").text)[1]

    assert other.post("/sign-out", data={"token": token}, headers={"origin": PUBLIC}).status_code == 303
    for browser in (world.browser, other, world.another_replica()):
        browser.cookies.set("__Host-headgate_session", name, domain="headgate.example.org", path="/")
        assert browser.get("/").status_code == 401


def test_a_session_is_over_at_every_replica_when_its_time_is(world):
    world.signed_in({NUMBER: True}, lasts=600.0)
    world.clock.time += 601

    assert world.another_replica().get("/").status_code == 401


def test_a_replica_with_another_client_secret_lets_nobody_in_and_ends_nothing(world):
    world.signed_in(sees={NUMBER: True})
    world.people.client_secret = "another"
    assert world.another_replica().get("/").status_code == 401

    world.people.client_secret = "sesame"
    assert world.another_replica().get("/").status_code == 200


def test_nobody_can_be_signed_in_by_what_the_database_tells(world):
    name = world.signed_in(sees={NUMBER: True})
    world.browser.get("/")
    kept = b"".join(file.read_bytes() for file in world.path.parent.iterdir() if file.is_file())

    for secret in ("ghu_canary", name):
        assert secret.encode() not in kept


def test_who_signs_out_is_out_whatever_the_browser_keeps(world):
    name = world.signed_in(sees={NUMBER: True})
    answer = world.post("/sign-out")
    world.browser.cookies.set("__Host-headgate_session", name, domain="headgate.example.org", path="/")

    assert (answer.status_code, answer.headers["location"]) == (303, "/signed-out")
    assert world.browser.get("/").status_code == 401


@pytest.mark.parametrize("name", ["", "x", "é", "a" * 43, "\x00"])
def test_a_name_that_nobody_was_given_is_nobodys(world, name):
    assert world.browser.get("/", headers={"cookie": f"__Host-headgate_session={name}".encode()}).status_code == 401


def test_machines_and_whoever_sits_at_this_machine_need_no_sign_in(world):
    here = TestClient(world.application, "http://127.0.0.1:8470", client=("127.0.0.1", 4711))

    assert here.get(f"/runs/{RUN}").status_code == 200
    assert world.browser.post("/webhooks/github").text == "for machines"
    assert world.browser.get("/healthz").text == "for machines"


def test_where_nobody_was_asked_nothing_is_seen(tmp_path):
    """A door that forgets to say who comes in shows an empty house."""
    made = PagesWorld(tmp_path)
    shut = partial(application, made.store, made.logs, made.clock, made.store.ask)
    browser = TestClient(shut(door=lambda inner: inner))
    made.add_run(CHURN, ops=(state("train", "failed"),))

    assert browser.get(f"/runs/{RUN}").status_code == 404
    assert REPOSITORY not in browser.get("/").text
    made.store.close()


OURS = ["/", "/runs/1?view=table&op=train%5B1%5D", "/repositories/acme%2Fmodels", "/runs/1/logs/x?search=%22"]
OTHERS = [
    *("https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "/%2F/", "javascript:alert(1)"),
    *("/\t/evil.example", "/\n//evil.example", "evil.example", "", "/" + "a" * 5000, "/é", " //evil.example"),
]


@pytest.mark.parametrize("to", OURS + OTHERS)
def test_nobody_is_led_anywhere_else_after_signing_in(world, to):
    seen = {}
    world.people.address = lambda state, verifier, back: seen.update(state=state, back=back) or "https://github.com/x"
    world.people.signed_in = lambda code, verifier, back: Person("ann", Secret("t"), None)

    begun = world.browser.get("/sign-in", params={"to": to})
    back = world.browser.get("/signed-in", params={"state": seen["state"], "code": "abc"})

    assert (begun.status_code, begun.headers["location"]) == (303, "https://github.com/x")
    assert seen["back"] == f"{PUBLIC}/signed-in"
    assert back.status_code == 303
    assert back.headers["location"] == (to if to in OURS or to == "/%2F/" else "/")


def test_cookies_are_for_https_alone_and_for_no_script(world):
    world.people.address = lambda state, verifier, back: "https://github.com/x"

    cookie = world.browser.get("/sign-in").headers["set-cookie"]

    assert cookie.startswith("__Host-headgate_begun=")
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=600"):
        assert part in cookie


def test_lists_are_full_however_much_is_hidden(world):
    """Of the newest runs of all repositories, a hundred times as many are of one that is hidden."""
    world.store.add_repository(RepositoryRow("acme/loud", "github:8:acme/loud", "main", SHA))
    own = world.store.run(RUN)
    loud = []
    for number in range(600):
        made = copy(own.state)
        made.id, made.created_at = f"loud-{number:04}", 5_000.0 + number
        loud.append(replace(own, state=made, repository="acme/loud"))
    world.write(Changes(new_runs=tuple(loud)))
    world.signed_in(sees={NUMBER: False})

    assert [run["id"] for run in world.browser.get("/api/v1/runs").json()["runs"]] == [RUN]
    assert [run["id"] for run in world.browser.get(f"/api/v1/runs?sha={SHA}").json()["runs"]] == [RUN]
    assert world.browser.get("/runs/loud").status_code == 404
    assert world.browser.get("/runs/3f2a").status_code == 200
    world.signed_in(sees={NUMBER: False, 8: False})
    assert len(world.browser.get("/api/v1/runs").json()["runs"]) == 100
