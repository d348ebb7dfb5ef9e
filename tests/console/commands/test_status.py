"""Facts about `headgate status`."""

from __future__ import annotations

import threading

import pytest

from reconciler.keys import FlowKey
from reconciler.records import Changes, Wake
from tests.console.typing_in import FAILED, GOOD, LIVE, SHA


def test_runs_are_listed_newest_first(typed):
    shown = typed("status")

    assert [line.split()[0] for line in shown.out.splitlines()] == [LIVE, FAILED, GOOD]
    assert shown.code == 0


def test_a_run_is_named_by_a_unique_prefix(typed):
    shown = typed("status", "3f2a")

    assert shown.code == 1
    assert "✗ train  failed" in shown.out
    assert f"headgate restart {FAILED[:7]} --failed" in shown.out


def test_the_last_run_is_named_so(typed):
    assert typed("status", "@last", "--format", "json").json["run"] == LIVE


@pytest.mark.parametrize("name", [SHA, SHA[:7], "main"])
def test_a_commit_shows_its_checks(typed, name):
    shown = typed("status", name, "--format", "json")

    assert [(one["name"], one["conclusion"]) for one in shown.json["checks"]] == [
        ("headgate", "failure"),
        ("headgate/churn", "failure"),
    ]
    assert shown.code == 1


def test_a_flow_shows_its_runs(typed):
    assert [one["run"] for one in typed("status", "churn", "--format", "json").json["runs"]] == [LIVE, FAILED, GOOD]


def test_a_good_run_and_a_live_one_are_no_no(typed):
    assert typed("status", GOOD).code == 0
    assert typed("status", LIVE).code == 0


def test_waiting_for_a_run_that_ended_ends_at_once_with_its_code(typed):
    assert typed("status", FAILED, "--wait").code == 1
    assert typed("status", GOOD, "--wait").code == 0


def test_an_unclear_name_lists_the_choices(typed):
    shown = typed("status", "3f2")

    assert shown.code == 2
    assert FAILED in shown.err
    assert LIVE in shown.err


def test_an_unknown_name_gets_a_near_one(typed):
    shown = typed("status", "chrun", "--format", "json")

    assert shown.code == 2
    assert shown.json["error"]["do"] == "Did you mean `churn`?"


def test_an_unknown_repository_is_wrong_use(typed):
    assert typed("status", "--repository", "shpo").code == 2
    assert typed("status", "--repository", "shop").code == 0


def test_without_a_store_it_cannot_be_found_out(bare):
    shown = bare("status", "--format", "json")

    assert (shown.code, shown.json["error"]["code"]) == (3, "no-data")


def test_a_broken_configuration_is_wrong_use_with_its_line(bare, tmp_path):
    (tmp_path / "server.yaml").write_text("slotz: 3\n")

    shown = bare("status", "--config", "server.yaml")

    assert shown.code == 2
    assert "server.yaml:1:1" in shown.err


def test_waiting_for_a_commit_waits_for_flows_that_are_still_to_be_looked_at(typed, store):
    flow = store.flows()[0].id
    store.wake([Wake(FlowKey(flow))])
    leases = list(iter(lambda: store.lease("test", 30), None))
    for lease in leases:
        if lease.key != FlowKey(flow):
            store.commit(lease, Changes())
    looked_at = next(lease for lease in leases if lease.key == FlowKey(flow))
    ended = threading.Timer(0.15, store.commit, [looked_at, Changes()])
    ended.start()

    assert typed("status", SHA, "--wait").code == 1
    assert not ended.is_alive()
