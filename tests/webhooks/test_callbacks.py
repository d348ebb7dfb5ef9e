"""Ops report in: only their own attempt, only while it lives, never too much."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from reconciler.engine.model import AttemptSpec
from reconciler.records import AttemptRow, MetricRow
from webhooks.callbacks import BODY_LIMIT, callback_routes
from webhooks.tokens import Tokens


class Edge:
    """The routes, with attempts and what was stored in memory: stands for the store and the executor."""

    def __init__(self, data_dir: Path) -> None:
        self.tokens = Tokens(data_dir)
        self.rows: dict[str, AttemptRow] = {}
        self.outputs: dict[str, Any] = {}
        self.metrics: list[MetricRow] = []
        self.client = TestClient(Starlette(routes=list(callback_routes(self.tokens, self, self, self.now))))
        spec = AttemptSpec("a-1", "run-1", "train", 1, "job", "churn", "ml", "c0ffee", {})
        for attempt, phase in (("a-1", "started"), ("a-2", "started"), ("a-3", "ended")):
            self.rows[attempt] = AttemptRow(attempt, "run-1", "train", spec.having(attempt=attempt), phase=phase)

    def now(self) -> float:
        return 1000.0

    def attempt(self, attempt: str) -> AttemptRow | None:
        return self.rows.get(attempt)

    def observe(self, observations: Sequence[MetricRow]) -> None:
        self.metrics += observations

    def add_outputs(self, attempt: str, outputs: Mapping[str, Any]) -> None:
        if "bad" in outputs:
            raise ValueError("These outputs cannot be taken.")
        self.outputs.setdefault(attempt, {}).update(outputs)

    def post(self, attempt: str, what: str, body: Any, token: str | None = None) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = self.tokens.token(attempt) if token is None else token
        headers = {"authorization": f"Bearer {given}"}
        return self.client.post(f"/v1/attempts/{attempt}/{what}", content=content, headers=headers)


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    return Edge(tmp_path)


def test_outputs_add_up(edge):
    assert edge.post("a-1", "outputs", {"loss": 0.5}).json() == {"version": 1, "stored": 1}
    edge.post("a-1", "outputs", {"name": "x", "loss": 0.25})

    assert edge.outputs == {"a-1": {"loss": 0.25, "name": "x"}}


def test_metrics_are_an_object_or_a_list_with_steps(edge):
    assert edge.post("a-1", "metrics", {"loss": 1}).status_code == 200
    assert edge.post("a-1", "metrics", [{"name": "loss", "value": 0.5, "step": 7}]).status_code == 200

    assert edge.metrics == [MetricRow("a-1", "loss", 1.0, 1000.0), MetricRow("a-1", "loss", 0.5, 1000.0, 7)]


@pytest.mark.parametrize("token", ["", "x", "ü", "0" * 64])
def test_a_wrong_token_is_refused(edge, token):
    answer = edge.client.post(
        "/v1/attempts/a-1/outputs", content=b"{}", headers={"authorization": f"Bearer {token}".encode()}
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "WrongToken")
    assert edge.outputs == {}


def test_the_token_of_another_attempt_is_refused(edge):
    assert edge.post("a-1", "outputs", {}, token=edge.tokens.token("a-2")).status_code == 401


def test_no_token_is_refused(edge):
    assert edge.client.post("/v1/attempts/a-1/metrics", json={"loss": 1}).status_code == 401


def test_an_attempt_that_has_ended_takes_no_more(edge):
    answer = edge.post("a-3", "outputs", {"loss": 1})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "Ended")


def test_an_unknown_attempt_is_not_found(edge):
    assert edge.post("a-9", "metrics", {"loss": 1}).json()["error"]["code"] == "UnknownAttempt"


def test_a_large_body_is_refused_by_its_length(edge):
    assert edge.post("a-1", "outputs", b'{"a": "' + b"x" * BODY_LIMIT + b'"}').status_code == 413


def test_a_large_body_without_a_length_is_refused_while_it_is_read(edge):
    sent = []

    def parts():
        for number in range(1000):
            sent.append(number)
            yield b" " * 65536

    headers = {"authorization": f"Bearer {edge.tokens.token('a-1')}"}
    answer = edge.client.post("/v1/attempts/a-1/outputs", content=parts(), headers=headers)

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("outputs", b"{"),
        ("outputs", b"[]"),
        ("outputs", b"\xff"),
        ("outputs", b'{"a":' + b"[" * 100_000),
        ("outputs", {"bad": 1}),
        ("metrics", b"3"),
        ("metrics", {"loss": "high"}),
        ("metrics", {"loss": True}),
        ("metrics", b'{"loss": NaN}'),
        ("metrics", b'{"loss": 1e999}'),
        ("metrics", b'{"loss": ' + b"9" * 400 + b"}"),
        ("metrics", {"": 1}),
        ("metrics", {"x" * 201: 1}),
        ("metrics", [{"value": 1}]),
        ("metrics", [{"name": "a", "value": 1, "step": 1.5}]),
        ("metrics", [{"name": "a", "value": 1, "step": 1 << 70}]),
        ("metrics", {str(number): 1 for number in range(1001)}),
    ],
)
def test_what_cannot_be_taken_is_answered_with_a_sentence(edge, what, body):
    answer = edge.post("a-1", what, body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "Malformed")
    assert answer.json()["error"]["message"]
    assert (edge.outputs, edge.metrics) == ({}, [])


def test_only_posts_are_taken(edge):
    assert edge.client.get("/v1/attempts/a-1/outputs").status_code == 405


def test_the_secret_outlives_a_restart_and_is_for_the_owner_alone(tmp_path):
    first, second = Tokens(tmp_path), Tokens(tmp_path)

    assert first.token("a-1") == second.token("a-1") != first.token("a-2")
    assert stat.S_IMODE((tmp_path / "callback.secret").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["callback.secret"]


def test_another_data_directory_has_other_tokens(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()

    assert Tokens(tmp_path / "one").token("a-1") != Tokens(tmp_path / "two").token("a-1")


def test_a_secret_that_was_cut_short_is_not_used(tmp_path):
    (tmp_path / "callback.secret").write_bytes(b"short")

    with pytest.raises(OSError, match="is no secret"):
        Tokens(tmp_path)
