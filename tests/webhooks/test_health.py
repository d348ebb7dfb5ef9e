"""What machines ask of a service: alive, ready, and how much of what it has done."""

from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from reconciler.errors import Waiting
from webhooks.health import health_routes


def client(counts=None, ready=lambda: None):
    return TestClient(Starlette(routes=list(health_routes(lambda: counts or {}, ready))))


def away():
    raise Waiting("StoreUnavailable", "The database cannot be used now.", timedelta(seconds=2))


def test_a_service_that_answers_is_alive_though_its_database_is_away():
    assert client(ready=away).get("/healthz").status_code == 200


def test_a_service_whose_database_is_away_is_not_ready_and_says_why():
    answer = client(ready=away).get("/readyz")

    assert answer.status_code == 503
    assert answer.text == "The database cannot be used now.\n"
    assert client().get("/readyz").text == "ok\n"


def test_counts_of_the_loop_are_metrics():
    text = client({("step", "run"): 12, ("waiting", "GitHubLimit"): 3}).get("/metrics").text

    assert 'headgate_steps_total{kind="run"} 12.0' in text
    assert 'headgate_waits_total{reason="GitHubLimit"} 3.0' in text
    assert "# TYPE headgate_faults_total counter" in text or "# TYPE headgate_faults counter" in text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_nothing_is_changed_by_asking(path):
    assert client().post(path).status_code == 405
