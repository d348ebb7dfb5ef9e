"""Flows that other systems start: proven, judged as a file would be, and once, with allowed values alone."""

import json
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from console.incoming import DeclaredFlows
from reconciler.ports import World
from reconciler.steps.given_params import plan_with
from tests.documents import dag, exits
from tests.world import REPOSITORY, TestWorld
from webhooks.incoming import BODY_LIMIT, Incoming, incoming_routes, signed_text
from webhooks.mailbox import Mailbox
from webhooks.signatures import signature

SECRET = b"open sesame"
ROWS = {"name": "rows", "type": "int", "value": 10, "isOptional": True}
SOURCE = {"name": "source", "type": "str", "value": "here", "isOptional": True}
FLOW = dag({"train": exits(0)}) | {"inputs": [ROWS, SOURCE]}


class Edge(TestWorld):
    """A whole Headgate with a flow, and the route in front of it."""

    def __init__(self, directory, secrets=(SECRET,)):
        super().__init__(directory)
        hooks = [
            Incoming("export", REPOSITORY, "churn", secrets, frozenset({"rows", "source", "lost"})),
            Incoming("bare", REPOSITORY, "churn", secrets),
            Incoming("nobody", REPOSITORY, "away", secrets),
            Incoming("file", REPOSITORY, "flows/churn.yaml", secrets),
        ]
        self.wired = World(self.store, self.source, self.executor, self.checks, self.clock)
        routes = incoming_routes(hooks, DeclaredFlows(self.wired), Mailbox(self.store), self.clock.now)
        self.client = TestClient(Starlette(routes=list(routes)))
        self.connect(churn=FLOW)
        self.settle()

    def send(self, body=None, name="export", key="k-1", secret=SECRET, at=None, **headers):
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        stamp = str(int(self.clock.now() if at is None else at))
        given = {
            "x-headgate-timestamp": stamp,
            "idempotency-key": key,
            "x-headgate-signature": signature(secret, signed_text(name, stamp, key, content)),
        }
        given |= {word.replace("_", "-"): value for word, value in headers.items()}
        given = {word: value for word, value in given.items() if value is not None}
        return self.client.post(f"/webhooks/incoming/{name}", content=content, headers=given)

    def refused(self, *given, **named):
        answer = self.send(*given, **named)
        error = answer.json()["error"]
        assert error["where"].startswith("/webhooks/incoming/")
        assert error["do"]
        assert self.store.deliveries() == []
        return answer.status_code, error["code"], error["message"]


@pytest.fixture
def edge(tmp_path):
    edge = Edge(tmp_path)
    yield edge
    assert edge.faults() == 0
    edge.store.close()


def test_a_flow_is_started_with_the_values_that_were_given(edge):
    answer = edge.send({"params": {"rows": 25}})
    edge.settle()

    assert answer.status_code == 202
    run = edge.run()
    assert answer.json() == {"version": 1, "request": "incoming:export:k-1", "run": run.id, "known": False}
    assert (run.cause, run.state.status) == ("started by incoming/export", "succeeded")
    assert (run.facts.commit, run.facts.branch) == (edge.source.branches["main"], "main")
    assert b'"rows"' in edge.store.plan(run.plan).plan_json
    assert b"25" in edge.store.plan(run.plan).plan_json
    (row,) = edge.store.deliveries()
    assert (row.event, row.repository, row.said) == ("incoming", REPOSITORY, "incoming:export:k-1")


def test_without_a_body_it_is_started_as_it_is_declared(edge):
    edge.send(name="bare")
    edge.settle()

    (run,) = edge.runs()
    assert edge.store.plan(run.plan).hash == plan_with(edge.source, edge.flow("churn"), {}).hash


def test_the_same_key_again_starts_nothing_more_though_it_is_signed_anew(edge):
    first = edge.send({"params": {"rows": 25}}).json()
    edge.settle()
    edge.clock.time += 30
    again = edge.send({"params": {"rows": 25}})
    edge.settle()

    assert (again.status_code, again.json()) == (202, {**first, "known": True})
    assert len(edge.runs()) == 1


def test_a_repetition_is_answered_as_the_first_whatever_has_become_of_the_flow(edge):
    first = edge.send().json()
    edge.ask_flow("pause", "churn")
    edge.settle()

    assert edge.send().json() == {**first, "known": True}
    assert edge.send(key="k-2").json()["error"]["code"] == "Paused"


def test_a_value_for_an_input_that_is_not_there_is_refused_however_mild_the_rule_is_in_files(edge):
    edge.push(**{".headgate.yaml": "severities: {param-undeclared: notice}\n", "churn": FLOW})
    edge.settle()

    assert edge.refused({"params": {"lost": 1}})[1] == "CannotStart"


def test_a_key_that_was_used_for_something_else_is_refused(edge):
    edge.send({"params": {"rows": 25}})
    answer = edge.send({"params": {"rows": 26}})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "KeyUsed")


def test_other_keys_and_other_names_are_wishes_of_their_own(edge):
    for key, name in (("k-1", "export"), ("k-2", "export"), ("k-1", "bare")):
        assert not edge.send(key=key, name=name).json()["known"]
    edge.settle()

    assert len(edge.runs()) == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": b"guessed"},
        {"x_headgate_signature": "sha256=00"},
        {"x_headgate_timestamp": "1700000001"},
        {"idempotency_key": "k-2"},
    ],
)
def test_what_was_not_signed_so_is_not_read(edge, changed):
    status, code, _ = edge.refused(b"{" * 100, **changed)
    assert (status, code) == (401, "WrongSignature")


