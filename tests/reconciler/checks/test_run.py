"""What is said about runs."""

import pytest

from reconciler.checks.model import Conclusion
from reconciler.checks.run import flow_check, op_checks, superseded
from tests.reconciler.checks.samples import CHURN, evidence, op, plan, state

OOM = state(
    "train[3]", "failed", at=(100.0, 823.0), reason="OOMKilled", message="it used 8.0 Gi", attempts=2, attempt="att-9"
)
HALF_DONE = (
    state("prepare", "succeeded"),
    state("train", "failed", sweep={"planned": 4}),
    *(state(f"train[{index}]", "succeeded") for index in range(3)),
    OOM,
    state("evaluate", "upstream_failed", at=(None, None)),
    state("deploy", "upstream_failed", at=(None, None)),
)


def test_a_failed_run_names_the_op_and_the_fact_that_decides():
    check = flow_check(evidence(ops=HALF_DONE))

    assert check.name == "headgate/churn"
    assert (check.status, check.conclusion) == ("completed", Conclusion.FAILURE)
    assert check.title == "Failed: train[3] ran out of memory, 2 ops not run"


def test_the_first_sentence_says_what_where_and_why_and_the_second_what_to_do():
    first, second, *_ = flow_check(evidence(ops=HALF_DONE)).summary.split("\n")

    assert first == (
        r"**train\[3\]** was killed after 12 m 3 s: it used more memory than its limit. It used 8.0 Gi "
        "(attempt 2 of 2). `flows/churn.yaml:41`"
    )
    assert second.startswith("Raise `resources.limits.memory` at line 41 or ")
    assert second.endswith("Then re-run: 4 of 7 ops will be reused.")


def test_only_what_is_not_green_is_listed():
    summary = flow_check(evidence(ops=HALF_DONE)).summary

    assert "| `train[3]` | ✗ failed |" in summary
    assert "| `deploy` | ⊘ not run, upstream failed | was not run: `train[3]` failed. |" in summary
    assert "`prepare`" not in summary
    assert "4 other ops succeeded or skipped." in summary


def test_a_failed_op_is_annotated_on_its_own_line():
    (annotation,) = flow_check(evidence(ops=HALF_DONE)).annotations

    assert (annotation.file, annotation.line, annotation.level) == ("flows/churn.yaml", 41, "failure")
    assert annotation.title == "train[3] ran out of memory"


def test_the_log_of_the_first_failed_op_is_shown_around_its_likely_error():
    log = "\n".join([*(f"step {n}" for n in range(50)), "RuntimeError: no rows", "bye"])
    summary = flow_check(evidence(ops=HALF_DONE, logs={"train[3]": log})).summary

    assert "> RuntimeError: no rows" in summary
    assert "  step 49" in summary
    assert "step 10\n" not in summary


@pytest.mark.parametrize(
    ("logs", "advice"),
    [
        ({"train[3]": "Error: no rows"}, "Read the log lines below, mend the code and push."),
        ({"train[3]": ""}, "It printed nothing: look at what it runs, mend the code and push."),
        ({}, "Read its log, mend the code and push."),
    ],
)
def test_the_advice_leads_to_where_the_log_is(logs, advice):
    ops = (state("train[3]", "failed", reason="AppError(1)"),)

    assert advice in flow_check(evidence(ops=ops, logs=logs)).summary


def test_numbers_stand_beside_those_of_the_last_good_run_if_there_is_one():
    numbers = {"deploy": {"accuracy": 0.9}}
    alone = flow_check(evidence(metrics=numbers)).summary
    beside = flow_check(
        evidence(metrics=numbers, last_good={"deploy": {"accuracy": 0.8}}, last_good_run="c0ffee1234")
    ).summary

    assert "| Op | Number | This run |\n" in alone
    assert "| `deploy` | `accuracy` | 0.9 |" in alone
    assert "| Op | Number | This run | Last good run `c0ffee1` | Change |" in beside
    assert "| `deploy` | `accuracy` | 0.9 | 0.8 | +0.1 (+12.5%) |" in beside


def test_a_hostile_log_cannot_leave_its_block():
    log = "```\n<img src=x onerror=alert(1)>\n@everyone\x1b[31m\x1b]8;;http://evil\x07\u202eError: x"
    summary = flow_check(evidence(ops=HALF_DONE, logs={"train[3]": log})).summary
    block = summary.split("````text\n")[1].split("\n````")[0]

    assert "@everyone" in block
    assert "\x1b" not in summary
    assert "\u202e" not in summary


