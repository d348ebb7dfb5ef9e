"""Facts about `headgate why`."""

from __future__ import annotations

from reconciler.keys import RunKey
from reconciler.records import Wake
from tests.console.typing_in import FAILED, LIVE, SHA, write_log


def test_a_failed_run_gives_cause_advice_and_what_to_type(typed, data):
    write_log(data, "a2", "ValueError: no rows\n")

    shown = typed("why", FAILED)

    assert shown.code == 0
    assert "train ended after 10 s with exit code 1" in shown.out
    assert "(flows/churn.yaml:" in shown.out
    assert "| ValueError: no rows" in shown.out
    assert "headgate logs" in shown.out


def test_an_op_that_waits_names_what_it_waits_for(typed):
    assert "waits for prepare" in typed("why", LIVE, "train").out
    assert {"op": "train", "what": "waits for prepare"} in typed("why", LIVE, "--format", "json").json["waits_for"]


def test_an_op_has_its_history(typed):
    assert [one["reason"] for one in typed("why", FAILED, "train", "--format", "json").json["history"]] == ["AppError"]


def test_a_parked_key_is_told(typed, store):
    store.wake([Wake(RunKey(LIVE))])
    lease = store.lease("test", 60.0)
    while lease is not None and lease.key != RunKey(LIVE):
        lease = store.lease("test", 60.0)
    store.park(lease, "PlanMissing", "The plan is gone.")

    assert typed("why", LIVE, "--format", "json").json["parked"] == [
        {"key": "run", "why": "PlanMissing: The plan is gone."}
    ]


def test_a_commit_explains_what_is_not_green(typed):
    shown = typed("why", SHA[:8])

    assert "Mend it." in shown.out
    assert f"`headgate why {FAILED}` tells more." in shown.out


def test_a_flow_is_told_of(typed):
    assert "applied at 4be91c0" in typed("why", "churn").out


def test_exit_codes(typed, bare):
    assert typed("why").code == 2
    assert typed("why", "nobody").code == 2
    assert typed("why", "churn", "train").code == 2
    assert bare("why", "@last", "--data-dir", "nowhere").code == 3