def test_a_signature_for_one_name_is_none_for_another(edge):
    stamp = str(int(edge.clock.now()))
    stolen = signature(SECRET, signed_text("bare", stamp, "k-1", b""))
    assert edge.refused(x_headgate_signature=stolen)[1] == "WrongSignature"


@pytest.mark.parametrize("apart", [-301, 301, -(10**9)])
def test_a_signature_of_another_time_is_refused(edge, apart):
    status, code, message = edge.refused(at=edge.clock.now() + apart)
    assert (status, code) == (401, "NotOfNow")
    assert ("ago" if apart < 0 else "ahead") in message


@pytest.mark.parametrize("header", ["x_headgate_timestamp", "idempotency_key", "x_headgate_signature"])
def test_a_header_that_is_missing_is_named(edge, header):
    status, code, message = edge.refused(**{header: None})
    assert (status, code) == (400, "HeaderMissing")
    assert header.replace("_", "-") in message


@pytest.mark.parametrize("stamp", ["now", "-5", "1e9", "٣", "1" * 12])
def test_a_time_that_is_no_number_is_refused(edge, stamp):
    assert edge.refused(x_headgate_timestamp=stamp.encode())[:2] == (400, "Malformed")


@pytest.mark.parametrize("key", ["a.b", "k" * 101, "-k", "k k", "é"])
def test_a_key_of_other_characters_is_refused(edge, key):
    assert edge.refused(idempotency_key=key.encode())[:2] == (400, "Malformed")


@pytest.mark.parametrize(
    ("body", "status", "code", "said"),
    [
        (b"{", 400, "Malformed", "no JSON object"),
        (b"[1]", 400, "Malformed", "no JSON object"),
        (b"[" * 50_000, 400, "Malformed", ""),
        ({"parms": {}}, 400, "Malformed", "'parms'"),
        ({"params": [1]}, 400, "Malformed", "no JSON object"),
        ({"params": {"row": 1}}, 400, "ParamNotAllowed", "'row'"),
        ({"params": {"rows": "{{ globals.name }}"}}, 400, "TemplateNotAllowed", "'rows'"),
        ({"params": {"source": {"a": ["{{ x }}"]}}}, 400, "TemplateNotAllowed", "'source'"),
        ({"params": {"rows": "many"}}, 422, "CannotStart", "rows"),
        ({"params": {"lost": 1}}, 422, "CannotStart", "no input `lost`"),
        (b" " * (BODY_LIMIT + 1), 413, "TooLarge", ""),
    ],
)
def test_a_body_that_cannot_be_taken_says_why(edge, body, status, code, said):
    answered, told, message = edge.refused(body)
    assert (answered, told) == (status, code)
    assert said in message


def test_a_param_that_is_nearly_one_is_suggested(edge):
    assert "Did you mean `rows`?" in edge.send({"params": {"row": 1}}).json()["error"]["do"]
    assert "Give no params" in edge.send({"params": {"row": 1}}, name="bare").json()["error"]["do"]


def test_a_name_that_is_not_declared_and_a_flow_that_is_not_there_are_told_apart(edge):
    assert edge.refused(name="other")[:2] == (404, "UnknownName")
    assert edge.refused(name="nobody")[:2] == (409, "NoFlow")


def test_a_flow_may_be_named_by_its_file_and_has_to_where_two_have_its_name(edge):
    edge.push(**{"flows/twin.yaml": {**FLOW, "name": "churn"}})
    edge.settle()

    status, code, message = edge.refused()
    assert (status, code) == (409, "FlowUnclear")
    assert "churn in flows/churn.yaml and churn in flows/twin.yaml" in message
    assert edge.send(name="file").status_code == 202


def test_a_flow_that_is_gone_is_not_started(edge):
    edge.push(churn=None)
    edge.settle()
    edge.approve_head()
    edge.settle()

    assert edge.send().json()["error"]["code"] == "NoFlow"


def test_values_that_fit_no_more_when_it_is_looked_at_start_nothing_and_say_so(edge):
    edge.ask_flow("run", "churn", params={"rows": "many"})
    edge.settle()

    assert edge.runs() == []
    assert edge.answer(f"request-{edge.requests}").startswith("It was not started: ")


def test_two_secrets_may_be_active_while_one_replaces_the_other(tmp_path):
    edge = Edge(tmp_path, (b"new", b"old"))

    assert edge.send(secret=b"old").status_code == 202
    assert edge.send(secret=b"new", key="k-2").status_code == 202
    edge.store.close()


@pytest.mark.parametrize("secrets", [(), (b"",), (b"good", b"")])
def test_without_a_secret_there_is_no_address(tmp_path, secrets):
    with pytest.raises(ValueError, match="Without a secret"):
        Edge(tmp_path, secrets)


def test_where_nothing_runs_flows_it_says_so(edge):
    judged = DeclaredFlows(replace(edge.wired, executor=None))
    assert "nothing is configured to run flows" in judged.fault(edge.flow("churn"), {})