def test_a_hostile_name_means_nothing_in_markdown():
    hostile = "a`|<b>@team[x](http://evil)"
    ops = (state(hostile, "failed", reason="AppError", message="@here see #12 <script> `x` | y"),)
    check = flow_check(evidence(ops=ops, the_plan=plan(op(hostile))))

    assert "<script>" not in check.summary
    assert "@here" not in check.summary
    assert "#12" not in check.summary
    assert "@team" not in check.summary.replace(f"`{hostile.replace('`', chr(39)).replace('|', chr(92) + '|')}`", "")


def test_time_passing_by_changes_no_word():
    early = evidence("running", (state("prepare", "running"),))
    late = evidence("running", (state("prepare", "running"),))
    object.__setattr__(late, "now", 99_999.0)

    assert flow_check(early) == flow_check(late)


@pytest.mark.parametrize(
    ("status", "ops", "title"),
    [
        ("queued", (), "Queued: 4 ops"),
        ("running", (state("prepare", "running"),), "Running: 0 of 4 ops done, 1 under way"),
        ("running", (state("prepare", "succeeded"),), "Running: 1 of 4 ops done, 0 under way"),
        ("running", (state("prepare", "failed", message="exit code 1"),), "Failing: prepare exited with an error"),
    ],
)
def test_a_live_run_says_how_far_it_is(status, ops, title):
    assert flow_check(evidence(status, ops)).title == title


def test_a_stopped_run_says_by_whom():
    check = flow_check(evidence("stopped", (state("prepare", "succeeded"),), stopped_by="ann"))

    assert check.title == "Stopped by ann: 1 of 4 ops done"
    assert check.conclusion is Conclusion.CANCELLED


def test_a_run_that_succeeded_counts_what_was_reused():
    ops = tuple(state(name, "succeeded", cached_from="old") for name in ("prepare", "train", "evaluate"))
    check = flow_check(evidence("succeeded", (*ops, state("deploy", "succeeded"))))

    assert check.title == "Succeeded: 4 ops in 15 m, 3 reused"
    assert check.conclusion is Conclusion.SUCCESS


def test_a_long_op_name_is_cut_and_the_fact_stays():
    name = "n" * 200
    check = flow_check(evidence(ops=(state(name, "failed", reason="OOMKilled"),), the_plan=plan(op(name))))

    assert len(check.title) <= 60
    assert check.title.endswith("… ran out of memory")


def test_ops_get_checks_of_their_own_while_the_budget_lasts():
    checks = op_checks(evidence(ops=HALF_DONE), budget=20)

    assert [check.name for check in checks] == [
        "headgate/churn/prepare",
        "headgate/churn/train",
        "headgate/churn/evaluate",
        "headgate/churn/deploy",
        *(f"headgate/churn/train[{index}]" for index in range(4)),
    ]
    assert checks[0].conclusion is Conclusion.SUCCESS
    assert checks[2].title == "Was not run"
    assert checks[7].title == "Ran out of memory"


def test_a_sweep_that_does_not_fit_the_budget_has_one_check():
    assert len(op_checks(evidence(ops=HALF_DONE), budget=7)) == 4
    assert len(op_checks(evidence(ops=HALF_DONE), budget=2)) == 2


def test_an_op_that_never_began_gets_a_final_check_when_the_run_is_over():
    checks = op_checks(evidence("stopped", (state("prepare", "stopped"),)), budget=20)

    assert {check.status for check in checks} == {"completed"}
    assert checks[1].conclusion is Conclusion.CANCELLED


def test_thousands_of_failures_fit_a_check():
    many = plan(*(op(f"op-{index}", line=index + 1) for index in range(5_000)))
    ops = tuple(state(f"op-{index}", "failed", message="x" * 1_000) for index in range(5_000))
    check = flow_check(evidence(ops=ops, the_plan=many, url="https://ci.example/runs/1"))

    assert len(check.summary.encode()) < 65_535
    assert len(check.text.encode()) < 65_535
    assert "25 of 5,000 shown, all at https://ci.example/runs/1" in check.summary
    assert len(check.annotations) == 10


def test_a_superseded_commit_says_by_what():
    check = superseded("headgate/churn", "a" * 40, "b" * 40, 5.0)

    assert check.title == "Superseded by bbbbbbb"
    assert check.conclusion is Conclusion.NEUTRAL


def test_the_whole_plan_is_drawn():
    text = flow_check(evidence(ops=HALF_DONE, the_plan=CHURN)).text

    assert "└─ ✗ train  failed  ×4 (3 ✓, 1 ✗)" in text.replace("  ×4 (1 ✗, 3 ✓)", "  ×4 (3 ✓, 1 ✗)")
    assert "```mermaid" in text
